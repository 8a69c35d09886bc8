"""Kill a publisher at every step, and print what is left each time; run as a program.

    python run_folder_crashes.py ROOT swap|rename old|none

Each line is a JSON object: the step it died at, what stands under the final name right after
(old, new, or none), what stands there after another run was published, and what else is left.
The last line is of the publisher that came through.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from rtrade.analysis import run_folder

OLD = {"result.json": b"old", "report.html": b"old" * 1000}
NEW = {"result.json": b"new", "report.html": b"new" * 1000}
# All that touches the file system; a kill comes right before each.
WATCHED = ("open", "mkdir", "rename", "rmdir", "unlink", "fsync", "scandir", "close")


def killed_at(step: int):
    """Replace the functions of `os` by ones that count, and die before call number `step`."""
    calls = iter(range(10_000))
    for name in WATCHED:
        real = getattr(os, name)

        def counted(*args, real=real, **named):
            if next(calls) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **named)

        setattr(os, name, counted)
    swap = run_folder._swap

    def swapped(*args):
        for when in ("before", "after"):
            done = swap(*args) if when == "after" else False
            if next(calls) == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return done

    run_folder._swap = swapped


def standing(folder: Path) -> str:
    if not folder.exists():
        return "none"
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {str(OLD): "old", str(NEW): "new"}.get(
        str({name: found[name] for name in OLD if name in found}), f"half: {sorted(found)}"
    )


def crash(root: Path, step: int, *, before: bool) -> dict[str, object]:
    if root.exists():
        shutil.rmtree(root)
    if before:
        run_folder.publish(root, "run-1", OLD)
    child = os.fork()
    if child == 0:
        killed_at(step)
        run_folder.publish(root, "run-1", NEW)
        os._exit(0)
    died = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    after = standing(root / "run-1")
    run_folder.publish(root, "run-2", OLD)
    return {
        "step": step,
        "died": died,
        "after": after,
        "mended": standing(root / "run-1"),
        "left": sorted(path.name for path in root.iterdir() if path.name[:4] != "run-"),
    }


def main() -> None:
    root, way, before = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "old"
    if way == "rename":
        run_folder._swap = lambda *_: False
    for step in range(200):
        found = crash(root, step, before=before)
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()
        if not found["died"]:
            return


if __name__ == "__main__":
    main()
