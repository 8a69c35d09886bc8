"""Recordings: what goes out comes back, and nothing else comes in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.cases import Rows, asker, questions
from llm.endpoint import GOOD, StandIn, says
from rtrade.core.codes import CODES
from rtrade.core.errors import InvalidInput, WorldError
from rtrade.llm.cache import Record, rows_of
from rtrade.llm.decisions import answers_digest
from rtrade.llm.recordings import Imported, read_recording, write_recording
from rtrade.llm.replies import Message, Reply, Request


@pytest.fixture
def rows() -> Rows:
    """Rows of some answers: right, repaired, invalid, empty."""
    kept = Rows()
    script = [says(GOOD | {"reason": "é\ud800\u2028"}), says("no"), says(), says("no")]
    with StandIn(*script) as server, asker(server.url, kept, concurrency=1) as one:
        one.ask(questions(3))
    assert len(kept.rows) == 3
    return kept


def test_a_recording_is_replayed_elsewhere(rows: Rows, tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "deep" / "answers.jsonl", Rows()
    assert write_recording(rows_of(rows), path) == 3
    assert read_recording(path, elsewhere) == Imported(3, 0)
    assert elsewhere.rows == rows.rows
    assert read_recording(path, elsewhere) == Imported(0, 3)
    digests = set()
    for store in (rows, elsewhere):
        with asker(None, store, cache="replay") as one:
            digests.add(answers_digest(one.ask(questions(3))))
    assert len(digests) == 1
    again = tmp_path / "again.jsonl"
    write_recording(rows_of(elsewhere), again)
    assert again.read_bytes() == path.read_bytes()


def test_rows_can_be_chosen(rows: Rows, tmp_path: Path) -> None:
    keys = rows.answer_keys()[:2]
    assert [row.key for row in rows_of(rows, [*keys, keys[0], "absent"])] == keys


def lines_of(rows: Rows, tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "made.jsonl"
    write_recording(rows_of(rows), path)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(key="0" * 64),
        lambda row: row["request"].update(model="another"),
        lambda row: row["request"]["messages"].append(["user", "more"]),
        lambda row: row.pop("answer"),
        lambda row: row.update(answer=7),
        lambda row: row.update(created="now"),
        lambda row: row["details"].pop("reply"),
        lambda row: row["details"]["reply"].update(latency="long"),
        lambda row: row["details"].update(cost="free"),
        lambda row: row.clear(),
    ],
)
def test_a_changed_row_is_refused_with_its_line(rows: Rows, tmp_path: Path, change: object) -> None:
    lines = lines_of(rows, tmp_path)
    change(lines[1])  # type: ignore[operator]  # a function of a row
    path = tmp_path / "changed.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    elsewhere = Rows()
    with pytest.raises(InvalidInput) as caught:
        read_recording(path, elsewhere)
    found = caught.value.diagnostics[0]
    assert found.code == "RT407"
    assert found.code in CODES
    assert found.span is not None
    assert found.span.line == 2
    assert elsewhere.rows == {}


@pytest.mark.parametrize("content", [b"\xff\n", b"[1]\n", b"{\n", b"[" * 50_000, b"\n", b"null\n"])
def test_what_is_no_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="RT407"):
        read_recording(path, Rows())


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="RT001"):
        read_recording(tmp_path / "absent", Rows())
    with pytest.raises(InvalidInput, match="RT002"):
        read_recording(tmp_path, Rows())


def test_what_cannot_be_written_leaves_nothing(rows: Rows, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorldError, match="cannot write"):
        write_recording(rows_of(rows), tmp_path / "file" / "x.jsonl")

    def broken() -> object:
        yield from list(rows_of(rows))[:1]
        raise OSError("gone")

    with pytest.raises(WorldError, match="gone"):
        write_recording(broken(), tmp_path / "y.jsonl")  # type: ignore[arg-type]  # rows, then none
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


REQUEST = Request("m", (Message("user", "x"),), '{"type":"object"}', (("seed", 1),), "w", 0)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"}, {"messages": (Message("system", "x"),)}, {"schema": "{}"}, {"vote": 1},
        {"messages": (Message("user", "x "),)}, {"sampling": ()}, {"weights": None},
        {"sampling": (("seed", 2),)}, {"messages": (Message("user", "x"), Message("user", ""))},
    ],
)  # fmt: skip
def test_everything_that_is_sent_is_in_the_key(change: dict[str, object]) -> None:
    assert replace(REQUEST, **change).key != REQUEST.key  # type: ignore[arg-type]  # of many types


def test_the_key_does_not_depend_on_how_a_request_is_written() -> None:
    first = replace(REQUEST, sampling=(("a", 1), ("b", 2)), schema='{"a": 1, "b": 2}')
    second = replace(REQUEST, sampling=(("b", 2), ("a", 1)), schema='{"b":2,"a":1}')
    assert first.key == second.key
    # Keys name rows that others have: they may never change by accident.
    assert REQUEST.key == "50c2868603e3581baed8b95e6f64d8c7bb2806c2928b2487af93b977a110fdfa"


texts = st.text(max_size=20)


@given(st.none() | texts, texts, st.none() | texts, st.integers(0, 10**6), st.floats(0, 1))
def test_a_record_comes_back_as_it_was(
    text: str | None, finish: str, refusal: str | None, tokens: int, cost: float
) -> None:
    reply = Reply(text, finish, refusal, prompt_tokens=tokens, latency=3)
    record = Record(reply, (reply, replace(reply, text="first")), cost)
    row = record.row(REQUEST, 5)
    assert Record.of(row) == record
    assert row.prompt_tokens == 3 * tokens
