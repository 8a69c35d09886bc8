"""A plan as plain JSON data: what can change a result, and nothing else.

Two files that differ in names, descriptions, key order, unused signals, or in whether a number is
written out or comes from a param, have the same canonical form. Nodes are numbered in the order
of a walk from the rules; a series is named by its symbol and timeframe, never by its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rtrade.config.definitions import Distance
from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField
from rtrade.plan.asking import told_nodes
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Field, Node, Shift, Unary, walk
from rtrade.plan.plan import LlmPlan, Plan
from rtrade.plan.printing import formulas

Json = dict[str, Any]

FORMAT = 1


def canonical(plan: Plan) -> Json:
    """Return what the fingerprint covers of a plan, as plain data."""
    graph = _Listing(plan)
    data: Json = {
        "format": FORMAT,
        "symbol": plan.symbol,
        "timeframe": str(plan.timeframe),
        "range": {"start": plan.start, "end": plan.end, "last": plan.last},
        "nodes": graph.nodes,
        "rules": {name: graph.place(node) for name, node in plan.rules.items()},
        "atr": {str(period): graph.place(node) for period, node in plan.atr.items()},
        "volatility": graph.place(plan.volatility),
        "scale": graph.place(plan.scale),
        "sizing": _sizing(plan),
        "risk": _risk(plan),
        "costs": {
            "taker": float(plan.costs.taker),
            "maker": float(plan.costs.maker),
            "slippage": float(plan.costs.slippage),
        },
        "cash": float(plan.cash),
        "benchmark": plan.benchmark,
    }
    if plan.llm:
        data["models"] = [_model(plan, plan.llm[name], graph) for name in _models(plan)]
    if plan.risk_level is not None:
        data["risk_level"] = {
            "level": graph.place(plan.risk_level),
            "factors": list(plan.risk_factors),
        }
    return data


def canonical_json(plan: Plan) -> bytes:
    """Return the canonical form as ASCII JSON, the same in every process."""
    text = json.dumps(canonical(plan), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def entries_of(plan: Plan) -> frozenset[str]:
    """Return the names of the catalog entries that a plan's decisions are computed with."""
    return frozenset(node.entry for node in walk(*_roots(plan)) if isinstance(node, Call))


def plan_document(plan: Plan) -> Json:
    """Return the content of `plan.json`: the canonical form, with names and what is read."""
    names: dict[int, str] = {}
    for name, node in plan.signals.items():
        names.setdefault(id(node), name)
    roots = [*plan.signals.values(), *plan.rules.values()]
    texts = formulas(roots, names)
    return {
        "name": plan.name,
        "source": plan.source,
        "params": dict(plan.params),
        "signals": {
            name: {
                "expression": texts[id(node)],
                "kind": str(node.kind),
                "unit": str(node.unit),
                "timeframe": str(node.clock),
            }
            for name, node in plan.signals.items()
        },
        "rules": {name: texts[id(node)] for name, node in plan.rules.items()},
        "needs": [
            {
                "name": need.name,
                "symbol": need.symbol,
                "timeframe": str(need.timeframe),
                "lookback": need.lookback,
            }
            for need in plan.needs
        ],
        "warmup": plan.warmup,
        "canonical": canonical(plan),
    }


class _Listing:
    """The nodes that decide, as a list of plain data in which arguments precede their users."""

    def __init__(self, plan: Plan) -> None:
        self.nodes: list[Json] = []
        self._series = {need.name: [need.symbol, str(need.timeframe)] for need in plan.needs}
        self._models = {name: place for place, name in enumerate(_models(plan))}
        self._places: dict[int, int] = {}
        known: dict[str, int] = {}
        for node in walk(*_roots(plan)):
            data = self._data(node)
            text = json.dumps(data, sort_keys=True)
            # Two names of one series make different nodes of the same content.
            if text not in known:
                known[text] = len(self.nodes)
                self.nodes.append(data)
            self._places[id(node)] = known[text]

    def place(self, node: Node | None) -> int | None:
        """Return the number of a node in the list."""
        return None if node is None else self._places[id(node)]

    def _data(self, node: Node) -> Json:
        args = [self._places[id(arg)] for arg in node.args]
        match node:
            case Const(value=value):
                plain = value if isinstance(value, bool | str) else float(value)
                return {"const": plain}
            case Field(series=series, name=name):
                return {"field": name, "of": self._series[series]}
            case Answer(signal=signal, field=name):
                return {"answer": name, "of": self._models[signal]}
            case Call(entry=entry, params=params, output=output):
                return {"call": entry, "params": dict(params), "output": output, "args": args}
            case Unary(op=op) | Binary(op=op):
                return {"op": op, "args": args}
            case Shift(bars=bars):
                return {"shift": bars, "args": args}
            case Align(clock=clock):
                return {"align": str(clock), "args": args}
        raise TypeError(type(node).__name__)


def _roots(plan: Plan) -> Iterable[Node]:
    yield from _deciding(plan)
    # In an order that is none of the file's.
    models = [plan.llm[name] for name in _models(plan)]
    yield from told_nodes(models, (plan.signals[name] for name in sorted(plan.signals)))


def _deciding(plan: Plan) -> Iterable[Node]:
    yield from plan.rules.values()
    yield from plan.atr.values()
    optional = (plan.volatility, plan.scale, plan.risk_level)
    yield from (node for node in optional if node is not None)


def _models(plan: Plan) -> list[str]:
    """Return the models in the order in which decisions come upon them."""
    answers = (node for node in walk(*_deciding(plan)) if isinstance(node, Answer))
    return list(dict.fromkeys(node.signal for node in answers))


def _model(plan: Plan, model: LlmPlan, graph: _Listing) -> Json:
    """Return what can change the answers of a model: all that it is sent, and when."""
    llm, provider = model.definition, model.provider
    told = plan.known_before_asking() if "signals" in model.names else {}
    series = {need.name: [need.symbol, str(need.timeframe)] for need in plan.needs[1:]}
    return {
        "engine": provider.engine,
        "model": provider.model,
        "sampling": {
            "temperature": provider.temperature,
            "top_p": provider.top_p,
            "seed": provider.seed,
            "max_tokens": provider.max_tokens,
        },
        "prompts": [template.text for template in model.templates],
        "answer": [_field(one) for one in llm.answer],
        "examples": [[one.prompt, dict(one.answer)] for one in llm.examples],
        "every": llm.cadence.every,
        "at": graph.place(model.at),
        "valid_for": llm.cadence.valid_for,
        "window": llm.window,
        "anonymize": llm.anonymize,
        "vote": {"samples": llm.vote.samples, "agree": float(llm.vote.agree)},
        # Prompts use signals and series by their names.
        "signals": {name: graph.place(node) for name, node in told.items()},
        "series": {name: series[name] for name in sorted(model.names & series.keys())},
    }


def _field(form: AnswerField) -> Json:
    match form:
        case EnumField(name=name, values=values):
            return {"name": name, "choices": list(values)}
        case IntegerField(name=name, low=low, high=high):
            return {"name": name, "low": low, "high": high}
    return {"name": form.name, "text": form.limit}


def _sizing(plan: Plan) -> Json:
    sizing = plan.sizing
    data: Json = {"kind": sizing.kind, "value": float(sizing.value)}
    if sizing.kind == "volatility":
        data["lookback"] = sizing.lookback
    return data


def _risk(plan: Plan) -> Json:
    risk = plan.risk
    levels = {
        "stop_loss": risk.stop_loss,
        "take_profit": risk.take_profit,
        "trailing_stop": risk.trailing_stop,
    }
    data: Json = {name: _distance(one) for name, one in levels.items() if one is not None}
    lengths = {"time_exit": risk.time_exit, "cooldown": risk.cooldown}
    data |= {name: bars for name, bars in lengths.items() if bars is not None}
    limits = {"max_drawdown": risk.max_drawdown, "daily_loss": risk.daily_loss}
    data |= {name: float(limit) for name, limit in limits.items() if limit is not None}
    return data


def _distance(distance: Distance) -> Json:
    data: Json = {"kind": distance.kind, "value": float(distance.value)}
    if distance.kind == "atr":
        data["period"] = distance.period
    return data
