"""Answers of models by the many, on both databases."""

from __future__ import annotations

from dataclasses import replace

from rtrade.store.documents import Answer
from rtrade.store.store import Store


def answer(number: int, model: str = "m", text: str = "first") -> Answer:
    return Answer(
        f"{number:064x}", model, f'{{"n":{number}}}', text.encode(), 5, 7,
        {"cost": 0.25, "reply": {"finish": "stop"}}, 1_000 + number,
    )  # fmt: skip


def test_many_at_once(store: Store) -> None:
    given = [answer(n) for n in range(1200)]
    assert store.put_answers(given) == 1200
    found = store.answers([*(one.key for one in given), "absent"])
    assert list(found.values()) != []
    assert [found[one.key] for one in given] == given
    assert "absent" not in found
    assert store.answers([]) == {}
    assert store.answer_keys() == [one.key for one in given]


def test_what_is_there_stays(store: Store) -> None:
    store.put_answers([answer(1), answer(2)])
    later = [answer(2, text="second"), answer(3, text="second")]
    assert store.put_answers(later) == 1
    assert store.answers([answer(2).key])[answer(2).key].answer == b"first"
    assert store.put_answers(later, overwrite=True) == 2
    assert store.answers([answer(2).key])[answer(2).key].answer == b"second"
    assert store.put_answers([]) == 0


def test_the_same_key_twice_in_one_call_is_one_row(store: Store) -> None:
    assert store.put_answers([answer(1), replace(answer(1), answer=b"again")]) == 1


def test_the_latest_of_a_model(store: Store) -> None:
    store.put_answers([answer(1), answer(2, "other"), answer(3), answer(4)])
    assert [one.key for one in store.recent_answers("m", 2)] == [answer(4).key, answer(3).key]
    assert store.recent_answers("nobody", 5) == []
