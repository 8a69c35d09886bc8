"""Print what `rtrade check` found and what it tried."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_findings, print_json

if TYPE_CHECKING:
    from rtrade.analysis.causality import Causality
    from rtrade.analysis.startup import Startup
    from rtrade.workflow.checking import Checked


def show_checked(checked: Checked, *, as_json: bool, quiet: bool) -> None:
    """Print findings on stderr, and on stdout what was tried; or one JSON document."""
    if as_json:
        print_json(_document(checked))
        return
    print_findings(checked.findings)
    if quiet:
        return
    count = len(checked.findings)
    outcome = "nothing found" if not count else f"{count} finding{'s' if count != 1 else ''}"
    click.echo(f"{checked.path}: {outcome}")
    for line in (_causality(checked), *_startup(checked), *_rules(checked), *_models(checked)):
        click.echo(f"  {line}")


def _causality(checked: Checked) -> str:
    tried = checked.causality
    changed = "no value before them changed" if not tried.leaks else "values before them changed"
    return (
        f"future    cut and scrambled at {tried.cuts} of {tried.bars:,} bars: {changed}; "
        f"{tried.runs - tried.fills} of {tried.runs} runs made the same fills before"
    )


def _startup(checked: Checked) -> list[str]:
    tried = checked.startup
    if not tried.starts:
        return [f"start     not tried: that takes more bars than the {tried.lookback:,} needed"]
    drift = "the last values differ" if tried.drifts else "the same values at the end"
    begun = f"begun later {tried.starts} times with the {tried.lookback:,} bars needed before"
    lines = [f"start     {begun}: {drift}"]
    for memory in tried.memories:
        cells = ", ".join(f"{_size(size)} with {bars:,}" for bars, size in memory.differences)
        lines.append(f"          {memory.name} by bars before: {cells}")
    return lines


def _size(difference: float | None) -> str:
    if difference is None:
        return "unknown"
    return "exact" if not difference else f"off by {difference:.1g}"


def _rules(checked: Checked) -> list[str]:
    return [
        f"{'rules' if place == 0 else '':<9} {count.rule} true at {count.true:,} of "
        f"{count.closes:,} closes, unknown at {count.unknown:,}"
        for place, count in enumerate(checked.rules)
    ]


def _models(checked: Checked) -> list[str]:
    if not checked.models:
        return []
    names = " and ".join(checked.models)
    was = "was" if len(checked.models) == 1 else "were"
    return [
        f"models    {names} {was} not asked: what rests on answers was tried with drawn ones",
        "          left out: what the answers are worth, and how often such rules are true",
    ]


def _document(checked: Checked) -> dict[str, Any]:
    from rtrade.core.rendering import as_dict

    return {
        "file": str(checked.path),
        "clean": checked.clean,
        "findings": [as_dict(found) for found in checked.findings],
        "rules": [asdict(count) for count in checked.rules],
        "causality": _causality_document(checked.causality),
        "startup": _startup_document(checked.startup),
        "models_not_asked": list(checked.models),
    }


def _causality_document(causality: Causality) -> dict[str, Any]:
    from rtrade.core.timeframes import iso
    from rtrade.plan.printing import formula

    return {
        "bars": causality.bars,
        "cuts": causality.cuts,
        "runs": causality.runs,
        "leaks": [
            {"value": formula(leak.node), "bar": iso(leak.bar), "cut": iso(leak.cut)}
            for leak in causality.leaks
        ],
        "runs_with_other_fills": causality.fills,
    }


def _startup_document(startup: Startup) -> dict[str, Any]:
    from rtrade.plan.printing import formula

    return {
        "lookback": startup.lookback,
        "starts": startup.starts,
        "drifts": [
            {
                "value": formula(drift.node),
                "bars_before": drift.before,
                "difference": _finite(drift.difference),
            }
            for drift in startup.drifts
        ],
        "signals": [
            {
                "signal": memory.name,
                "differences": [
                    {"bars_before": bars, "difference": _finite(size)}
                    for bars, size in memory.differences
                ],
            }
            for memory in startup.memories
        ],
    }


def _finite(number: float | None) -> float | None:
    return None if number is None or number == float("inf") else number
