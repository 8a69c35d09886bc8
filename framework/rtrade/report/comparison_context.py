"""What the template of a comparison sees: every name with its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from rtrade.report.context import Assets, Picture


@dataclass(frozen=True)
class Compared:
    """One of two runs beside each other."""

    letter: Annotated[str, "`A` or `B`"]
    run_id: Annotated[str, "the id of the run"]
    strategy: Annotated[str, "the strategy's name"]
    where: Annotated[str, "symbol, timeframe and days"]
    report: Annotated[str, "address of its report, relative to the page; empty where there is none"]


@dataclass(frozen=True)
class PairRow:
    """A number of both runs."""

    title: Annotated[str, "what it is"]
    doc: Annotated[str, "what it means, in a sentence; may be empty"]
    first: Annotated[str, "the value of run A"]
    second: Annotated[str, "the value of run B"]
    change: Annotated[str, "B less A; empty where that says nothing"]
    better: Annotated[str, "`A` or `B` where one is better, else empty"]


@dataclass(frozen=True)
class OnlyTrades:
    """The trades that one of the runs made and the other did not."""

    letter: Annotated[str, "the run that made them"]
    count: Annotated[int, "how many there are"]
    rows: Annotated[tuple[tuple[str, ...], ...], "the first of them, a text per column"]
    cut: Annotated[str, "a sentence where not all are shown, else empty"]


@dataclass(frozen=True)
class ComparisonContext:
    """Everything that the template of a comparison sees."""

    title: Annotated[str, "what is compared"]
    runs: Annotated[tuple[Compared, Compared], "the two runs"]
    notes: Annotated[tuple[str, ...], "why the numbers may not be compared as they stand"]
    curves: Annotated[Picture, "equity and drawdown of both"]
    metrics: Annotated[tuple[PairRow, ...], "all metrics of both"]
    differences: Annotated[tuple[PairRow, ...], "values that differ in the two plans"]
    yaml: Annotated[tuple[tuple[str, str], ...], "lines of the diff: `old`, `new`, `at` or empty"]
    shared: Annotated[str, "how many trades both made, in a sentence"]
    only: Annotated[tuple[OnlyTrades, OnlyTrades], "trades that only one made"]
    columns: Annotated[tuple[str, ...], "titles of the columns of those trades"]
    assets: Annotated[Assets, "scripts, style, policy"]
    version: Annotated[str, "the version of rtrade that wrote the page"]
