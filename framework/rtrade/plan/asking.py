"""Signals that a language model answers: their fields, when they are asked, with which prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rtrade.catalog.registry import Kind
from rtrade.config.definitions import StrategyDef
from rtrade.config.llm_definitions import LlmProviderDef, LlmSignalDef, PromptTemplate
from rtrade.core.diagnostics import SourceText
from rtrade.core.errors import EngineFault, InvalidInput
from rtrade.plan.answers import describe
from rtrade.plan.context import Context
from rtrade.plan.findings import Findings
from rtrade.plan.nodes import Answer, Const, Node, resting, rests_on_answers, walk
from rtrade.plan.plan import LlmPlan
from rtrade.plan.syntax import Expr

Elaborated = tuple[Context, Expr, Node]


@dataclass(frozen=True)
class PromptNames:
    """What a prompt may name beside the bar and the account: signals, and series of `also:`.

    `resting` are the signals that rest on what a model answers: no prompt is told them.
    """

    signals: tuple[str, ...]
    series: tuple[str, ...]
    resting: tuple[str, ...] = ()


class PromptReader(Protocol):
    """Reads and checks the template that a strategy names by its path."""

    def __call__(self, prompt: SourceText, names: PromptNames) -> PromptTemplate:
        """Return the template; raise InvalidInput with what is wrong with it."""
        ...


@dataclass(frozen=True)
class Asking:
    """What stands outside of the strategy file: providers by signal, and the prompts."""

    providers: Mapping[str, LlmProviderDef]
    read_prompt: PromptReader


class Models:
    """The models of one strategy, being worked out."""

    def __init__(
        self,
        definition: StrategyDef,
        asking: Asking | None,
        findings: Findings,
        elaborate: Callable[[SourceText], Elaborated | None],
    ) -> None:
        if definition.llm and asking is None:
            raise EngineFault("a strategy that asks a model was compiled without providers")
        self._definition, self._asking = definition, asking
        self._findings, self._elaborate = findings, elaborate

    def read(self, signals: Mapping[str, Node | None]) -> dict[str, LlmPlan]:
        """Return what is to be asked, by signal; `signals` are the others (None: has errors)."""
        if not self._definition.llm:
            return {}
        series = tuple(also.name for also in self._definition.data.also)
        asked = resting(*(node for node in signals.values() if node is not None))
        without = [llm.name for llm in self._definition.llm]
        without += [name for name, node in signals.items() if id(node) in asked]
        told = tuple(name for name in signals if name not in without)
        names = PromptNames(told, series, tuple(without))
        found = {}
        for llm in self._definition.llm:
            assert self._asking is not None
            provider = self._asking.providers[llm.name]
            self._check_use(llm, provider)
            found[llm.name] = LlmPlan(llm, provider, self._at(llm), self._templates(llm, names))
        return found

    def _templates(self, llm: LlmSignalDef, names: PromptNames) -> tuple[PromptTemplate, ...]:
        assert self._asking is not None
        found = []
        for prompt in (llm.prompt, *llm.vote.prompts):
            try:
                template = self._asking.read_prompt(prompt, names)
            except InvalidInput as invalid:
                self._findings.include(invalid.diagnostics)
                continue
            if not template.names:
                message = "the prompt uses no value of the market: the same is asked at every bar"
                advice = "use what it is told, such as `{{ close }}` or `{{ stats.change | pct }}`"
                self._findings.warning("RT416", message, prompt.span(), advice)
            found.append(template)
        return tuple(found)

    def _at(self, llm: LlmSignalDef) -> Node | None:
        source = llm.cadence.at
        done = None if source is None else self._elaborate(source)
        if done is None:
            return None
        ctx, expr, node = done
        if node.kind != Kind.BOOLEAN:
            message = f"`at` must be a condition; {ctx.text(expr)} is {describe(node)}"
            ctx.error("RT121", message, expr, "ask at regular times with `every: 24 bars`")
        elif rests_on_answers(node):
            message = "when a model is asked cannot rest on what a model answers"
            ctx.error("RT413", message, expr, "build the condition of `at` on bars alone")
        elif isinstance(node, Const):
            never = "the model is asked at every bar" if node.value else "the model is never asked"
            advice = "ask at regular times with `every: 24 bars`"
            ctx.warning("RT123", f"`at` never changes: {never}", expr, advice)
        return ctx.graph.bring(node, ctx.graph.base)

    def _check_use(self, llm: LlmSignalDef, provider: LlmProviderDef) -> None:
        """Note what of a signal does not go with its provider."""
        document, at = self._findings.document, ("signals", llm.name, "llm")
        if llm.vote.samples > 1 and provider.temperature == 0:
            self._findings.warning(
                "RT416",
                f"`{provider.name}` answers at a temperature of 0: {llm.vote.samples} samples of "
                "one prompt are all the same",
                document.value_span((*at, "vote", "samples")),
                "raise the `temperature` of the provider, or let several `prompts` vote",
            )
        if llm.budget.usd is not None and provider.prices is None:
            advice = f"add `prices` to `{provider.name}`, or limit `calls` or `tokens`"
            if provider.engine == "local":
                advice = "the embedded model costs nothing: remove it, or limit `calls`"
            self._findings.error(
                "RT029",
                f"`usd` cannot be kept: what `{provider.name}` costs is not known",
                document.key_span((*at, "budget", "usd")),
                advice,
            )


def asked(models: Mapping[str, LlmPlan], roots: Iterable[Node]) -> dict[str, LlmPlan]:
    """Return the models whose answers decide, in the order of the file."""
    used = {node.signal for node in walk(*roots) if isinstance(node, Answer)}
    return {name: model for name, model in models.items() if name in used}


def seen_bars(models: Iterable[LlmPlan], series: Iterable[str]) -> dict[str, int]:
    """Return how many bars of each series prompts see; the base series is called ""."""
    known, found = set(series), {"": 0}
    for model in models:
        for name in ("", *sorted(model.names & known)):
            found[name] = max(found.get(name, 0), model.definition.window)
    return found


def told_nodes(models: Iterable[LlmPlan], signals: Iterable[Node]) -> list[Node]:
    """Return what asking rests on: the conditions of `at:`, and the signals that prompts see."""
    used = list(models)
    conditions = [model.at for model in used if model.at is not None]
    if not any("signals" in model.names for model in used):
        return conditions
    nodes = list(signals)
    asked = resting(*nodes)
    return [*conditions, *(node for node in nodes if id(node) not in asked)]
