"""Diagnoses of a result: what it may suffer from, each with its reason in numbers.

They are declared in `catalog.diagnoses`; here is how each is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rtrade.analysis.evidence import Evidence
from rtrade.analysis.judging_drawdowns import DRAWDOWNS
from rtrade.analysis.judging_evidence import EVIDENCE
from rtrade.analysis.judging_market import MARKET
from rtrade.analysis.judging_outcome import OUTCOME
from rtrade.catalog.diagnoses import DIAGNOSES, Diagnosis, Severity

# Given the evidence and the limit, the reason in numbers; empty where it does not apply.
Judge = Callable[[Evidence, float], str]

JUDGES: Mapping[str, Judge] = {
    **OUTCOME,
    **DRAWDOWNS,
    **EVIDENCE,
    **MARKET,
}
_ORDER = tuple(Severity)


@dataclass(frozen=True)
class Diagnosed:
    """A diagnosis that applies, and why: a sentence with the run's numbers."""

    diagnosis: Diagnosis
    reason: str

    def document(self) -> dict[str, str]:
        """Return it as result.json has it."""
        found = self.diagnosis
        return {
            "code": found.code,
            "name": found.name,
            "severity": str(found.severity),
            "title": found.title,
            "reason": self.reason,
            "advice": found.advice,
        }


def diagnose(evidence: Evidence) -> tuple[Diagnosed, ...]:
    """Return what applies to a run: the gravest first, then by code."""
    found = [
        Diagnosed(one, reason)
        for one in DIAGNOSES
        if (reason := JUDGES[one.name](evidence, 0.0 if one.limit is None else one.limit))
    ]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.diagnosis.severity)))
