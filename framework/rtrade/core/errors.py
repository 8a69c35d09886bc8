"""Exceptions of rtrade.

RtradeError
|-- UsageError         the command line asks for something that does not exist (exit 2)
|-- InvalidInput       a file is wrong; carries its diagnostics (exit 3)
|-- WorldError         the world failed: a file system, a network, a database (exit 4)
|   |-- DataUnavailable    a series or range that a source does not have
|   |-- QualityError       bars that the quality policy of their source calls an error
|   |-- StoreError         the database cannot be used; what it holds is kept
|   |   |-- StoreUnreachable   no server answers, or the connection was lost for too long
|   |   |-- StoreDenied        wrong password, unknown user or database, missing rights
|   |   |-- StoreReadOnly      it can be read, not written
|   |   |-- StoreFull          no space is left
|   |   |-- StoreLocked        another process holds it for too long
|   |   |-- StoreTooNew        a newer rtrade made its schema
|   |   `-- StoreDamaged       not a database of rtrade, or a damaged one
|   |-- ExchangeError      an exchange cannot be asked, or its answer cannot be used
|   |   |-- ExchangeUnreachable  no connection, no answer in time, or the exchange is down
|   |   |-- ExchangeBusy         it asks to wait for longer than rtrade waits
|   |   |-- ExchangeBanned       it has banned this address; carries until when
|   |   |-- ExchangeDenied       wrong credentials, or rights that are missing
|   |   |-- UnknownMarket        it has no such symbol
|   |   |-- UnknownTimeframe     it has no bars of that length
|   |   |-- MalformedAnswer      its answers stay unusable, asked again and again
|   |   `-- AddressRefused       a request to an address that it may not go to; none was sent
|   |-- LlmError           a language model cannot be asked, or a stored answer not be used
|   |   |-- LlmRefused         the endpoint refuses what no repetition mends: key, model, request
|   |   |-- LlmUnreachable     it has not replied once
|   |   |-- LlmNotInstalled    the local model, or what runs it, is not there
|   |   `-- AnswerMissing      answers are only replayed, and this one is not stored
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


class QualityError(WorldError):
    """Bars of a source are as its quality policy does not allow."""


class PluginFault(WorldError):
    """A function of a plug-in fails, or returns what it must not."""


class EngineFault(RtradeError):
    """An engine broke a promise of its own; always a bug of rtrade."""


class StoreError(WorldError):
    """The database cannot be used. What was stored is kept."""


class StoreUnreachable(StoreError):
    """No server answers, or the connection was lost for longer than retries go on."""


class StoreDenied(StoreError):
    """The server refuses: a wrong password, an unknown user or database, missing rights."""


class StoreReadOnly(StoreError):
    """The database can be read, not written."""


class StoreFull(StoreError):
    """No space is left for the database."""


class StoreLocked(StoreError):
    """Another process holds the database for longer than rtrade waits."""


class StoreTooNew(StoreError):
    """A newer version of rtrade made the schema of the database."""


class StoreDamaged(StoreError):
    """Not a database of rtrade, or a damaged one."""


class ExchangeError(WorldError):
    """An exchange cannot be asked, or what it answers cannot be used."""


class ExchangeUnreachable(ExchangeError):
    """No connection, no answer in time, or the exchange is down."""


class ExchangeBusy(ExchangeError):
    """The exchange asks to wait for longer than rtrade waits."""


class ExchangeBanned(ExchangeError):
    """The exchange has banned this address, `until` (ms) where it says so."""

    def __init__(self, message: str, *, until: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.until = until


class ExchangeDenied(ExchangeError):
    """Wrong credentials, or rights that are missing."""


class UnknownMarket(ExchangeError):
    """The exchange has no such symbol."""


class UnknownTimeframe(ExchangeError):
    """The exchange has no bars of that length."""


class MalformedAnswer(ExchangeError):
    """An answer of the exchange that cannot be used."""


class AddressRefused(ExchangeError):
    """A request to an address that it may not go to; it was not sent."""


class LlmError(WorldError):
    """A language model cannot be asked, or a stored answer cannot be used."""


class LlmRefused(LlmError):
    """The endpoint refuses what no repetition mends: the key, the model, the request."""


class LlmUnreachable(LlmError):
    """The endpoint has not replied once."""


class LlmNotInstalled(LlmError):
    """The local model, or what runs it, is not there or not what was installed."""


class AnswerMissing(LlmError):
    """Answers are only replayed, and this one is not stored."""
