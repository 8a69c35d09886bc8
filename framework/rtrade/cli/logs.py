"""Structured logs on stderr: key=value lines in a pipe, coloured on a terminal.

The layers log through the standard library (logger `rtrade`, fields in `extra`); structlog only
formats, and is only loaded where the level asks for more than warnings.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from rtrade.core.errors import UsageError
from rtrade.core.settings import LOG_LEVELS


class _Redacted(logging.Formatter):
    """Writes lines as another formatter does, with what `redact` hides left out."""

    def __init__(self, formatter: logging.Formatter, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._formatter = formatter
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(self._formatter.format(record))


def configure_logs(
    level: str, *, redact: Callable[[str], str] = str, also: tuple[str, ...] = ()
) -> None:
    """Send log lines of `level` and above to stderr; raise UsageError for an unknown level.

    `redact` hides in each line what nobody is to read. `also` are loggers of libraries, of which
    warnings are told.
    """
    import structlog

    if level not in LOG_LEVELS:
        raise UsageError(f"`{level}` is not a log level", hint=f"one of {', '.join(LOG_LEVELS)}")
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    handler = logging.StreamHandler(sys.stderr)
    # In a pipe a traceback is a value like others: one line, whatever is in it.
    traces = [] if sys.stderr.isatty() else [structlog.processors.format_exc_info]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *traces,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler.setFormatter(_Redacted(formatter, redact))
    logger = logging.getLogger("rtrade")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level.upper())
    for name in also:
        library = logging.getLogger(name)
        library.handlers[:], library.propagate = [handler], False
