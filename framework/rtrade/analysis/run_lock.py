"""run.lock: on what a run was made. Everything that may differ between equal runs stands here."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rtrade import __version__

LIBRARIES = (
    "adbc-driver-postgresql",
    "adbc-driver-sqlite",
    "aiohttp",
    "alembic",
    "backtrader",
    "ccxt",
    "click",
    "flask",
    "jinja2",
    "jsonschema",
    "numba",
    "numpy",
    "openai",
    "orjson",
    "prometheus-client",
    "psycopg",
    "pyarrow",
    "python-dotenv",
    "pyyaml",
    "rich",
    "sqlalchemy",
    "structlog",
    "TA-Lib",
    "tenacity",
    "waitress",
    "xllamacpp",
)


def run_lock(
    *,
    paths: Mapping[str, str],
    times: Mapping[str, str | float],
    plugins: Sequence[str] = (),
    arguments: Mapping[str, Any] | None = None,
    llm: Mapping[str, Any] | None = None,
) -> bytes:
    """Return run.lock as JSON: versions, machine, and what the caller gives.

    `plugins` are those in the catalog as `name==version`, `arguments` what the command line said
    instead of the file, `llm` what asking models took this time, by signal. A library that is not
    installed has null for a version.
    """
    document: dict[str, Any] = {
        "rtrade": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "machine": platform.machine(),
        "host": platform.node(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "plugins": list(plugins),
        "arguments": dict(arguments or {}),
        "paths": dict(paths),
        "times": dict(times),
    }
    if llm is not None:
        document["llm"] = dict(llm)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # Paths may hold bytes that are not UTF-8; JSON has an escape for what they are decoded to.
    return f"{text}\n".encode(errors="backslashreplace")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
