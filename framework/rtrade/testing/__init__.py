"""Stand-ins for tests and trials: an exchange over real sockets, for us and for users."""

from rtrade.testing.clock import Clock, ManualClock, VirtualClock
from rtrade.testing.exchange import FakeExchange
from rtrade.testing.markets import Rules

__all__ = ["Clock", "FakeExchange", "ManualClock", "Rules", "VirtualClock"]
