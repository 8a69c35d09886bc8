"""Exceptions of rtrade.

RtradeError
|-- UsageError         the command line asks for something that does not exist (exit 2)
|-- InvalidInput       a file is wrong; carries its diagnostics (exit 3)
|-- WorldError         the world failed: a file system, a network, a database (exit 4)
|   |-- DataUnavailable    a series or range that a source does not have
|   `-- PluginFault        a function of a plug-in fails, or returns what it must not
`-- EngineFault        an engine broke a promise of its own; always a bug
"""

from __future__ import annotations

from collections.abc import Sequence

from rtrade.core.diagnostics import Diagnostic


class RtradeError(Exception):
    """Base of all exceptions of rtrade; `hint` says what to do about it."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RtradeError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class InvalidInput(RtradeError):
    """A file is wrong. `diagnostics` holds every finding of the stage that failed."""

    exit_code = 3

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = diagnostics[0]
        super().__init__(f"{first.code}: {first.message}", hint=first.help)
        self.diagnostics = tuple(diagnostics)


class WorldError(RtradeError):
    """Something outside the input failed: a file system, a network, a database."""


class DataUnavailable(WorldError):
    """A source does not have the series or the range that was asked for."""


class PluginFault(WorldError):
    """A function of a plug-in fails, or returns what it must not."""


class EngineFault(RtradeError):
    """An engine broke a promise of its own; always a bug of rtrade."""
