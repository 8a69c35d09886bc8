"""Collect what is wrong with a strategy, so that one stage reports everything at once."""

from __future__ import annotations

from collections.abc import Iterable

from rtrade.config.document import Document
from rtrade.core.diagnostics import Diagnostic, Severity, SourceText, Span, errors_of
from rtrade.core.errors import InvalidInput


class Fault(Exception):
    """One finding about the stretch `start:end` of an expression; raised by the parser."""

    def __init__(
        self, code: str, message: str, start: int, end: int, *, help: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help


class Findings:
    """The findings of the plan stage, in the order found, without repetitions."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[Diagnostic, None] = {}

    def error(self, code: str, message: str, span: Span | None, help: str | None = None) -> None:
        """Note something that stops the run."""
        self._found.setdefault(self.document.finding(code, message, span, help=help))

    def warning(self, code: str, message: str, span: Span | None, help: str | None = None) -> None:
        """Note something that the user should know of."""
        found = self.document.finding(code, message, span, help=help, severity=Severity.WARNING)
        self._found.setdefault(found)

    def include(self, found: Iterable[Diagnostic]) -> None:
        """Note what was found elsewhere."""
        self._found.update(dict.fromkeys(found))

    def fault(self, source: SourceText, fault: Fault) -> None:
        """Note what the parser raised about the expression `source`."""
        self.error(fault.code, fault.message, source.span(fault.start, fault.end), fault.help)

    @property
    def failed(self) -> bool:
        """Whether an error was noted."""
        return bool(errors_of(self._found))

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Return all findings by place; those without one come last."""
        return tuple(sorted(self._found, key=_place))

    def finish(self) -> tuple[Diagnostic, ...]:
        """Return the warnings, or raise InvalidInput with all findings where one is an error."""
        found = self.sorted()
        if errors_of(found):
            raise InvalidInput(found)
        return found


def _place(found: Diagnostic) -> tuple[bool, str, int, int]:
    span = found.span
    if span is None:
        return True, "", 0, 0
    return False, span.file, span.line, span.column
