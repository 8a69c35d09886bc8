"""Ask for answers: the one place of deadlines, attempts, pace, breaker, budget and repair.

A run calls `ask` with all its questions before it begins, or with one after another while it is
going on. What is stored is not asked for; what is asked for is stored as it comes, so that a run
that breaks off goes on where it was. Equal requests are sent once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Self

from rtrade.config.llm_definitions import LlmSignalDef
from rtrade.llm.answers import AnswerForm
from rtrade.llm.cache import AnswerCache, Record
from rtrade.llm.decisions import Decision, Vote
from rtrade.llm.endpoint import Endpoint
from rtrade.llm.keeping import Keeper
from rtrade.llm.questions import Question
from rtrade.llm.replies import Request
from rtrade.llm.sending import Sender
from rtrade.llm.usage import Counters, Estimate, estimated_tokens, price_of
from rtrade.llm.voting import tally

# What is told while asking: decision points done, and how many there are.
Progress = Callable[[int, int], None]
_REPAIR_TOKENS = 120


class Asker:
    """Answers of one signal from one endpoint. A context manager: it holds connections."""

    def __init__(self, signal: LlmSignalDef, endpoint: Endpoint, cache: AnswerCache) -> None:
        self.signal, self.endpoint, self.cache = signal, endpoint, cache
        self.form = AnswerForm(signal.answer)
        self.counters = Counters(cost_usd=0.0 if endpoint.provider.prices else None)
        self._runner = asyncio.Runner()
        self._sender = Sender(signal, endpoint, self.form, self.counters)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self.endpoint.close())
        self._runner.close()

    @property
    def failed(self) -> bool:
        """Whether more decision points abstained than `on_failure` allows: the run is invalid."""
        counted = self.counters
        return counted.abstained > self.signal.on_failure.invalid_above * counted.decisions

    def estimate(self, questions: Sequence[Question]) -> Estimate:
        """Return what asking these questions will take at most, before anything is sent."""
        stored = {request.key for request, _ in self._found(questions)}
        missing = {
            request.key: request
            for one in questions
            for request in one.requests
            if request.key not in stored
        }
        prices, longest = self.endpoint.provider.prices, self.endpoint.provider.max_tokens
        prompts = sum(
            estimated_tokens(one.messages, one.schema) for one in missing.values()
        )  # fmt: skip
        repairs = prompts + len(missing) * (longest + _REPAIR_TOKENS)
        answers = 2 * len(missing) * longest
        return Estimate(
            decisions=len(questions),
            cached=sum(all(one.key in stored for one in each.requests) for each in questions),
            requests=len(missing),
            calls=len(missing) * (self.signal.attempts + 1),
            tokens=prompts + repairs + answers,
            usd=price_of(prompts + repairs, answers, prices) if prices else None,
        )

    def ask(
        self, questions: Sequence[Question], progress: Progress | None = None
    ) -> list[Decision]:
        """Return the decision of each question, in order.

        Raises LlmRefused and LlmUnreachable where the endpoint cannot be used at all, and
        AnswerMissing where the cache is only replayed and has no answer.
        """
        votes = {
            request.key: self._stored(request, record) for request, record in self._found(questions)
        }
        missing: dict[str, Request] = {}
        for one in questions:
            for request in one.requests:
                if request.key not in votes and request.key not in missing:
                    self.cache.require(one.time, request)
                    missing[request.key] = request
        if missing:
            keeper = Keeper(self.cache)
            told = _Told(questions, votes, progress)
            try:
                self._run(self._ask_all(list(missing.values()), votes, keeper, told))
            finally:
                # Nothing that was paid for may be lost, whatever ends the asking.
                keeper.rest()
        return [self._decided(one, votes) for one in questions]

    def _found(self, questions: Sequence[Question]) -> list[tuple[Request, Record]]:
        requests = {request.key: request for one in questions for request in one.requests}
        return [
            (requests[key], record) for key, record in self.cache.find(requests.values()).items()
        ]

    def _stored(self, request: Request, record: Record) -> Vote:
        result = self.form.read(record.reply)
        return Vote(request, result, record.reply, record.rejected, record.cost, stored=True)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        try:
            self._runner.run(work)
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def _ask_all(
        self,
        requests: Sequence[Request],
        votes: dict[str, Vote],
        keeper: Keeper,
        told: _Told,
    ) -> None:
        """Fill `votes`: so many workers take one request after another, in order."""
        self.endpoint.open()
        waiting = iter(requests)

        async def work() -> None:
            for request in waiting:
                vote = await self._sender.vote(request)
                votes[request.key] = vote
                if vote.reply is not None:
                    keeper.add(request, Record(vote.reply, vote.rejected, vote.cost))
                told.of(request.key)

        # A local model has one slot: a request that waits for it would lose its own time.
        local = self.endpoint.provider.engine == "local"
        count = min(1 if local else self.signal.concurrency, len(requests))
        async with asyncio.TaskGroup() as group:
            group.create_task(keeper.run())
            async with asyncio.TaskGroup() as workers:
                for _ in range(count):
                    workers.create_task(work())
            keeper.stop()

    def _decided(self, question: Question, votes: Mapping[str, Vote]) -> Decision:
        given = tuple(votes[request.key] for request in question.requests)
        decision = decide(self.form, question.time, given, self.signal.vote.agree)
        self.counters.decisions += 1
        self.counters.cached += decision.stored
        self.counters.abstained += decision.answer is None
        return decision


def decide(form: AnswerForm, time: int, votes: tuple[Vote, ...], agree: float) -> Decision:
    """Return what the votes of a point come to."""
    if len(votes) == 1:
        return Decision(time, votes[0].answer, votes, _why(votes[0]))
    counted = tally(form.fields, [vote.answer for vote in votes], agree)
    why = counted.reason
    if why and all(vote.answer is None for vote in votes):
        why = _why(votes[0])
    return Decision(time, counted.answer, votes, why)


def _why(vote: Vote) -> str:
    return "" if vote.answer is not None else getattr(vote.result, "detail", "")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what ended the asking: the first exception that is none of a cancellation."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


class _Told:
    """Counts the points that are complete, and tells of them."""

    def __init__(
        self, questions: Sequence[Question], votes: Mapping[str, Vote], progress: Progress | None
    ) -> None:
        self._progress, self._count = progress, len(questions)
        self._points: dict[str, list[int]] = {}
        self._open = [0] * len(questions)
        for place, question in enumerate(questions):
            for key in {request.key for request in question.requests if request.key not in votes}:
                self._points.setdefault(key, []).append(place)
                self._open[place] += 1
        self._done = self._open.count(0)
        self._tell()

    def of(self, key: str) -> None:
        for place in self._points[key]:
            self._open[place] -= 1
            self._done += self._open[place] == 0
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._count)
