"""The decision core compiles under numba as it stands, and gives the same numbers there.

Inputs come from small grids beside wide ranges, so that ties (a level met exactly, cash spent
to the last bit) are common.
"""

import inspect
import math
import random
import types

import numba
import numpy as np
import pytest

from rtrade.execution import core, leaping

GRID = (0.0, 0.5, 1.0, 2.0, 99.0, 100.0, 100.5, 101.0, 150.0)
FRACTIONS = (0.0, 0.001, 0.0005, 0.01, 0.05, 0.5, 1.0)
STEPS = ((1, 1), (1, 10**8), (5, 10), (25, 100), (10, 1), (1, 10**12), (3, 10**4))


def functions(module):
    return {
        name: found
        for name, found in vars(module).items()
        if inspect.isfunction(found) and found.__module__ == module.__name__
    }


def compiled():
    """Rebind the code of every function in one namespace of compiled ones."""
    plain = functions(core) | functions(leaping)
    namespace = dict(vars(core)) | dict(vars(leaping))
    for name, found in plain.items():
        namespace[name] = numba.njit(types.FunctionType(found.__code__, namespace, name))
    return plain, namespace


PLAIN, COMPILED = compiled()


class Draw:
    """Random arguments by the name of the parameter."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def price(self):
        if self.random.random() < 0.6:
            return self.random.choice(GRID[1:])
        return 10.0 ** self.random.uniform(-9, 6)

    def level(self):
        return math.nan if self.random.random() < 0.25 else self.price() - self.random.choice(GRID)

    def money(self):
        return self.random.choice((1000.0, 100.0, 10000.0, self.random.uniform(0.0, 1e6)))

    def fraction(self):
        return self.random.choice((*FRACTIONS, self.random.random()))

    def limit(self):
        return self.random.choice((math.nan, 0.05, 0.1, 0.25, 0.5))

    def side(self):
        return self.random.choice((1, -1))

    def flag(self):
        return self.random.random() < 0.5

    def count(self):
        return self.random.randrange(-1, 12)

    def integer(self):
        return self.random.randrange(0, 5)

    def kind(self):
        return self.random.choice((core.ABSENT, core.PERCENT, core.ATR))


SOURCES = {
    "price": "price",
    "a": "level",
    "b": "level",
    "trail": "level",
    "stop_loss": "level",
    "stop": "level",
    "target": "level",
    "low": "price",
    "high": "price",
    "close": "price",
    "fill": "price",
    "entry": "price",
    "exit_price": "price",
    "atr": "level",
    "far": "fraction",
    "trail_far": "fraction",
    "value": "fraction",
    "scale": "fraction",
    "risk_factor": "fraction",
    "slip": "fraction",
    "fee": "fraction",
    "fees": "money",
    "cash": "money",
    "equity": "money",
    "peak": "money",
    "day_reference": "money",
    "min_notional": "money",
    "size": "price",
    "units": "money",
    "volatility": "price",
    "deviation": "fraction",
    "limit": "limit",
    "max_drawdown": "limit",
    "daily_loss": "limit",
    "side": "side",
    "direction": "side",
    "bar": "count",
    "exit_bar": "count",
    "cooldown": "integer",
    "bars_held": "integer",
    "time_exit": "integer",
    "day": "integer",
    "i": "integer",
    "end": "integer",
}
SPECIAL = {"lots", "lots_in", "quotient", "size_of", "quiet_until"}


def arguments(name, found, draw):
    values = []
    for parameter in inspect.signature(found).parameters.values():
        if parameter.name == "kind" and name in {"budget", "amount"}:
            values.append(draw.random.randrange(len(core.SIZINGS)))
        elif parameter.name in {"kind", "trail_kind"}:
            values.append(draw.kind())
        elif parameter.annotation == "bool":
            values.append(draw.flag())
        elif parameter.name in {"lows", "highs", "closes", "days"}:
            values.append(None)
        else:
            values.append(getattr(draw, SOURCES[parameter.name])())
    return values


def same(a, b):
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


@pytest.mark.parametrize("name", sorted(PLAIN.keys() - SPECIAL))
def test_compiled_function_equals_the_plain_one(name):
    draw = Draw(name)
    for _ in range(600):
        values = arguments(name, PLAIN[name], draw)
        assert same(PLAIN[name](*values), COMPILED[name](*values)), values


def test_compiled_lots_equal_the_plain_ones():
    draw = Draw("lots")
    for _ in range(3000):
        multiple, power = draw.random.choice(STEPS)
        cash, price, fee = draw.money(), draw.price(), draw.fraction()
        most = cash / (price * (1.0 + fee))
        units = min(most, draw.random.choice((most, draw.price(), 0.3)))
        values = (units, multiple, power, cash, price, fee)
        assert same(PLAIN["lots"](*values), COMPILED["lots"](*values)), values
        assert same(PLAIN["lots_in"](*values[:3]), COMPILED["lots_in"](*values[:3])), values


def test_sizes_are_rounded_once_compiled_or_not():
    """Of any lot that a run takes, and of what is left of one where steps are made coarser."""
    draw = Draw("sizes").random
    wide = 0
    for _ in range(6000):
        decimals = draw.randrange(0, 19)
        m = draw.randrange(1, 10 ** draw.randrange(1, 16))
        n = draw.getrandbits(draw.randrange(1, 54))
        wide += n * m >= 2**63
        values = (n, m, float(m), 10**decimals)
        exact = n * m / 10**decimals
        assert PLAIN["size_of"](*values) == COMPILED["size_of"](*values) == exact, values
        if decimals:
            values = (n, m, 10**decimals)
            assert PLAIN["quotient"](*values) == COMPILED["quotient"](*values) == exact, values
    assert wide > 500


def test_compiled_walk_equals_the_plain_one():
    draw = Draw("walk")
    for _ in range(400):
        bars = 12
        closes = np.array([draw.random.choice(GRID[4:]) for _ in range(bars)])
        lows, highs = closes - draw.random.choice(GRID[:3]), closes + draw.random.choice(GRID[:3])
        days = np.arange(bars, dtype=np.int64) // 4
        rest = arguments("quiet_until", PLAIN["quiet_until"], draw)[6:]
        values = (0, bars, lows, highs, closes, days, *rest)
        assert same(PLAIN["quiet_until"](*values), COMPILED["quiet_until"](*values)), values


def test_core_imports_neither_numba_nor_backtrader_nor_numpy():
    for module in (core, leaping):
        used = {name for name, found in vars(module).items() if inspect.ismodule(found)}
        assert used <= {"math"}
