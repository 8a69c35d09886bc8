"""Ask a model outside of a run: what is stored is taken, and the cost is told before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.core.settings import load_settings
from rtrade.workflow.markets import FETCHED, Fetching, opened_store

if TYPE_CHECKING:
    from rtrade.config.llm_definitions import LlmProviderDef
    from rtrade.llm.cache import AnswerCache
    from rtrade.llm.decisions import Decision
    from rtrade.llm.endpoint import Endpoint
    from rtrade.llm.questions import Question
    from rtrade.llm.usage import Counters, Estimate
    from rtrade.workflow.prompting import Inquiry


@dataclass(frozen=True)
class Consulted:
    """The decisions, in the order of the questions, and what this execution has done for them."""

    decisions: tuple[Decision, ...]
    counters: Counters
    failed: bool


def consult(
    inquiry: Inquiry, questions: Sequence[Question], fetching: Fetching = FETCHED
) -> Consulted:
    """Return what a model decides; what its cache mode takes from the store is not asked for.

    Offline, nothing else is told. Raises LlmError where the endpoint cannot be used, or an
    answer is missing that may not be asked for.
    """
    from rtrade.llm.asking import Asker
    from rtrade.llm.cache import AnswerCache
    from rtrade.workflow.answering import missing_told, mode_of

    def progress(done: int, total: int) -> None:
        fetching.decided(inquiry.definition.name, done, total)

    definition, workspace = inquiry.definition, inquiry.compiled.workspace
    with opened_store(workspace) as store:
        cache = AnswerCache(store, mode_of(definition, offline=fetching.offline))
        with (
            _endpoint(inquiry.provider, questions, cache, workspace) as endpoint,
            Asker(definition, endpoint, cache) as asker,
        ):
            fetching.told(worded(inquiry.provider, asker.estimate(questions)))
            with missing_told(offline=fetching.offline):
                decisions = asker.ask(questions, progress)
            return Consulted(tuple(decisions), asker.counters, asker.failed)


def worded(provider: LlmProviderDef, estimate: Estimate) -> str:
    """Say what asking takes at most."""
    from rtrade.report.words import counted

    asked = f"{counted(estimate.decisions, 'question')} to {provider.name} ({provider.model})"
    text = f"{asked}, {estimate.cached:,} answered already"
    if not estimate.requests:
        return f"{text}: nothing is asked"
    money = "money unknown: the source states no prices"
    if provider.engine == "local":
        money = "no money"
    elif estimate.usd is not None:
        money = f"{estimate.usd:,.4f} USD"
    return f"{text}; at most {estimate.calls:,} calls, {estimate.tokens:,} tokens, {money}"


@contextmanager
def _endpoint(
    provider: LlmProviderDef, questions: Sequence[Question], cache: AnswerCache, workspace: Path
) -> Iterator[Endpoint]:
    """Open the provider; where nothing is to be sent, neither a key nor a model is needed."""
    from rtrade.llm.endpoint import Access, Endpoint
    from rtrade.llm.opening import open_endpoint
    from rtrade.workflow.answering import keys_of

    requests = {request.key: request for one in questions for request in one.requests}
    if cache.mode == "replay" or len(cache.find(requests.values())) == len(requests):
        yield Endpoint(provider, Access(provider.base_url, ""))
        return
    loopback = load_settings(workspace)["RTRADE_LOOPBACK"] not in ("", "0")
    with open_endpoint(provider, keys_of(provider, workspace), loopback_only=loopback) as found:
        yield found
