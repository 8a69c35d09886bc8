"""What the tests of asking share: a signal, a provider, questions, rows in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rtrade.config.llm_definitions import (
    CadenceDef,
    EnumField,
    IntegerField,
    LlmProviderDef,
    LlmSignalDef,
    PricesDef,
    TextField,
)
from rtrade.core.diagnostics import SourceText
from rtrade.llm.asking import Asker
from rtrade.llm.cache import AnswerCache
from rtrade.llm.endpoint import Access, Endpoint
from rtrade.llm.questions import Question, Questioner
from rtrade.store.documents import Answer as StoredAnswer

CANARY = "sk-canary-7f3a91c2d4e85b60"
HOUR = 3_600_000

FIELDS = (
    EnumField("action", ("buy", "sell", "hold")),
    IntegerField("confidence", 0, 100),
    TextField("reason"),
)
SIGNAL = LlmSignalDef(
    name="analyst",
    provider="stand_in",
    prompt=SourceText("prompts/analyst.j2", "strategy.yaml"),
    cadence=CadenceDef(every=24),
    answer=FIELDS,
    timeout=20_000,
    deadline=60_000,
    attempts=3,
    concurrency=4,
)
PROVIDER = LlmProviderDef(
    name="stand_in", model="stand-in", prices=PricesDef(1.0, 0.5, 2.0), temperature=0.0, seed=7
)


class Rows:
    """Stored answers in memory, as the store keeps them."""

    def __init__(self) -> None:
        self.rows: dict[str, StoredAnswer] = {}
        self.writes = 0

    def answers(self, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        return {key: self.rows[key] for key in keys if key in self.rows}

    def put_answers(self, answers: Sequence[StoredAnswer], *, overwrite: bool = False) -> int:
        self.writes += 1
        new = [one for one in answers if overwrite or one.key not in self.rows]
        self.rows.update((one.key, one) for one in new)
        return len(new)

    def recent_answers(self, model: str, limit: int) -> list[StoredAnswer]:
        found = [row for row in self.rows.values() if row.model == model]
        return sorted(found, key=lambda row: (-row.created, row.key))[:limit]

    def answer_keys(self) -> list[str]:
        return sorted(self.rows)


def questions(count: int, signal: LlmSignalDef = SIGNAL, text: str = "bar {}") -> list[Question]:
    questioner = Questioner(signal, PROVIDER)
    return [questioner.question(n * HOUR, [text.format(n)]) for n in range(count)]


def asker(
    url: str | None, store: Any = None, provider: LlmProviderDef = PROVIDER, **changes: Any
) -> Asker:
    signal = replace(SIGNAL, **changes)
    endpoint = Endpoint(provider, Access(url, CANARY))
    return Asker(signal, endpoint, AnswerCache(store or Rows(), signal.cache))
