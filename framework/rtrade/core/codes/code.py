"""What a finding code is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A finding code: its number, a short title, and the explanation shown to users."""

    code: str
    title: str
    doc: str
