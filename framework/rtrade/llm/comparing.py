"""Show how a request differs from the nearest one that is stored."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any

_SHOWN = 20
_WIDTH = 120


def difference(wanted: bytes, stored: Sequence[bytes]) -> str:
    """Return the lines in which a request (canonical JSON) differs from the nearest of `stored`.

    Lines of the stored request begin with `-`, those of the wanted one with `+`.
    """
    if not stored:
        return "no answer of this model is stored at all"
    lines = _lines(wanted)
    nearest = max((_lines(one) for one in stored), key=lambda one: _likeness(lines, one))
    found = list(difflib.unified_diff(nearest, lines, lineterm="", n=0))[2:]
    changed = [line[:_WIDTH] for line in found if not line.startswith("@@")]
    more = len(changed) - _SHOWN
    rest = [f"and {more} more"] if more > 0 else []
    return "\n".join(["it differs from the nearest one that is:", *changed[:_SHOWN], *rest])


def _likeness(first: Sequence[str], second: Sequence[str]) -> float:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).quick_ratio()


def _lines(request: bytes) -> list[str]:
    found: dict[str, Any] = json.loads(request)
    lines = [f"{name}: {json.dumps(found[name])}" for name in sorted(found) if name != "messages"]
    for role, content in found["messages"]:
        lines += [f"{role}: {line}" for line in content.splitlines()]
    return lines
