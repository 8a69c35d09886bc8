"""What a template sees of judgements and of what numbers mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Definition:
    """What a number of the page means."""

    id: Annotated[str, "its anchor on the page, such as `column-mae`"]
    title: Annotated[str, "what the page calls it"]
    doc: Annotated[str, "what it means, in a sentence or two"]


@dataclass(frozen=True)
class DiagnosisRow:
    """Something that the result may suffer from."""

    code: Annotated[str, "its code, such as `RT504`"]
    severity: Annotated[str, "`high`, `medium` or `low`"]
    meaning: Annotated[str, "the severity in words"]
    title: Annotated[str, "a few words"]
    reason: Annotated[str, "why, with the numbers of the run"]
    advice: Annotated[str, "a next step"]
    doc: Annotated[str, "when it is made and what it means"]
