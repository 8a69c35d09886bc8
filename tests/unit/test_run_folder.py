"""A run's folder is whole at every moment: after errors, crashes and races."""

from __future__ import annotations

import configparser
import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rtrade.analysis import run_folder
from rtrade.analysis.run_folder import publish
from rtrade.analysis.run_lock import LIBRARIES, run_lock
from rtrade.core.errors import UsageError, WorldError

ROOT = Path(__file__).parents[2]
CRASHES = Path(__file__).with_name("run_folder_crashes.py")
FILES = {"result.json": b"{}\n", "report.html": b"<!doctype html>"}


def run(*command: object) -> str:
    env = os.environ | {"PYTHONPATH": str(ROOT / "framework")}
    done = subprocess.run(
        [sys.executable, *map(str, command)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def opened(folder: Path) -> dict[str, bytes]:
    """Read the one folder that has the name at this moment; less where it is being removed."""
    found: dict[str, bytes] = {}
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return found
    try:
        for name in ("a", "b", "c"):
            with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=handle), "rb") as file:
                found[name] = file.read()
    except FileNotFoundError:
        return found
    finally:
        os.close(handle)
    return found


def others(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.name != ".rtrade-lock")


def test_a_new_run_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    folder = publish(tmp_path / "a" / "runs", "sma-0123456789", FILES)
    assert folder == tmp_path / "a" / "runs" / "sma-0123456789"
    assert content(folder) == FILES
    assert others(folder.parent) == ["sma-0123456789"]


@pytest.mark.parametrize("swaps", [True, False])
def test_a_run_again_replaces_all_of_the_old_one(tmp_path: Path, monkeypatch, swaps: bool) -> None:
    if not swaps:
        monkeypatch.setattr(run_folder, "_swap", lambda *_: False)
    publish(tmp_path, "run", FILES | {"old.csv": b"1"})
    (tmp_path / "run" / "sub").mkdir()
    publish(tmp_path, "run", {"result.json": b"new"})
    assert content(tmp_path / "run") == {"result.json": b"new"}
    assert others(tmp_path) == ["run"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/b", "a\\b", "/abs", ".hidden", "a b", "naïve", "a\n", "a\0"]
)
def test_names_that_could_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name") as caught:
        publish(tmp_path / "runs", name, FILES)
    assert caught.value.hint
    with pytest.raises(UsageError):
        publish(tmp_path / "runs", "run", {name: b""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "A.b_c-1", "-", "_", "a..b"])
def test_other_names_are_fine(tmp_path: Path, name: str) -> None:
    assert content(publish(tmp_path, name, FILES)) == FILES


@pytest.mark.skipif(sys.platform == "win32", reason="signals and forks are POSIX")
@pytest.mark.parametrize("way", ["swap", "rename"])
@pytest.mark.parametrize("before", ["old", "none"])
def test_a_kill_at_any_step_leaves_a_whole_folder(tmp_path: Path, way: str, before: str) -> None:
    lines = [json.loads(line) for line in run(CRASHES, tmp_path / "runs", way, before).splitlines()]
    *crashed, last = lines
    assert len(crashed) >= 12
    for found in crashed:
        assert found["died"]
        # Two renames leave a moment without a name; the next publisher gives it back.
        gap = {"none"} if way == "rename" or before == "none" else set()
        assert found["after"] in {before, "new"} | gap, found
        assert found["mended"] in {before, "new"}, found
        assert found["left"] == [".rtrade-lock"], found
    assert not last["died"]
    assert last["after"] == last["mended"] == "new"
    states = [found["mended"] for found in crashed]
    assert states == sorted(states, key=["old", "none", "new"].index)  # never back again
    if before == "old":
        assert {"old", "new"} <= set(states)


def test_publishers_of_the_same_run_all_succeed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rtrade.analysis.run_folder import publish\n"
        "for i in range(15): publish(Path(sys.argv[1]), 'run',"
        " {n: (sys.argv[2] + str(i)).encode() for n in ('a', 'b', 'c')})"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT / "framework")}
    command = [sys.executable, "-c", script, str(tmp_path)]
    publishers = [subprocess.Popen([*command, str(number)], env=env) for number in range(3)]
    looks = 0
    try:
        while any(publisher.poll() is None for publisher in publishers):
            seen = opened(tmp_path / "run")
            looks += len(seen) == 3
            assert len(seen) < 3 or len(set(seen.values())) == 1
    finally:
        codes = [publisher.wait() for publisher in publishers]
    assert codes == [0, 0, 0]
    assert looks
    found = content(tmp_path / "run")
    assert set(found) == {"a", "b", "c"}
    assert len(set(found.values())) == 1
    assert others(tmp_path) == ["run"]


def test_a_full_disk_is_told_and_leaves_the_old_run(tmp_path: Path, monkeypatch) -> None:
    publish(tmp_path, "run", FILES)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorldError, match="No space left") as caught:
        publish(tmp_path, "run", {"result.json": b"new"})
    assert "free some space" in caught.value.hint
    assert "--out" in caught.value.hint
    assert content(tmp_path / "run") == FILES
    assert others(tmp_path) == ["run"]


def test_a_swap_that_fails_for_good_leaves_the_old_run(tmp_path: Path, monkeypatch) -> None:
    publish(tmp_path, "run", FILES)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target.name == "run" and ".rtrade-new-" in self.name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(run_folder, "_swap", lambda *_: False)
    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(WorldError, match="Permission denied") as caught:
        publish(tmp_path, "run", {"result.json": b"new"})
    assert "writable" in caught.value.hint
    assert content(tmp_path / "run") == FILES
    assert others(tmp_path) == ["run"]


def test_places_that_cannot_hold_runs_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(WorldError) as caught:
            publish(root, "run", FILES)
        assert str(root) in caught.value.message
        assert caught.value.hint
    with pytest.raises(WorldError):
        publish(tmp_path, "x" * 300, FILES)


def test_what_stands_in_the_way_and_is_no_folder_is_kept(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("run", "link"):
        with pytest.raises(WorldError, match="is not a folder"):
            publish(tmp_path, name, FILES)
    assert (tmp_path / "run").read_text() == "mine"
    assert (tmp_path / "link").is_symlink()
    assert others(tmp_path) == ["elsewhere", "link", "run"]


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in (".git", ".new-thing", "notes", "other-run"):
        (tmp_path / name).mkdir()
    publish(tmp_path, "run", FILES)
    assert others(tmp_path) == [".git", ".new-thing", "notes", "other-run", "run"]


def test_publishing_loads_nothing_heavy() -> None:
    script = "import sys, rtrade.analysis.run_folder; print('numpy' in sys.modules)"
    assert run("-c", script).strip() == "False"


def test_run_lock_says_on_what_a_run_was_made() -> None:
    paths, times = {"strategy": "/home/\udcff/sma.yaml"}, {"started": "2024-01-01T00:00:00Z"}
    lock = run_lock(paths=paths, times=times)
    document = json.loads(lock)
    assert document["python"].endswith(".".join(map(str, sys.version_info[:3])))
    assert re.fullmatch(r"[0-9.]+", document["libraries"]["numpy"])
    assert (document["paths"], document["times"]) == (paths, times)
    assert lock.endswith(b"}\n")


def test_run_lock_names_every_library_that_rtrade_needs() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = config["options"]["install_requires"].split("\n")
    names = {re.split(r"[\[ <>=]", line)[0] for line in needed if line}
    assert names <= set(LIBRARIES)


def test_a_library_that_is_missing_is_null(monkeypatch) -> None:
    monkeypatch.setattr("rtrade.analysis.run_lock.LIBRARIES", ("no-such-library-here",))
    lock = json.loads(run_lock(paths={}, times={}))
    assert lock["libraries"] == {"no-such-library-here": None}
