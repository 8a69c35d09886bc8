"""The page on language models, from its first file to its last command, against a model that is
as the page says: it looks at the change over the window, and at nothing else.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.test_tutorial import FENCED, Shell, difference, exchanges, shows
from integration.test_cli import ROOT
from llm.endpoint import Call, StandIn, completion, http

PAGE = (ROOT / "docs" / "llm.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8123/v1"
ANALYSIS = {
    "trend": "up", "support": 150, "resistance": 320, "risk": "medium", "recommendation": "buy",
    "confidence": 65, "summary": "Prices rise steadily above their average.",
}  # fmt: skip


async def looks_at_the_change(call: Call) -> None:
    document = call.document
    fields = document["response_format"]["json_schema"]["schema"]["properties"]
    answer = ANALYSIS
    if "trend" not in fields:
        change = float(document["messages"][-1]["content"].split("%")[0].split()[-1])
        answer = {
            "action": "buy" if change > 0 else "sell",
            "confidence": min(100, 50 + round(10 * abs(change))),
            "risk": "low",
            "reason": f"the change is {change:+} %",
        }
    call.writer.write(http(completion(answer, usage=(90, 20))))


def write(shell: Shell, block: str, url: str) -> None:
    """Write a file of the page: its first line names it, in a comment."""
    comment, _, text = block.partition("\n")
    file = shell.folder / comment.strip("{}# ")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace(ADDRESS, url), encoding="utf-8")


def test_the_page_says_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "OPENAI_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    shell, wrong = Shell(tmp_path), []
    with StandIn(looks_at_the_change) as server:
        for kind, block in FENCED.findall(PAGE):
            if kind in ("yaml", "jinja"):
                write(shell, block, server.url)
                continue
            assert kind == "console", f"the page has a block of `{kind}` that nothing tests"
            for command, shown in exchanges(block):
                printed = shell.type(command)
                if not shows(shown, printed):
                    wrong.append(difference(command, shown, printed))
                assert shell.code == 0, printed
    assert not wrong, "\n\n".join(wrong)
    assert PAGE.count(ADDRESS) == 1
