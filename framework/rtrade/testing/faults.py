"""When faults happen: a script that somebody wrote, or one drawn from a seed.

A script is asked at every request and every message, and offers what may happen there; the server
takes the first that can. Equal scripts offer the same to an equal sequence of requests.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from rtrade.testing.kinds import KINDS, Family

# Of a seed: the chance of a fault, and how many may follow one another.
_CHANCE, _STREAK = 0.2, 2
_MESSAGE_CHANCE = 0.002
# What a seed does at most so often in one run, since it costs the client real time.
_AT_MOST = {"rate_limit": 2, "ban": 2, "slow": 5, "silence": 1}
# A correction of the truth is no transient fault, and lost messages are not told twice.
_SEEDED_STREAM = ("torn_frame", "closed", "silence", "repeated_message")


@dataclass
class Fault:
    """One fault of a script: its kind, its values, and how often it has happened."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = "*"
    stream: str = "*"
    nth: int | None = None
    probability: float | None = None
    count: int = 1
    matches: int = 0
    happened: int = 0

    @property
    def family(self) -> Family:
        """What it is done to."""
        return KINDS[self.kind].family

    def __getitem__(self, name: str) -> Any:
        """Return a value, or its default."""
        default = KINDS[self.kind].keys[name].default
        return self.values.get(name, default)


class Script(Protocol):
    """What happens when; `seed` decides what is left to chance."""

    seed: int

    def at_request(self, path: str) -> Iterator[Fault]:
        """Offer what may be done to the next request; what is taken is told to `took`."""

    def at_message(self, socket: int, stream: str) -> Iterator[Fault]:
        """Offer what may be done to the next message of a socket."""

    def took(self, fault: Fault | None) -> None:
        """Note what was done to a request, None = it was answered truly."""


class WrittenScript:
    """Faults as somebody wrote them; `seed` decides what is left to chance."""

    def __init__(self, faults: list[Fault], seed: int = 0) -> None:
        self.faults = faults
        self.seed = seed

    def at_request(self, path: str) -> Iterator[Fault]:
        """Offer what may be done to the next request."""
        tail = path.removeprefix("/api/v3/").removeprefix("/fapi/v1/")
        matching = []
        for number, fault in enumerate(self.faults):
            name = "klines" if fault.family == "page" else fault.endpoint
            if fault.family in ("answer", "page") and fnmatchcase(tail, name):
                matching.append((number, fault))
        yield from self._ready(matching)

    def at_message(self, socket: int, stream: str) -> Iterator[Fault]:
        """Offer what may be done to the next message of a socket."""
        del socket
        yield from self._ready(
            [
                (number, fault)
                for number, fault in enumerate(self.faults)
                if fault.family == "stream" and fnmatchcase(stream, fault.stream)
            ]
        )

    def took(self, fault: Fault | None) -> None:
        """Note what was done to a request."""
        if fault is not None:
            fault.happened += 1

    def _ready(self, matching: list[tuple[int, Fault]]) -> list[Fault]:
        ready = []
        for number, fault in matching:
            fault.matches += 1
            if fault.happened < fault.count and self._wants(number, fault):
                ready.append(fault)
        return ready

    def _wants(self, number: int, fault: Fault) -> bool:
        if fault.nth is not None and fault.matches < fault.nth:
            return False
        if fault.probability is None:
            return True
        draw = dice(f"{self.seed}/{number}/{fault.matches}").random()
        return draw < fault.probability


class SeededScript:
    """Faults of all transient kinds, drawn from a seed by the number of the request or message.

    `kinds` limits them. At most two faulty answers follow one another.
    """

    def __init__(self, seed: int, kinds: frozenset[str] | None = None) -> None:
        self.seed = seed
        named = [
            name for name, kind in KINDS.items()
            if kind.family in ("answer", "page") or name in _SEEDED_STREAM
        ]  # fmt: skip
        self._kinds = [name for name in named if kinds is None or name in kinds]
        self._requests = 0
        self._messages: dict[int, int] = {}
        self._streak = 0
        self._done: dict[str, int] = {}

    def at_request(self, path: str) -> Iterator[Fault]:
        """Offer what may be done to the next request."""
        self._requests += 1
        drawn = dice(f"{self.seed}/{self._requests}")
        if self._streak >= _STREAK or drawn.random() >= _CHANCE:
            return
        pages = path.endswith("/klines")
        families = ("answer", "page") if pages else ("answer",)
        names = [name for name in self._kinds if KINDS[name].family in families]
        drawn.shuffle(names)
        yield from self._drawn(names, drawn)

    def at_message(self, socket: int, stream: str) -> Iterator[Fault]:
        """Offer what may be done to the next message of a socket."""
        del stream
        number = self._messages[socket] = self._messages.get(socket, 0) + 1
        drawn = dice(f"{self.seed}/{socket}/{number}")
        if drawn.random() < _MESSAGE_CHANCE:
            names = [name for name in self._kinds if KINDS[name].family == "stream"]
            drawn.shuffle(names)
            yield from self._drawn(names, drawn)

    def took(self, fault: Fault | None) -> None:
        """Note what was done to a request."""
        self._streak = 0 if fault is None else self._streak + 1
        if fault is not None:
            self._done[fault.kind] = self._done.get(fault.kind, 0) + 1

    def _drawn(self, names: list[str], drawn: random.Random) -> Iterator[Fault]:
        for name in names:
            if self._done.get(name, 0) < _AT_MOST.get(name, 1_000_000_000):
                yield Fault(name, _values(name, drawn))


def dice(seed: str) -> random.Random:
    """Return what decides by chance, the same for the same text."""
    return random.Random(seed)  # noqa: S311  # faults that repeat, not secrets


def _values(name: str, dice: random.Random) -> dict[str, Any]:
    """Draw the values of a fault; waits are short, since clients wait in real time."""
    drawn: dict[str, Any] = {}
    for key, allowed in KINDS[name].keys.items():
        if allowed.choices:
            drawn[key] = dice.choice(allowed.choices)
    if name in ("rate_limit", "ban"):
        drawn["seconds"] = dice.choice((0.2, 0.5, 1.0))
    elif name == "slow":
        drawn["seconds"] = dice.choice((0.02, 0.1, 0.3))
    elif name == "hole":
        drawn["bars"] = dice.randint(1, 5)
    elif name == "changed_bar":
        drawn["at"] = "last"
    elif name == "error_body":
        drawn["code"] = dice.choice((-1000, -1001, -1008))
    return drawn
