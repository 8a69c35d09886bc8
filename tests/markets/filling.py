"""Fill a store from a stand-in by processes that are killed at any moment, until one gets through.

    python filling.py WORKSPACE KILLS SEED

Each child is a fork that syncs, and is killed with SIGKILL after a stretch of time drawn from the
seed; then a last one runs to its end. Prints how many were killed in the middle of their work.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from markets.support import H1, START, SYMBOL, open_fast
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.settings import load_settings
from rtrade.data.syncing import sync
from rtrade.store.opening import open_store

# The longest that a child may live before it is killed, in seconds.
LONGEST = 0.4


def fill(workspace: Path) -> None:
    """Sync everything, once."""
    venue = open_fast(workspace)
    key = SeriesKey(venue.name, SYMBOL, H1)
    url = load_settings(workspace)["DATABASE_URL"]
    with open_store(url, workspace / ".rtrade") as store:
        sync(store, venue, key, Interval(START, 2**61))


def start(workspace: Path) -> int:
    """Start a child that syncs; return its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            fill(workspace)
            code = 0
        except BaseException:  # noqa: BLE001  # told, and the exit code says so
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def main() -> None:
    workspace, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    # Loaded once, so that children are killed at work and not while they import.
    import rtrade.exchange.library

    rtrade.exchange.library.ccxt()
    draw = random.Random(seed)
    killed = 0
    for _ in range(kills):
        child = start(workspace)
        time.sleep(draw.uniform(0.0, LONGEST))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    _, status = os.waitpid(start(workspace), 0)
    sys.stdout.write(
        f"{killed} killed, the last one ended with {os.waitstatus_to_exitcode(status)}\n"
    )


if __name__ == "__main__":
    main()
