"""`rtrade doctor`: is this installation able to run a strategy from file to report?"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rtrade import __version__
from rtrade.catalog.installed import Plugin, installed
from rtrade.core.errors import LlmNotInstalled, RtradeError
from rtrade.core.resources import data_folder
from rtrade.core.settings import SETTINGS, load_secret, load_settings
from rtrade.execution.engines import kept_kernels

# Distribution name -> the module that shows that it can be loaded.
_LIBRARIES = {
    "backtrader": "backtrader",
    "TA-Lib": "talib",
    "numpy": "numpy",
    "numba": "numba",
    "pyarrow": "pyarrow",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "pyyaml": "yaml",
    "click": "click",
    "rich": "rich",
}


@dataclass(frozen=True)
class Check:
    """One thing looked at: what it is, what was seen, whether it is well, and what to do."""

    name: str
    seen: str
    ok: bool = True
    hint: str | None = None


def diagnose(workspace: Path) -> list[Check]:
    """Look at Python, libraries, shipped files, the workspace and settings."""
    checks = [_python(), *(_library(name, module) for name, module in _LIBRARIES.items())]
    checks.append(_shipped())
    checks += map(_plugin, installed().plugins)
    checks.append(_writable("workspace", workspace))
    settings = load_settings(workspace)
    out = settings["RTRADE_OUT"] or str(workspace / "runs")
    checks.append(_writable("run folders", Path(out)))
    for setting in SETTINGS:
        value = settings[setting.name] or "not set"
        if setting.secret and settings[setting.name]:
            value = "set, not shown"
        checks.append(Check(setting.name, f"{value} ({settings.origins[setting.name]})"))
    checks.append(_key(workspace))
    checks.append(_local_model())
    checks.append(_kernels())
    checks.append(_guarded("a strategy compiles", _compile))
    return checks


def _python() -> Check:
    seen = f"rtrade {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return Check("python", seen, ok=sys.version_info >= (3, 11), hint="use Python 3.11 or newer")


def _library(name: str, module: str) -> Check:
    try:
        importlib.import_module(module)
        return Check(name, importlib.metadata.version(name))
    except (ImportError, OSError) as fault:
        return Check(name, str(fault), ok=False, hint=f"pip install --force-reinstall {name}")


def _plugin(found: Plugin) -> Check:
    name = f"plug-in {found.name}"
    if found.problem is None:
        return Check(name, f"{found.identity} adds {', '.join(found.entries) or 'nothing'}")
    hint = f"upgrade it, or take it away: pip uninstall {found.distribution}"
    return Check(name, f"{found.identity} is left out: {found.problem}", ok=False, hint=hint)


def _shipped() -> Check:
    missing = [kind for kind in ("strategies", "datasources", "schemas", "reports")
               if not data_folder(kind).is_dir()]  # fmt: skip
    seen = f"missing: {', '.join(missing)}" if missing else str(data_folder("strategies").parent)
    return Check("shipped files", seen, ok=not missing, hint="reinstall rtrade")


def _writable(name: str, folder: Path) -> Check:
    place, hint = folder, "choose another folder"
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        if not os.access(place, os.W_OK):
            return Check(name, f"{folder} is not writable", ok=False, hint=hint)
        with tempfile.TemporaryFile(dir=place):
            return Check(name, str(folder))
    except OSError as fault:
        return Check(name, f"{folder}: {fault.strerror}", ok=False, hint=hint)


def _key(workspace: Path) -> Check:
    """Look for the key of OpenAI, under either name; strategies without a model need none."""
    set_ = any(load_secret(name, workspace) for name in ("OPENAI_KEY", "OPENAI_API_KEY"))
    return Check("OPENAI_KEY", "set, not shown" if set_ else "not set: only `openai` needs it")


def _local_model() -> Check:
    """Look for the embedded model: that it is not there is fine, that it is damaged is not."""
    from rtrade.llm.local import check_weights, engine_version, find_weights

    try:
        version, weights = engine_version(), find_weights()
    except LlmNotInstalled:
        return Check("local model", "not installed; `rtrade llm install` brings it")
    try:
        check_weights(weights)
    except LlmNotInstalled as fault:
        return Check("local model", fault.message, ok=False, hint=fault.hint)
    return Check("local model", f"{weights.name}, xllamacpp {version}")


def _kernels() -> Check:
    """Look at the folder of the compiled engine's kernels: without it, each run compiles them."""
    folder, kept = kept_kernels()
    place = _writable("kernels", folder)
    if not place.ok:
        return replace(place, hint="choose another folder: RTRADE_CACHE")
    state = f"{kept} kept" if kept else "none yet: the first `--engine compiled` makes them"
    return replace(place, seen=f"{folder}, {state}")


def _compile() -> str:
    from rtrade.config.overrides import Overrides
    from rtrade.workflow.compiling import compile_strategy

    compiled = compile_strategy(data_folder("strategies") / "sma_btc.yaml", Overrides())
    return f"{compiled.plan.name} on {compiled.source.name}"


def _guarded(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, look())
    except RtradeError as fault:
        return Check(name, fault.message, ok=False, hint=fault.hint)
