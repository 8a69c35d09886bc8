"""From rendered prompts to requests: one decision point is one question to every voter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rtrade.config.llm_definitions import ExampleDef, LlmProviderDef, LlmSignalDef
from rtrade.llm.answers import AnswerForm
from rtrade.llm.replies import Message, Request

_REPAIR = (
    "That is no valid answer: {reason}. Answer again, with one JSON object that has the fields "
    "that were asked for, and nothing else."
)
# What of an answer that is invalid is shown to the model again.
_SHOWN = 2000


@dataclass(frozen=True)
class Question:
    """A decision point: the open time (ms) of its bar, and the requests of its voters."""

    time: int
    requests: tuple[Request, ...]


class Questioner:
    """Makes the questions of one signal to one provider."""

    def __init__(
        self, signal: LlmSignalDef, provider: LlmProviderDef, weights: str | None = None
    ) -> None:
        self.form = AnswerForm(signal.answer)
        self._signal, self._provider, self._weights = signal, provider, weights
        schema = self.form.bounded_schema if provider.engine == "local" else self.form.schema
        self._schema = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
        self._examples = tuple(message for one in signal.examples for message in _shown(one))

    def question(self, time: int, prompts: Sequence[str]) -> Question:
        """Return the question of the bar that opens at `time` (ms).

        `prompts` are the rendered prompt of the signal and those of `vote.prompts`, in order; each
        is asked `vote.samples` times.
        """
        samples = self._signal.vote.samples
        return Question(
            time,
            tuple(
                self._request(prompt, place * samples + sample)
                for place, prompt in enumerate(prompts)
                for sample in range(samples)
            ),
        )

    def _request(self, prompt: str, vote: int) -> Request:
        return Request(
            model=self._provider.model,
            messages=(*self._examples, Message("user", prompt)),
            schema=self._schema,
            sampling=_sampling(self._provider, vote),
            weights=self._weights,
            vote=vote,
        )


def repair(request: Request, text: str | None, reason: str) -> tuple[Message, ...]:
    """Return the messages that ask once more after an answer that was invalid for `reason`."""
    said = (Message("assistant", text[:_SHOWN]),) if text else ()
    return (*request.messages, *said, Message("user", _REPAIR.format(reason=reason)))


def _sampling(provider: LlmProviderDef, vote: int) -> tuple[tuple[str, float | int], ...]:
    # Samples of one prompt would all be the same with the same seed.
    seed = None if provider.seed is None else provider.seed + vote
    given = {
        "max_tokens": provider.max_tokens,
        "seed": seed,
        "temperature": provider.temperature,
        "top_p": provider.top_p,
    }
    return tuple((name, value) for name, value in given.items() if value is not None)


def _shown(example: ExampleDef) -> tuple[Message, Message]:
    answer = json.dumps(dict(example.answer), separators=(",", ":"), ensure_ascii=False)
    return Message("user", example.prompt), Message("assistant", answer)
