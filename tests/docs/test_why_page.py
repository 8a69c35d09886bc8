"""The page on explanations, walked from its first command to its last."""

from __future__ import annotations

from pathlib import Path

from docs.test_tutorial import FENCED, Shell, difference, exchanges, shows
from integration.test_cli import ROOT

PAGE = (ROOT / "docs" / "why.md").read_text(encoding="utf-8")


def test_the_page_says_what_happens(tmp_path: Path) -> None:
    shell, wrong, shown_at_all = Shell(tmp_path), [], 0
    for kind, block in FENCED.findall(PAGE):
        assert kind == "console", f"the page has a block of `{kind}` that nothing tests"
        for command, shown in exchanges(block):
            printed = shell.type(command)
            shown_at_all += bool(shown)
            if not shows(shown, printed):
                wrong.append(difference(command, shown, printed))
            assert shell.code == ("NOT THE SAME RUN" in shown), printed
    assert not wrong, "\n\n".join(wrong)
    assert shown_at_all == 7
