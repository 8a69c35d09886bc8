"""Each bad file of the gallery is answered with the very words that stand beside it."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from diagnostics.cases import GALLERY, ask, call, make, read_cases
from rtrade.core.codes import CODES
from rtrade.core.codes.examples import ASKED, STRATEGY, Example

CASES = read_cases()
# Nothing in a file leads to these: they tell of an engine's name, of a function that looks ahead,
# which no function that ships does, and of prompts, which no strategy names yet.
NOT_IN_FILES = {"RT151", "RT152", "RT202", "RT405", "RT406", "RT407"}


def listing(folder: Path) -> dict[str, bytes | None]:
    """Return what is in a folder; of a file of 100 MB, only that it is there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file() and path.stat().st_size < 1_000_000
        else None
        for path in folder.rglob("*")
    }


@pytest.fixture(autouse=True)
def _ends():
    """Fail, rather than hang."""

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}: {case.title}")
def test_what_is_said_of_a_bad_file(case: Example, tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    make(case, folder)
    before = listing(folder)
    answer = ask(case, folder)
    assert answer.said == case.said
    assert "Traceback" not in answer.text
    for said in case.said:
        assert said.message in answer.text.replace(str(folder), "FOLDER")
        assert said.code in ("WORLD", "USAGE") or f"[{said.number}]" in answer.text
    assert answer.exit_code == expected_exit(case)
    assert listing(folder) == before


def expected_exit(case: Example) -> int:
    kinds = {said.code for said in case.said}
    if not kinds or "USAGE" in kinds:
        return 2
    if "WORLD" in kinds:
        return 4
    if any(not said.warning for said in case.said):
        return 3
    return 1 if case.given[:1] == ["check"] else 0


def test_the_base_is_right(tmp_path: Path) -> None:
    shutil.copytree(GALLERY / "base", tmp_path, dirs_exist_ok=True)
    for command in ("validate", "check", "run"):
        code, _, err = call([command, STRATEGY], tmp_path)
        assert (code, err) == (0, "")
    for command in ("validate", "check", "explain"):
        code, _, err = call([command, ASKED], tmp_path)
        assert (code, err) == (0, "")


def test_there_are_many_and_no_two_alike() -> None:
    assert len(CASES) >= 180
    assert len({(case.family, case.title) for case in CASES}) == len(CASES)


def test_every_code_has_an_example() -> None:
    shown = {said.number for case in CASES for said in case.said}
    assert CODES.keys() - shown == NOT_IN_FILES
