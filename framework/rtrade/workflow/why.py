"""Say why a run did what it did at a bar: run it again from its folder up to there, and look.

1. The strategy is compiled and the bars are loaded as for the run; what differs is noted.
2. The rules are read once more as they are written, and every part of them is computed.
3. The engine runs to the bar after the one asked for, and tells all of these two.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rtrade import __version__
from rtrade.analysis.stored import StoredRun, read_run
from rtrade.analysis.why import CandleWhy, Why
from rtrade.analysis.why_differs import departures, differences, digest_again
from rtrade.catalog.installed import registry
from rtrade.core.errors import UsageError
from rtrade.core.results import BAR_EXITS
from rtrade.core.timeframes import iso, parse_time
from rtrade.workflow.executing import fingerprint_of
from rtrade.workflow.markets import FETCHED, Fetching
from rtrade.workflow.reopening import bars_again, recompiled

if TYPE_CHECKING:
    from rtrade.analysis.why_account import Scene
    from rtrade.analysis.why_values import Values
    from rtrade.core.bars import Bars, MarketData
    from rtrade.execution.program import Program
    from rtrade.plan.plan import Plan
    from rtrade.plan.written import Reader
    from rtrade.signals.answers import AnswerSeries
    from rtrade.workflow.compiling import Compiled

# Digits of ms that are read, and the years in which they may lie: 68 to 5138.
_LONGEST = 20
_FIRST, _LAST = -6 * 10**13, 10**14
_FORMS = "write a time such as `2024-01-31T09:00Z`, `entry:3`, `exit:3` or `last`"


def why(folder: Path, at: str | int, fetching: Fetching = FETCHED) -> Why:
    """Explain the bar of a run that holds the moment `at`.

    `folder` is the run's (`analysis.stored.find_run` makes one of an id). `at` is an ISO time, ms
    since 1970, or `entry:3`, `exit:3` (by the number of a trade, from 1: the close that decided it,
    or the bar in which a level was reached) or `last`. `report.why` has `summary`, `as_text`,
    `document` (for JSON) and `as_html` (a fragment for a page) of what is returned; `differs` is
    not empty where the run does not come out again as it was. Raises UsageError where the run has
    no such bar, InvalidInput and WorldError where its strategy or its bars cannot be had any more.
    Bars of an exchange that the store has lost since are fetched as `fetching` says.
    """
    return Explainer(folder, fetching).why(at)


class Explainer:
    """A run made again, to be asked about any number of its bars.

    It holds the bars and the signals of the run. What `why` raises is raised by its first question.
    """

    def __init__(self, folder: Path, fetching: Fetching = FETCHED) -> None:
        self.run: StoredRun = read_run(folder)
        self._fetching = fetching

    def why(self, at: str | int) -> Why:
        """Explain the bar that holds the moment `at`, as the function `why` does."""
        from rtrade.analysis.why_conditions import conditions
        from rtrade.analysis.why_models import models_at

        run, wanted = self.run, _wanted(self.run, at)
        plan, market, bars = self._plan, self._market, self._market.bars
        bar = bar_at(bars, wanted, run.run_id)
        scene, place = self._watched(bar), market.first + bar
        rules = conditions(self._reader, self._values, registry(), place)
        return Why(
            run_id=run.run_id,
            strategy=plan.name,
            symbol=plan.symbol,
            timeframe=str(plan.timeframe),
            at=iso(int(bars.time[bar])),
            closes=iso(plan.timeframe.close(int(bars.time[bar]))),
            bar=bar,
            bars=len(bars),
            candle=_candle(bars, bar),
            differs=self._differs or tuple(departures(run, scene.seen)),
            rules=scene.rules(rules),
            decision=scene.decision(),
            fills=scene.fills(),
            worked=scene.worked(),
            next=scene.next(),
            account=scene.account(),
            position=scene.position(),
            models=models_at(plan, run.decisions, market.base.time, place),
        )

    def _watched(self, bar: int) -> Scene:
        """Run the engine to the bar after `bar`; the reference engine, as all make one run."""
        from rtrade.analysis.why_account import Scene
        from rtrade.execution import bt
        from rtrade.workflow.verifying import first_bars

        market = self._market
        count = min(bar + 2, len(market.bars))
        program, bars = first_bars(self._program, count), market.bars.slice(0, count)
        watched = bt.watch(program, bars, range(bar, count))
        minimum = market.filters.min_notional
        return Scene(
            self._plan, market.bars, self._values, watched[bar], watched.get(bar + 1), minimum
        )

    @cached_property
    def _compiled(self) -> Compiled:
        return recompiled(self.run)

    @property
    def _plan(self) -> Plan:
        return self._compiled.plan

    @cached_property
    def _market(self) -> MarketData:
        return bars_again(self.run, self._compiled, self._fetching)

    @cached_property
    def _answers(self) -> Mapping[str, AnswerSeries]:
        if not self._plan.llm:
            return {}
        from rtrade.analysis.llm_baselines import answers_of

        return answers_of(self._plan, self.run.decisions, self._market.base.time)

    @cached_property
    def _program(self) -> Program:
        from rtrade.execution.preparing import prepare

        return prepare(self._plan, self._market, self._values)

    @cached_property
    def _values(self) -> Values:
        from rtrade.analysis.why_conditions import parts_of
        from rtrade.analysis.why_models import silences
        from rtrade.analysis.why_values import Values

        plan, market = self._plan, self._market
        silence = silences(plan, self.run.decisions, market.base.time)
        values = Values(plan, market, self._answers, silence)
        optional = (plan.volatility, plan.scale, plan.risk_level)
        decide = [*plan.rules.values(), *plan.atr.values(), *filter(None, optional)]
        # In one pass, so that what they rest on is computed once.
        values.compute([*decide, *parts_of(self._reader)])
        return values

    @cached_property
    def _reader(self) -> Reader:
        from rtrade.plan.written import Reader

        return Reader(self._plan, self._compiled.definition, registry())

    @cached_property
    def _differs(self) -> tuple[str, ...]:
        run, plan, market = self.run, self._plan, self._market
        fingerprint = fingerprint_of(plan, market, digest_again(run.decisions, plan))
        return differences(run, plan, market, fingerprint, __version__)


def _candle(bars: Bars, bar: int) -> CandleWhy:
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    return CandleWhy(*(float(column[bar]) for column in columns))


def bar_at(bars: Bars, moment: int, run: str) -> int:
    """Return the place of the bar that holds a moment (ms).

    Raises UsageError where the moment is before or after all bars, or in a hole between two.
    """
    if not len(bars):
        raise UsageError(f"run `{run}` has no bars")
    bar = int(np.searchsorted(bars.time, moment, side="right")) - 1
    opens = [iso(int(time)) for time in bars.time[[0, max(bar, 0), -1]]]
    if bar < 0:
        raise UsageError(
            f"{iso(moment)} is before the run `{run}`", hint=f"its first bar opens at {opens[0]}"
        )
    if moment < bars.timeframe.close(int(bars.time[bar])):
        return bar
    if bar + 1 == len(bars):
        raise UsageError(
            f"{iso(moment)} is after the run `{run}`", hint=f"its last bar opens at {opens[2]}"
        )
    after = iso(int(bars.time[bar + 1]))
    raise UsageError(
        f"there is no bar at {iso(moment)}: the series has a gap there",
        hint=f"the bar before opens at {opens[1]}, the one after at {after}",
    )


def _wanted(run: StoredRun, at: str | int) -> int:
    """Return the moment (ms) that `at` means in a run."""
    if isinstance(at, int):
        return _possible(at, str(at))
    text = at.strip()
    kind, colon, number = text.partition(":")
    if colon and kind in ("entry", "exit"):
        return _of_trade(run, kind, number)
    if text == "last" and len(run.time):
        return int(run.time[-1])
    if text.isascii() and text.isdigit() and len(text) > len("20240131"):
        return _possible(int(text[:_LONGEST]), at)
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"`{at}` is not a time", hint=_FORMS) from error


def _possible(moment: int, said: str) -> int:
    """Return a moment (ms); raise UsageError for one in no year that there is a date for."""
    if not _FIRST < moment < _LAST:
        raise UsageError(f"`{said}` is not a time", hint=_FORMS)
    return moment


def _of_trade(run: StoredRun, kind: str, number: str) -> int:
    """Return the open of the bar whose close decided a fill, or in which a level was reached."""
    trades: list[dict[str, Any]] = run.document["trades"]
    place = int(number) if number.isascii() and number.isdigit() else 0
    if not 1 <= place <= len(trades):
        known = f"it has {len(trades)}, counted from 1" if trades else "it has none"
        raise UsageError(f"run `{run.run_id}` has no trade `{number}`", hint=known)
    trade = trades[place - 1]
    if trade[f"{kind}_time"] is None:
        hint = f"`entry:{place}` and `last` say why it was opened, and why it stays"
        raise UsageError(f"trade {place} of run `{run.run_id}` is still open at its end", hint=hint)
    bar = int(np.searchsorted(run.time, parse_time(trade[f"{kind}_time"])))
    inside = kind == "exit" and trade["exit_reason"] in BAR_EXITS
    return int(run.time[bar if inside else bar - 1])
