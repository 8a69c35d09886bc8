"""The schemas of what is said about a result: diagnoses, and the run under other assumptions."""

from __future__ import annotations

from rtrade.analysis.schema_parts import Schema, count, number, object_, text, time
from rtrade.catalog.diagnoses import DIAGNOSES, MEANING


def diagnoses_schema() -> Schema:
    """Return the schema of `diagnoses`."""
    meanings = "; ".join(f"{severity}: {meaning}" for severity, meaning in MEANING.items())
    return {
        "type": "array",
        "description": "What the result may suffer from, the gravest first; docs/diagnoses.md.",
        "items": object_(
            "A diagnosis.",
            {
                "code": text("Its code.", enum=[one.code for one in DIAGNOSES]),
                "name": text("Its name.", enum=[one.name for one in DIAGNOSES]),
                "severity": text(f"{meanings}.", enum=[str(one) for one in MEANING]),
                "title": text("A few words."),
                "reason": text("Why it applies, with the numbers of the run."),
                "advice": text("A next step."),
            },
        ),
    }


def assumptions_schema() -> Schema:
    """Return the schema of `assumptions`."""
    return object_(
        "The run made again under other assumptions; not there with `--no-assumptions`.",
        {
            "left_out": {
                "type": ["string", "null"],
                "description": "Why there is none of it; null where there is.",
            },
            "costs": _cases("A grid of costs, by slippage and then commission."),
            "delays": _cases("With each decision acting so many bars later."),
            "starts": _cases("Begun later, with the same signals."),
            "break_even": object_(
                "The costs at which the run makes nothing.",
                {name: _break_even(name) for name in ("slippage", "commission", "costs")},
                required=(),
            ),
        },
    )


def _cases(description: str) -> Schema:
    case = object_(
        "A run.",
        {
            "slippage": number("Slippage, a fraction.", minimum=0),
            "taker": number("Commission of takers, a fraction.", minimum=0),
            "maker": number("Commission of makers, a fraction.", minimum=0),
            "delay": count("Bars by which decisions act later than in the run."),
            "start": time("Open of its first bar."),
            "total_return": number("As the metric of that name.", null=True),
            "benchmark_return": number(
                "As the metric of that name, over the same bars and at the same costs.", null=True
            ),
            "max_drawdown": number("As the metric of that name.", null=True),
            "trades": count("Closed trades."),
        },
    )
    return {"type": "array", "description": description, "items": case}


def _break_even(name: str) -> Schema:
    unit = "a multiple of those assumed" if name == "costs" else "a fraction"
    return object_(
        f"The {name} at which the run makes nothing, all else being as it was; {unit}.",
        {
            "outcome": text(
                "`never`: it loses without this cost too; `beyond`: it makes money at the highest.",
                enum=["found", "never", "beyond"],
            ),
            "assumed": number("What the strategy assumes; of commissions, the taker's."),
            "highest": number("Up to where it was sought."),
            "value": number("Where it is; null where it was not found.", null=True),
        },
    )
