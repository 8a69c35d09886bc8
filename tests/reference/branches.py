"""How often programs met each branch of the fill rules, as a table for the end of a test run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from reference.watched import BRANCHES

# What tests record beside the counts, and what the table calls it.
KINDS = {"programs": "numbered programs", "documents": "programs of documents"}
WIDTH = 12


def branch_table(reports: Iterable[Any]) -> Iterator[str]:
    """Yield the lines of a table; none where no test has counted.

    `reports` have `user_properties`: pairs of `programs` or `documents` with how many ran, and of
    `branches` with the counts of one test.
    """
    counts = {kind: Counter[str]() for kind in KINDS}
    ran: Counter[str] = Counter()
    for report in reports:
        told = dict(report.user_properties)
        for kind in KINDS:
            if kind in told:
                ran[kind] += told[kind]
                counts[kind].update(told["branches"])
    if not ran:
        return
    yield ", ".join(f"{ran[kind]:,} {words}" for kind, words in KINDS.items() if ran[kind])
    yield "".join(f"{kind:>{WIDTH}}" for kind in KINDS) + "  met this branch of the fill rules"
    for name in BRANCHES:
        yield "".join(f"{counts[kind][name]:>{WIDTH},}" for kind in KINDS) + f"  {name}"
