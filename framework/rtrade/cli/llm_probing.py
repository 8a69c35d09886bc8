"""Print what a probe of a model has shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_json, print_table
from rtrade.core.timeframes import iso

if TYPE_CHECKING:
    from rtrade.analysis.llm_probe import Shown
    from rtrade.workflow.probing_llm import Probed

_HEADER = ("shown as", "answered", "answers", "compared with", "agree", "prompts that differ")


def show_probed(probed: Probed, *, as_json: bool, quiet: bool) -> None:
    """Print a line for each disguise, and what follows; or one JSON document."""
    if as_json:
        print_json(_document(probed))
        return
    if quiet:
        return
    title = f"{probed.signal}.{probed.field} of {probed.provider.model} ({probed.provider.name})"
    span = f"{iso(probed.times[0])} to {iso(probed.times[-1])}"
    title += f" at {len(probed.times):,} points, {span}, seed {probed.seed}"
    print_table(title, _HEADER, [_row(probed, name) for name in probed.shown])
    for line in _conclusions(probed):
        click.echo(line)


def _row(probed: Probed, name: Any) -> tuple[str, ...]:
    from rtrade.analysis.llm_probe import COMPARED

    shown = probed.shown[name]
    given = [value for value in shown.values if value is not None]
    cells = (name, f"{len(given):,} of {len(shown.values):,}", _answers(shown))
    if name not in COMPARED:
        return (*cells, "", "", "")
    found = probed.verdict.agreements[name]
    return (
        *cells,
        COMPARED[name],
        _percent(found.rate),
        f"{found.changed:,} of {len(shown.values):,}",
    )


def _answers(shown: Shown) -> str:
    """Say how often each choice was answered, or between what the numbers lie."""
    given = [value for value in shown.values if value is not None]
    if not given:
        return "none"
    if isinstance(given[0], int):
        return f"{min(map(int, given))} to {max(map(int, given))}"
    return ", ".join(f"{value} {count:,}" for value, count in Counter(given).most_common())


def _conclusions(probed: Probed) -> Iterator[str]:
    from rtrade.analysis.llm_probe import NAMING

    verdict = probed.verdict
    if probed.in_run:
        yield "note: prompts saw the account of the run's beginning: flat, with all the cash"
    yield f"steady       {_percent(verdict.steady)} of answers stay when only the seed changes"
    yield f"leak score   {_score(verdict.leak)}  (0: name and dates change nothing; 1: everything)"
    yield f"reaction     {_score(verdict.reaction)}  (0: the market changes nothing; 1: everything)"
    if not any(verdict.agreements[name].changed for name in NAMING):
        yield "the prompt tells neither the market nor dates: there is nothing to remember it by"
    if verdict.reacts is False and verdict.most is not None:
        value, share = verdict.most
        yield (
            f"the model does not react to what it is shown: `{value}` at {_percent(share)} of the "
            "points, and nothing that was changed made a difference; the leak score says nothing"
        )
    if probed.failed:
        yield "too much went unanswered for a judgement"
    counted = probed.counters
    money = "" if counted.cost_usd is None else f", {counted.cost_usd:.2g} USD"
    yield (
        f"{counted.decisions:,} questions, {counted.cached:,} answered already, "
        f"{counted.calls:,} calls{money}"
    )


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{100 * share:.0f} %"


def _score(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _document(probed: Probed) -> dict[str, Any]:
    from rtrade.analysis.llm_probe import COMPARED

    verdict = probed.verdict
    return {
        "signal": probed.signal,
        "field": probed.field,
        "provider": probed.provider.name,
        "model": probed.provider.model,
        "seed": probed.seed,
        "points": [iso(time) for time in probed.times],
        "account_of_the_beginning": probed.in_run,
        "shown": {name: {"answers": list(one.values)} for name, one in probed.shown.items()},
        "agreements": {
            name: {
                "with": COMPARED[name],
                "points": found.points,
                "agreed": found.agreed,
                "rate": found.rate,
                "prompts_that_differ": found.changed,
            }
            for name, found in verdict.agreements.items()
        },
        "steady": verdict.steady,
        "leak_score": verdict.leak,
        "reaction": verdict.reaction,
        "reacts": verdict.reacts,
        "most_frequent": None
        if verdict.most is None
        else {"answer": verdict.most[0], "share": verdict.most[1]},
        "failed": probed.failed,
        "counters": asdict(probed.counters),
    }
