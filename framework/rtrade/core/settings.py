"""Settings from the environment, declared once: code, `rtrade --help` and the docs share the table.

The environment comes first, then the `.env` file of the workspace, then the default. The
process's own environment is never changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Setting:
    """One variable: its name, its default as text ("" = not set), and what it does.

    The value of a `secret` one may hold a password: it is never printed. One of the `process` is
    not of a workspace: `.env` does not set it.
    """

    name: str
    default: str
    help: str
    secret: bool = False
    process: bool = False


SETTINGS = (
    Setting(
        "DATABASE_URL",
        "",
        "Database: postgresql://... or sqlite:///FILE; default: `.rtrade/rtrade.db`.",
        secret=True,
    ),
    Setting(
        "RTRADE_TOKEN",
        "",
        "Token that `rtrade serve` asks for, at least 128 bits; default: it asks for none.",
        secret=True,
    ),
    Setting(
        "RTRADE_OUT", "", "Folder that run folders are made in; default: `runs/` of the workspace."
    ),
    Setting("RTRADE_LOG", "warning", f"Log level on stderr: {', '.join(LOG_LEVELS)}."),
    Setting(
        "RTRADE_CACHE",
        "",
        "Folder of compiled kernels; default: the user's cache folder. Not read from .env.",
        process=True,
    ),
    Setting(
        "RTRADE_LOOPBACK", "", "Set to 1, no request leaves this machine: for tests on a stand-in."
    ),
)


@dataclass(frozen=True)
class Settings:
    """The settings in force, and for each where it came from."""

    values: Mapping[str, str]
    origins: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def load_settings(workspace: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of `workspace` from the environment and its `.env` file."""
    surroundings = os.environ if environ is None else environ
    file = workspace / ".env"
    stored = _stored(file) if file.is_file() else {}
    values, origins = {}, {}
    for setting in SETTINGS:
        places = {"environment": surroundings, ".env": {} if setting.process else stored}
        for origin, place in places.items():
            found = place.get(setting.name)
            if found:
                values[setting.name], origins[setting.name] = found, origin
                break
        else:
            values[setting.name], origins[setting.name] = setting.default, "default"
    return Settings(values, origins)


def load_secret(name: str, workspace: Path, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the value of a secret's variable, from the environment or `.env`; None = not set."""
    surroundings = os.environ if environ is None else environ
    file = workspace / ".env"
    stored = _stored(file) if file.is_file() else {}
    return surroundings.get(name) or stored.get(name) or None


def _stored(file: Path) -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(file)
