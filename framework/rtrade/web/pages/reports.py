"""The report of a run as its folder has it, taken apart to be shown in the viewer's frame.

A report that this version wrote is shown whole, with this version's scripts: those in the file do
not count. Folders of runs are passed around, so what is taken from one is checked: it may hold what
reports hold, and nothing that acts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from rtrade.core.errors import WorldError
from rtrade.report.assets import LLM_SCRIPTS, LLM_STYLES, load_assets

_SECTION = re.compile(r'<a href="#([a-z-]+)">([^<>]*)</a>')
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_NAME = r"[a-zA-Z][\w:.-]*"
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s"'<>=`]+)"""
_ATTRIBUTE = re.compile(rf"\s+({_NAME})(?:\s*=\s*({_VALUE}))?")
_MARKUP = re.compile(rf"<(?:/{_NAME}\s*|({_NAME})((?:\s+{_NAME}(?:\s*=\s*{_VALUE})?)*)\s*/?)>|<")
_KNOWN = """
a abbr b bdi br button caption circle code data dd details div dl dt em figcaption figure g h1 h2 h3
h4 hr i kbd label li line nav ol option output p path polygon polyline pre rect section select small
span strong sub summary sup svg table tbody td text tfoot th thead time tr u ul
"""
_ELEMENTS = frozenset(_KNOWN.split())
_ACTING = re.compile(r"(on.*|hx-.*|data-hx-.*|form.*|style|srcdoc|action|target|popover.*|nonce)")
_LINK = re.compile(r"#[\w:.-]*|trades\.csv|result\.json|decisions\.jsonl|https://[\w./#-]+")


@dataclass(frozen=True)
class WrittenReport:
    """The parts of a report. `current` says that this version of rtrade wrote it."""

    sections: tuple[tuple[str, str], ...]
    main: Markup
    island: Markup
    model: bool
    current: bool


@lru_cache(maxsize=8)
def read_report(file: Path, stamp: int) -> WrittenReport:
    """Return the parts of a report.html; `stamp` is the file's, so that another one is read anew.

    Raises WorldError where the file is no report, or holds what no report does.
    """
    del stamp
    try:
        page = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WorldError(f"cannot read the report of run {file.parent.name}: {error}") from error
    head, main, rest = _parts(page, file.parent.name)
    if (found := next(_foreign(main), None)) is not None:
        raise WorldError(
            f"the report of run {file.parent.name} holds {found}, which no report does",
            hint="it was not written by rtrade, or changed since; write it anew",
        )
    island = _between(rest, '<script type="application/json" id="run">', "</script>") or ""
    # Where the script reads it, `<` does not stand in it.
    model = '"decisions":' in island
    return WrittenReport(
        sections=tuple((at, html.unescape(title)) for at, title in _SECTION.findall(head)),
        main=Markup(main),  # noqa: S704  # checked above, and no script in it would run
        island=Markup(island.replace("<", "\\u003c")),  # noqa: S704  # JSON without `<`
        model=model,
        current=_policy(head) == _current(model=model),
    )


def _parts(page: str, run_id: str) -> tuple[str, str, str]:
    head, begun, rest = page.partition("<main>")
    main, ended, rest = rest.partition("</main>")
    if not begun or not ended:
        raise WorldError(f"the report of run {run_id} is not what a run writes",
                         hint="write it anew")  # fmt: skip
    return head, main, rest


def _between(text: str, start: str, stop: str) -> str | None:
    _, begun, rest = text.partition(start)
    inner, ended, _ = rest.partition(stop)
    return inner if begun and ended else None


def _policy(head: str) -> str:
    found = _POLICY.search(head)
    return html.unescape(found[1]) if found else ""


def _current(*, model: bool) -> str:
    assets = load_assets(LLM_SCRIPTS, styles=LLM_STYLES) if model else load_assets()
    return assets.policy


def _foreign(markup: str) -> Iterator[str]:
    """Yield what a report does not hold: other elements, and attributes that act."""
    seen: set[str] = set()
    for found in _MARKUP.finditer(markup):
        if found[0] == "<":
            yield "broken markup"
        if found[0] in seen or found[1] is None:
            continue
        seen.add(found[0])
        if found[1].lower() not in _ELEMENTS:
            yield f"an element <{found[1][:20]}>"
        for name, value in _ATTRIBUTE.findall(found[2]):
            if _ACTING.fullmatch(name.lower()):
                yield f"an attribute {name[:20]}"
            if name.lower() in ("href", "xlink:href") and not _LINK.fullmatch(
                html.unescape(value.strip("\"'"))
            ):
                yield "a link that leads elsewhere"
