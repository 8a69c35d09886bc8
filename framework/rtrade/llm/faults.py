"""Why a model gave no reply, and which of these reasons end a run at once."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """Why there is no reply. The first five may pass by themselves, and are retried."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    DEADLINE = "deadline"
    BREAKER = "breaker"
    BUDGET = "budget"


class Failed(Exception):
    """One attempt, or all of them, came to nothing; `retry_after` (s) is the endpoint's wish."""

    def __init__(self, trouble: Trouble, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether another attempt may succeed."""
        return self.trouble in _PASSING


class FormRefused(Exception):
    """The endpoint does not take the way in which the form of the answer is demanded."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


_PASSING = frozenset(
    {
        Trouble.TIMEOUT,
        Trouble.UNREACHABLE,
        Trouble.RATE_LIMITED,
        Trouble.SERVER_ERROR,
        Trouble.MALFORMED,
    }
)
