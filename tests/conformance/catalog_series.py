"""Series to put catalog entries through: lifelike, nasty and degenerate ones."""

import numpy as np

HOUR = 3_600_000
FIELDS = ("open", "high", "low", "close", "volume", "time")


def bars_of(close, rng, *, spread=2e-3):
    """Return fields whose bars run from close to close, with wicks and volume."""
    close = np.asarray(close, dtype=np.float64)
    count = len(close)
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) * (1 + spread * rng.random(count))
    low = np.minimum(opened, close) * (1 - spread * rng.random(count))
    volume = np.round(rng.lognormal(2, 1, count), 5)
    time = 1_700_000_000_000 + HOUR * np.arange(count, dtype=np.float64)
    return dict(zip(FIELDS, (opened, high, low, close, volume, time), strict=True))


def lifelike(count, seed=7):
    """Return bars with clustered volatility, on a grid of cents."""
    rng = np.random.default_rng(seed)
    swings = 4e-3 * np.exp(np.cumsum(rng.normal(0, 0.05, count)) * 0.3)
    close = 30_000 * np.exp(np.cumsum(rng.normal(0, 1, count) * np.minimum(swings, 0.03)))
    return {
        name: np.round(values, 2) if name != "volume" else values
        for name, values in bars_of(np.round(close, 2), rng).items()
    }


def nasty(count, seed=11):
    """Return bars with tenfold jumps, standstills, calm after storm, and bars without volume."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.02, count)
    steps[count // 3 :] *= 0.01
    steps[count // 2 : count // 2 + 60] = 0.0
    steps[2 * count // 3 :] *= 30
    steps[[count // 5, count // 4]] = (2.3, -2.3)
    bars = bars_of(100 * np.exp(np.cumsum(steps)), rng)
    still = slice(count // 2, count // 2 + 60)
    for name in ("open", "high", "low"):
        bars[name][still] = bars["close"][still]
    bars["volume"][still] = 0.0
    return bars


def gappy(count, seed=5):
    """Return bars with gaps, dojis and long bodies on a coarse grid, as stocks have them."""
    rng = np.random.default_rng(seed)
    body = rng.choice([0, 0, 1, 2, 4, 9, 16, 25], count) * rng.choice([-1, 1], count)
    gap = rng.choice([0, 0, 0, 1, -1, 3, -3, 8, -8], count)
    # Back to the middle, so that prices stay positive.
    opened, closes = np.empty(count), np.empty(count)
    last = 2000.0
    for at in range(count):
        opened[at] = last + gap[at]
        closes[at] = opened[at] + body[at] - np.sign(opened[at] - 2000) * (abs(body[at]) > 8)
        last = closes[at] - (closes[at] - 2000) * 0.002 // 1
    upper, lower = (rng.choice([0, 0, 1, 2, 5, 12], count) for _ in range(2))
    return {
        "open": opened,
        "high": np.maximum(opened, closes) + upper,
        "low": np.minimum(opened, closes) - lower,
        "close": closes,
        "volume": np.round(rng.lognormal(2, 1, count), 5),
        "time": 1_700_000_000_000 + HOUR * np.arange(count, dtype=np.float64),
    }


def same(count, price=0.1):
    """Return bars that never move."""
    bars = dict.fromkeys(FIELDS[:4], np.full(count, price))
    return {**bars, "volume": np.ones(count), "time": HOUR * np.arange(count, dtype=np.float64)}


def rising(count):
    """Return bars that only rise."""
    close = 100.0 + np.arange(count)
    return {
        "open": close - 1,
        "high": close + 0.5,
        "low": close - 1.5,
        "close": close,
        "volume": np.ones(count),
        "time": HOUR * np.arange(count, dtype=np.float64),
    }


def times(bars, factor):
    """Return bars whose prices and volumes are multiplied."""
    return {name: x if name == "time" else x * factor for name, x in bars.items()}


def part(bars, start=0, stop=None):
    """Return a stretch of bars, with memory of its own."""
    return {name: values[start:stop].copy() for name, values in bars.items()}
