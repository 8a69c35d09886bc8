"""One request until its answer, or until time, attempts or budget are used up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from rtrade.config.llm_definitions import LlmSignalDef
from rtrade.core.errors import LlmRefused, LlmUnreachable
from rtrade.llm.answers import AnswerForm, Invalid
from rtrade.llm.decisions import Miss, Vote
from rtrade.llm.endpoint import Endpoint
from rtrade.llm.faults import Failed, FormRefused, Trouble
from rtrade.llm.limits import Breaker, Budget, Clock, Pace, backoff
from rtrade.llm.questions import repair
from rtrade.llm.replies import Message, Reply, Request
from rtrade.llm.usage import Counters, cost_of, estimated_tokens, price_of


class Sender:
    """Sends the requests of one signal to one endpoint, within all of its bounds.

    The deadline of a request begins when its turn has come: waiting for a place in the row of
    `rate`, or for a free slot, is no part of it. Everything else is: waits that the endpoint asks
    for, further attempts, the repair.
    """

    def __init__(
        self,
        signal: LlmSignalDef,
        endpoint: Endpoint,
        form: AnswerForm,
        counters: Counters,
        clock: Clock = time.monotonic,
    ) -> None:
        self._signal, self._endpoint, self._form = signal, endpoint, form
        self._counters, self._clock = counters, clock
        self._budget = Budget(signal.budget)
        self._breaker = Breaker(signal.on_failure, clock)
        self._pace = Pace(signal.rate, clock)
        self._rung = 0
        self._heard = False

    async def vote(self, request: Request) -> Vote:
        """Return what a request comes to. Raises LlmRefused and LlmUnreachable."""
        await self._wait(self._pace.take())
        until = self._clock() + self._signal.deadline / 1000
        try:
            reply = await self._reply(request, request.messages, until, self._signal.attempts)
        except Failed as fault:
            return Vote(request, Miss(fault.trouble, fault.detail))
        result = self._form.read(reply)
        if isinstance(result, Invalid):
            self._counters.invalid += 1
            return await self._repaired(request, reply, result, until)
        return Vote(request, result, reply, cost=self._cost(reply))

    async def _repaired(self, request: Request, first: Reply, why: Invalid, until: float) -> Vote:
        """Ask once more after an invalid answer; what comes then is final."""
        messages = repair(request, first.text, why.detail)
        try:
            await self._wait(self._place(until))
            reply = await self._reply(request, messages, until, 1)
        except Failed:
            # Without a second reply the first is not final: it is not stored.
            return Vote(request, why, None, (first,), self._cost(first))
        result = self._form.read(reply)
        self._counters.invalid += isinstance(result, Invalid)
        return Vote(request, result, reply, (first,), self._cost(first, reply))

    async def _reply(
        self, request: Request, messages: Sequence[Message], until: float, attempts: int
    ) -> Reply:
        """Return the reply of the first attempt that has one, and tell the breaker."""
        if not self._breaker.allows():
            raise Failed(Trouble.BREAKER, "the endpoint is left alone after failures in a row")
        try:
            reply = await self._attempts(request, messages, until, attempts)
        except Failed as fault:
            if fault.trouble is Trouble.BUDGET:
                self._breaker.withdrew()
                raise
            self._breaker.failed()
            if self._breaker.tripped and not self._heard:
                raise LlmUnreachable(
                    f"`{self._endpoint.provider.name}` has not replied once: {fault.detail}",
                    hint="is it running, and is `base_url` of the source right? what is stored "
                    "stays, and the next run goes on from there",
                ) from None
            raise
        except BaseException:
            self._breaker.withdrew()
            raise
        self._breaker.succeeded()
        self._heard = True
        return reply

    async def _attempts(
        self, request: Request, messages: Sequence[Message], until: float, attempts: int
    ) -> Reply:
        attempt = 0
        while True:
            await self._wait(self._held(until))
            try:
                return await self._attempt(request, messages, until)
            except FormRefused:
                # Another way to demand the form is no further attempt at the same thing.
                continue
            except Failed as fault:
                attempt += 1
                if not fault.passing or attempt >= attempts:
                    raise
                delay = 0.0 if fault.retry_after is not None else backoff(attempt - 1, request.key)
                if self._clock() + delay >= until:
                    raise
            await self._wait(delay)
            await self._wait(self._place(until))

    async def _attempt(self, request: Request, messages: Sequence[Message], until: float) -> Reply:
        """Send once: within the budget, and in the way that the endpoint takes."""
        remaining = until - self._clock()
        if remaining <= 0:
            raise Failed(Trouble.DEADLINE, f"no answer within {self._signal.deadline / 1000:g} s")
        set_aside = self._set_aside(request, messages)
        if not self._budget.take(*set_aside):
            raise Failed(Trouble.BUDGET, self._budget.exhausted)
        self._counters.calls += 1
        rung, spent = self._rung, (0, 0.0)
        try:
            reply = await self._endpoint.send(
                request,
                messages,
                self._endpoint.rungs[rung],
                min(self._signal.timeout / 1000, remaining),
            )
            spent = self._spend(reply)
        except FormRefused as refused:
            self._step_down(rung, refused)
            raise
        except Failed as fault:
            if fault.retry_after is not None:
                self._pace.hold(fault.retry_after)
            raise
        finally:
            self._budget.settle(set_aside, spent)
        return reply

    def _step_down(self, rung: int, refused: FormRefused) -> None:
        """Go on with the next way to demand the form; others may have done so meanwhile."""
        self._rung = max(self._rung, rung + 1)
        if self._rung >= len(self._endpoint.rungs):
            self._rung = rung
            raise LlmRefused(
                f"`{self._endpoint.provider.name}` offers no structured answers: {refused.detail}",
                hint="use an endpoint that takes `response_format`",
            ) from None

    def _set_aside(self, request: Request, messages: Sequence[Message]) -> tuple[int, float]:
        prompt = estimated_tokens(messages, request.schema)
        provider = self._endpoint.provider
        usd = price_of(prompt, provider.max_tokens, provider.prices)
        return prompt + provider.max_tokens, usd

    def _spend(self, reply: Reply) -> tuple[int, float]:
        """Count what a reply cost; return its tokens and its price."""
        counters, cost = self._counters, cost_of(reply, self._endpoint.provider.prices)
        counters.prompt_tokens += reply.prompt_tokens
        counters.completion_tokens += reply.completion_tokens
        if cost is not None and counters.cost_usd is not None:
            counters.cost_usd += cost
        return reply.prompt_tokens + reply.completion_tokens, cost or 0.0

    def _cost(self, *replies: Reply) -> float | None:
        costs = [cost_of(one, self._endpoint.provider.prices) for one in replies]
        return None if None in costs else sum(one or 0.0 for one in costs)

    def _held(self, until: float) -> float:
        """Return for how long the endpoint wants to be left alone; raise Failed if too long."""
        wait = self._pace.held()
        if wait and self._clock() + wait >= until:
            raise Failed(Trouble.RATE_LIMITED, f"the endpoint asks to wait for {wait:.0f} s")
        return wait

    def _place(self, until: float) -> float:
        """Take a place in the row for one more request; raise Failed if it comes too late."""
        wait = self._pace.take()
        if self._clock() + wait >= until:
            raise Failed(Trouble.DEADLINE, f"no answer within {self._signal.deadline / 1000:g} s")
        return wait

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)
