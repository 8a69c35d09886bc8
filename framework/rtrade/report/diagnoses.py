"""Diagnoses as the page shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rtrade.catalog.diagnoses import DIAGNOSIS, MEANING, Severity
from rtrade.report.formatting import MINUS, NARROW
from rtrade.report.judging_context import DiagnosisRow

# Not a hyphen, as dates have them.
_MINUS = re.compile(r"(?<!\w)-(?=\d)")


def diagnosis_rows(document: Mapping[str, Any]) -> tuple[DiagnosisRow, ...]:
    """Return the diagnoses of a result, in its order: the gravest first."""
    return tuple(
        DiagnosisRow(
            code=one["code"],
            severity=one["severity"],
            meaning=MEANING[Severity(one["severity"])],
            title=one["title"],
            reason=_MINUS.sub(MINUS, one["reason"]).replace(" %", f"{NARROW}%"),
            advice=one["advice"],
            doc=DIAGNOSIS[one["name"]].text,
        )
        for one in document.get("diagnoses", ())
    )
