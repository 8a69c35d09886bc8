"""What in a compiled strategy cannot do what its author means, found without data.

`validate` warns of what one expression says by itself (RT123). Here are rules as wholes and
against one another, levels against costs, and what is declared and never used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rtrade.catalog.registry import Kind, Registry
from rtrade.config.definitions import StrategyDef
from rtrade.core.diagnostics import Diagnostic, SourceText, Span
from rtrade.plan.consistency import percent
from rtrade.plan.contradictions import Contradictions, Never
from rtrade.plan.findings import Fault, Findings
from rtrade.plan.nodes import Const, Node, walk
from rtrade.plan.ordering import Ordering
from rtrade.plan.parser import parse
from rtrade.plan.plan import Plan
from rtrade.plan.ranges import Ranges
from rtrade.plan.syntax import Expr, Member, Name

_SHOWN = 60
_REASONS = 3


def review(plan: Plan, definition: StrategyDef, registry: Registry) -> tuple[Diagnostic, ...]:
    """Return what was found, by place; the plan's own warnings are not repeated."""
    findings = Findings(definition.document)
    rules = _Rules(plan, definition, registry, findings)
    rules.check_parts()
    rules.check_wholes()
    rules.check_pairs()
    _check_levels(definition, findings)
    _check_unused(plan, definition, findings)
    return findings.sorted()


def round_trip(definition: StrategyDef) -> float:
    """Return what entering and leaving at the market costs, as a fraction of the price."""
    return 2 * (definition.costs.taker + definition.costs.slippage)


class _Rules:
    """The rules of one plan, looked at for what they can never be."""

    def __init__(
        self, plan: Plan, definition: StrategyDef, registry: Registry, findings: Findings
    ) -> None:
        self._rules = plan.rules
        self._document = definition.document
        self._findings = findings
        self._contradictions = Contradictions(Ordering(Ranges(registry)))
        # What the compiler has said of a place is not said again.
        self._said = {found.span for found in plan.warnings if found.code == "RT123"}
        self._dead: set[int] = set()

    def check_parts(self) -> None:
        """Find conditions below the rules that are never, or always, true; the smallest ones."""
        for node in walk(*self._rules.values()):
            if node.kind is not Kind.BOOLEAN or isinstance(node, Const):
                continue
            if any(id(arg) in self._dead for arg in node.args) or node.span in self._said:
                self._dead.add(id(node))
                continue
            never = self._contradictions.never(node)
            if never is not None:
                self._dead.add(id(node))
                self._say_never(node, never)
            elif self._contradictions.always(node):
                self._dead.add(id(node))
                text, span = self._text(node), node.span
                message = f"{text} is always true, so it decides nothing"
                self._findings.warning("RT157", message, span, "leave it away, or mend it")

    def check_wholes(self) -> None:
        """Find rules that are never or always true because of a part that is."""
        for name, node in self._rules.items():
            span = self._document.key_span(("rules", name))
            if isinstance(node, Const) or id(node) not in self._dead or self._told(name, node):
                continue
            if self._contradictions.never(node) is not None:
                self._findings.warning(
                    "RT156", f"`{name}` is never true, because a part of it never is", span
                )
            elif self._contradictions.always(node):
                self._findings.warning(
                    "RT157", f"`{name}` is always true, because a part of it always is", span
                )

    def _told(self, name: str, node: Node) -> bool:
        """Whether what was said of a part was said of the whole rule, where it stands."""
        value = self._document.value_span(("rules", name))
        if value is None or node.span is None or node.span.file != value.file:
            return False
        begin, end = (value.line, value.column), (value.end_line, value.end_column)
        inside = begin <= (node.span.line, node.span.column) < end
        return inside and not any(id(arg) in self._dead for arg in node.args)

    def check_pairs(self) -> None:
        """Find entries that are refused wherever they are true."""
        for first, second, what in (
            ("enter_long", "exit_long", "the entry is refused while its own exit holds"),
            ("enter_short", "exit_short", "the entry is refused while its own exit holds"),
            ("enter_long", "enter_short", "both entries are refused as a conflict"),
            ("enter_short", "enter_long", "both entries are refused as a conflict"),
        ):
            entry, other = self._rules.get(first), self._rules.get(second)
            if entry is None or other is None or entry is other:
                continue
            if id(entry) in self._dead or isinstance(entry, Const) or isinstance(other, Const):
                continue
            if self._contradictions.never(entry, but_not=other) is not None:
                self._findings.warning(
                    "RT158",
                    f"wherever `{first}` is true `{second}` is too: {what}",
                    self._document.value_span(("rules", first)),
                    f"make `{second}` narrower",
                )

    def _say_never(self, node: Node, never: Never) -> None:
        reasons = [self._ruled_out(core) for core in never.reasons[:_REASONS]]
        why = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
        message = f"{self._text(node)} is never true" + (f": {why}" if why else "")
        self._findings.warning("RT156", message, node.span)

    def _ruled_out(self, core: Iterable[Node]) -> str:
        texts = list(dict.fromkeys(self._text(node) for node in core))
        return f"{' and '.join(texts)} rule each other out" if len(texts) > 1 else ""

    def _text(self, node: Node) -> str:
        """Return a node as its file has it, in backticks."""
        span = node.span
        if span is None:
            return "it"
        line = self._document.line(span.line, span.file)
        end = span.end_column - 1 if span.end_line == span.line else len(line)
        text = " ".join(line[span.column - 1 : end].split())
        text += " ..." if span.end_line != span.line else ""
        return f"`{text}`" if len(text) <= _SHOWN else f"`{text[: _SHOWN - 3]}...`"


def _check_levels(definition: StrategyDef, findings: Findings) -> None:
    """Find stops and targets that are nearer than what a trade costs."""
    risk, costs = definition.risk, definition.costs
    whole = round_trip(definition)
    stops = (("stop_loss", risk.stop_loss), ("trailing_stop", risk.trailing_stop))
    for name, stop in stops:
        # A stop within the slippage is said by the compiler.
        if stop is not None and stop.kind == "percent" and costs.slippage < stop.value <= whole:
            findings.warning(
                "RT154",
                f"`{name}` of {percent(stop.value)} is not wider than the {percent(whole)} that "
                "entering and leaving costs: a stopped trade loses more to costs than to the "
                "market",
                findings.document.value_span(("risk", name)),
                "widen the stop",
            )
    cost = costs.taker + costs.slippage + costs.maker
    target = risk.take_profit
    if target is not None and target.kind == "percent" and target.value <= cost:
        findings.warning(
            "RT155",
            f"`take_profit` of {percent(target.value)} does not pay the {percent(cost)} that "
            "entering and leaving costs: every trade that reaches it loses",
            findings.document.value_span(("risk", "take_profit")),
            "move the target farther away",
        )


def _check_unused(plan: Plan, definition: StrategyDef, findings: Findings) -> None:
    """Find signals, params and series that nothing decides by."""
    signals = {signal.name: signal.expression for signal in definition.signals}
    waiting = list(_deciding(plan, definition))
    used = {name for model in plan.llm.values() for name in model.names}
    if "signals" in used:
        # Which of them a prompt looks at is up to its template.
        told = {name.partition(".")[0] for name in plan.known_before_asking()}
        used |= told
        waiting += [signals[name] for name in told]
    while waiting:
        for name in _names(waiting.pop()):
            if name not in used:
                used.add(name)
                waiting += [signals[name]] if name in signals else []
    groups: tuple[tuple[str, str, Iterable[tuple[str, Span | None]], tuple[str, ...]], ...] = (
        ("signal", "RT159", ((one.name, one.span) for one in definition.signals), ("signals",)),
        ("param", "RT160", ((one.name, one.span) for one in definition.params), ("params",)),
        ("series", "RT159", ((one.name, one.span) for one in definition.data.also),
         ("data", "also")),
    )  # fmt: skip
    for what, code, declared, path in groups:
        for name, span in declared:
            if name not in used:
                place = span or findings.document.key_span((*path, name))
                findings.warning(code, f"{what} `{name}` is used by no rule", place,
                                 "use it, or leave it away")  # fmt: skip


def _deciding(plan: Plan, definition: StrategyDef) -> Iterator[SourceText]:
    """Yield the expressions that decide: rules, what scales sizes, when models are asked."""
    rules, sizing = definition.rules, definition.sizing
    found = [rules.enter_long, rules.exit_long, rules.enter_short, rules.exit_short]
    found += [sizing.scale_by, None if sizing.risk_levels is None else sizing.risk_levels.signal]
    found += [model.definition.cadence.at for model in plan.llm.values()]
    yield from (text for text in found if text is not None)


def _names(text: SourceText) -> Iterator[str]:
    """Yield the names in an expression, those of fields and calls left out."""
    try:
        stack: list[Expr] = [parse(text.text)]
    except Fault:
        return
    while stack:
        part = stack.pop()
        if isinstance(part, Name):
            yield part.name
        stack.extend([part.base] if isinstance(part, Member) else part.parts)
