"""Checks across the file: sizing against stops, rules against one another, levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rtrade.catalog.registry import Registry
from rtrade.config.definitions import Distance, StrategyDef
from rtrade.plan.findings import Findings
from rtrade.plan.names import did_you_mean, similar
from rtrade.plan.nodes import Const, Node
from rtrade.plan.warmup import unforgetting

SIDES = ("long", "short")


def percent(fraction: float) -> str:
    """Format a fraction as a percentage: 0.001 -> `0.1%`."""
    return f"{fraction * 100:.10g}%"


def check_risk(definition: StrategyDef, findings: Findings) -> None:
    """Check sizing and protective levels against one another and against costs."""
    risk, document = definition.risk, findings.document
    if definition.sizing.kind == "risk" and risk.stop_loss is None and risk.trailing_stop is None:
        findings.error(
            "RT140",
            "sizing by `risk` needs a stop: the size follows from the loss at the stop",
            document.key_span(("sizing", "risk")),
            "add `stop_loss` or `trailing_stop` under `risk:`, or size by `equity`",
        )
    slippage = definition.costs.slippage
    for name, stop in (("stop_loss", risk.stop_loss), ("trailing_stop", risk.trailing_stop)):
        if stop is not None and stop.kind == "percent" and stop.value <= slippage:
            findings.warning(
                "RT142",
                f"`{name}` of {percent(stop.value)} is not wider than the slippage of "
                f"{percent(slippage)}: every position leaves at the open that it enters at",
                document.value_span(("risk", name)),
                "widen the stop",
            )
    _check_reach(definition, findings)
    rules = definition.rules
    if risk.cooldown and rules.enter_long is not None and rules.enter_short is not None:
        findings.warning(
            "RT143",
            "`cooldown` rules reversals out: an entry decided where a position leaves is refused",
            document.key_span(("risk", "cooldown")),
            "leave `cooldown` away if long and short should follow one another",
        )


def _check_reach(definition: StrategyDef, findings: Findings) -> None:
    """Warn of levels at or below a price of 0."""
    risk, rules = definition.risk, definition.rules
    levels: tuple[tuple[str, Distance | None, str, bool], ...] = (
        ("stop_loss", risk.stop_loss, "long", rules.enter_long is not None),
        ("trailing_stop", risk.trailing_stop, "long", rules.enter_long is not None),
        ("take_profit", risk.take_profit, "short", rules.enter_short is not None),
    )
    for name, distance, side, used in levels:
        if used and distance is not None and distance.kind == "percent" and distance.value >= 1:
            findings.warning(
                "RT146",
                f"`{name}` of {percent(distance.value)} is never reached by a {side} position: "
                "a price does not fall by all of itself",
                findings.document.value_span(("risk", name)),
                "choose less than 100%",
            )


def check_rules(definition: StrategyDef, rules: Mapping[str, Node], findings: Findings) -> None:
    """Warn of rules that cannot do what they seem to."""
    for side in SIDES:
        _check_side(definition, side, findings)
    for first, second, what in (
        ("enter_long", "enter_short", "both entries are refused as a conflict"),
        ("enter_long", "exit_long", "the entry is refused while its own exit holds"),
        ("enter_short", "exit_short", "the entry is refused while its own exit holds"),
    ):
        same = first in rules and rules[first] is rules.get(second)
        if same:
            findings.warning(
                "RT147",
                f"`{first}` and `{second}` are the same condition: {what}",
                findings.document.key_span(("rules", second)),
            )
    for name, node in rules.items():
        if isinstance(node, Const) and node.value is False:
            findings.warning(
                "RT123",
                f"`{name}` is never true",
                findings.document.value_span(("rules", name)),
            )


def check_memory(roots: Sequence[Node], registry: Registry, findings: Findings) -> None:
    """Warn of what decides by values that depend on where the data begin."""
    for node in unforgetting(roots, registry):
        findings.warning(
            "RT150",
            f"`{node.entry}` depends on the first bar of the data, however far back that is: "
            "with another `start` it decides otherwise",
            node.span,
            "give `start`, and leave it as it is, or choose a function that forgets",
        )


def check_asked(definition: StrategyDef, models: Mapping[str, object], findings: Findings) -> None:
    """Warn of models that no rule and no size rests on."""
    for llm in definition.llm:
        if llm.name not in models:
            findings.warning(
                "RT415",
                f"no rule and no size rests on `{llm.name}`: the model is not asked",
                llm.span or findings.document.key_span(("signals", llm.name)),
                "use a field of its answer, or leave the signal away",
            )


def check_levels(
    given: Mapping[str, float], choices: Sequence[str], signal: str, findings: Findings
) -> None:
    """Check that each risk level has a factor, and that each factor is of a level."""
    document, path = findings.document, ("sizing", "risk_levels")
    for choice in choices:
        if choice not in given:
            message = f"the risk level `{choice}` of {signal} has no factor"
            advice = f"add `{choice}: 0.5`; 0 vetoes the entry"
            findings.error("RT417", message, document.key_span(path), advice)
    for name in given:
        if name not in choices:
            guess = similar(name, choices)
            listed = ", ".join(f"`{choice}`" for choice in choices)
            advice = did_you_mean(guess) or f"the levels are {listed}"
            message = f"{signal} has no level `{name}`"
            findings.error("RT417", message, document.key_span((*path, name)), advice)


def _check_side(definition: StrategyDef, side: str, findings: Findings) -> None:
    rules, risk, document = definition.rules, definition.risk, findings.document
    enter, leave = f"enter_{side}", f"exit_{side}"
    entry, exit_ = getattr(rules, enter), getattr(rules, leave)
    if entry is None and exit_ is not None:
        findings.warning(
            "RT144",
            f"`{leave}` never acts: there is no `{enter}`",
            document.key_span(("rules", leave)),
            f"add `{enter}`, or leave `{leave}` away",
        )
    ways_out = (exit_, risk.stop_loss, risk.take_profit, risk.trailing_stop, risk.time_exit)
    if entry is None or any(way is not None for way in ways_out):
        return
    other = "enter_short" if side == "long" else "enter_long"
    opposite = ""
    if getattr(rules, other) is not None:
        opposite = f"; `{other}` does not close it"
    findings.warning(
        "RT145",
        f"a {side} position has no way out and is held to the end{opposite}",
        document.key_span(("rules", enter)),
        f"add `{leave}`, or a stop, a target or a `time_exit` under `risk:`",
    )
