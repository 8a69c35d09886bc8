"""Structured logs on stderr: key=value lines in a pipe, coloured on a terminal.

The layers log through the standard library (logger `rtrade`, fields in `extra`); structlog only
formats, and is only loaded where the level asks for more than warnings.
"""

from __future__ import annotations

import logging
import sys

from rtrade.core.errors import UsageError
from rtrade.core.settings import LOG_LEVELS


def configure_logs(level: str) -> None:
    """Send log lines of `level` and above to stderr; raise UsageError for an unknown level."""
    import structlog

    if level not in LOG_LEVELS:
        raise UsageError(f"`{level}` is not a log level", hint=f"one of {', '.join(LOG_LEVELS)}")
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logger = logging.getLogger("rtrade")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level.upper())
