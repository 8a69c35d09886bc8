"""The peers, pinned, each in a virtual environment of its own outside of the repository."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "peers"
RTRADE = "rtrade"

# What is installed for each peer: itself, and what its speed hangs on.
PEERS: dict[str, tuple[str, ...]] = {
    "backtrader": ("backtrader==1.9.78.123", "numpy==2.4.6", "pandas==3.1.1"),
    "backtesting": ("backtesting==0.6.6", "numpy==2.4.6", "pandas==3.1.1"),
    "vectorbt": ("vectorbt==1.2.0", "numba==0.68.1", "numpy==2.4.6", "pandas==3.1.1"),
    "nautilus": ("nautilus_trader==1.221.0", "numpy==2.4.6", "pandas==2.3.3"),
    "bt": ("bt==1.4.1", "ffn==1.4.1", "numpy==2.4.6", "pandas==3.1.1"),
    "freqtrade": ("freqtrade==2026.9", "ccxt==4.5.90"),
    "zipline": (
        "zipline-reloaded==3.2.1",
        "exchange_calendars==4.13.2",
        "numpy==2.4.6",
        "pandas==2.3.3",
    ),
}
# The module that a user of the peer imports, where it is not called like the environment.
MODULES = {
    "freqtrade": "freqtrade.optimize.backtesting",
    "nautilus": "nautilus_trader.backtest.engine",
    RTRADE: "rtrade.workflow.running",
}


def default_folder() -> Path:
    """Return where environments are kept between runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "rtrade-bench"


def python_of(peer: str, folder: Path) -> Path:
    """Return the interpreter of a peer; make its environment where it is not there as pinned."""
    if peer == RTRADE:
        return Path(sys.executable)
    place, wanted = folder / peer, "\n".join(PEERS[peer])
    python, stamp = place / "bin" / "python", place / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {', '.join(PEERS[peer])}", file=sys.stderr)
        venv.create(place, clear=True, symlinks=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, *PEERS[peer]], check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{peer} does not install:\n{done.stderr}")
        stamp.write_text(wanted)
    return python


def run_script(python: Path, script: str, *arguments: object) -> dict:
    """Run a script of `peers/` and return the JSON document that it prints last."""
    command = [str(python), str(SCRIPTS / f"run_{script}.py"), *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=surroundings())
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def surroundings() -> dict[str, str]:
    """Return the environment variables of measured processes: this checkout, one thread."""
    framework = os.environ.get("RTRADE_FRAMEWORK", str(HERE.parent / "framework"))
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one, "PYTHONPATH": framework}


def import_seconds(peer: str, python: Path, rounds: int) -> float:
    """Return the wall seconds of importing a peer, without those of starting Python."""
    module = MODULES.get(peer, peer)
    commands = [[str(python), "-c", code] for code in ("pass", f"import {module}")]
    took: list[float] = []
    for _ in range(rounds + 1):
        walls = []
        for command in commands:
            clock = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=surroundings())
            walls.append(time.perf_counter() - clock)
        took.append(walls[1] - walls[0])
    # The first import may still write bytecode.
    return statistics.median(took[1:])


def versions(python: Path, packages: list[str]) -> str:
    """Return the installed versions of packages, as `name version, ...`."""
    code = "import importlib.metadata as m, sys; print(*(m.version(p) for p in sys.argv[1:]))"
    command = [str(python), "-c", code, *packages]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=surroundings())
    pairs = zip(packages, done.stdout.split(), strict=True)
    return ", ".join(f"{name} {version}" for name, version in pairs)
