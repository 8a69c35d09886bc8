"""Generated bars that behave like those of a large crypto-currency, the same on every machine.

How a series is made:

1. Volatility: two autoregressive processes on an hourly clock, one that forgets in half a day and
   one in three weeks, times the shape of a day and of a week (bars shorter than a day only).
2. Returns: a normal draw times the volatility, and now and then a jump.
3. Regimes: the series is cut into stretches of one to eight weeks that rise, fall or range. Each
   has a move of its own; a move that would leave the plausible band of prices turns. Part of what
   chance added up to inside a regime is taken back evenly.
4. Highs and lows: the extremes of a Brownian bridge between open and close.
5. Volume: grows with the volatility and with the move, times a log-normal draw.

Random numbers come from `numpy.random.RandomState`, whose stream numpy has frozen. Whatever comes
out of a logarithm or an exponential is rounded to a coarse grid at once; all that follows are
single additions, multiplications, divisions and square roots, which IEEE 754 defines to the bit.
"""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal

import numpy as np
from numpy.random import RandomState

from rtrade.config.definitions import SyntheticSeries
from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.timeframes import DAY, HOUR, WEEK

# Grids for rounding: of random draws and of returns. Sums on the latter are exact.
_DRAW_GRID = float(2**20)
_RETURN_GRID = float(2**40)
_HALF_LIVES_HOURS = ((12.0, 0.35), (500.0, 0.35))
# Hours of the day, UTC: quiet in the Asian morning, busy while New York trades.
_DAY_SHAPE = (
    1.00, 0.97, 0.92, 0.86, 0.82, 0.80, 0.82, 0.90, 0.97, 0.98, 0.96, 0.98,
    1.06, 1.24, 1.36, 1.34, 1.26, 1.16, 1.08, 1.02, 0.98, 0.94, 0.92, 0.94,
)  # fmt: skip
_WEEKEND = 0.74
# Jumps have the size of 2.2 hours' deviations; the rest of the variance is the draws'.
_JUMPS_PER_DAY = 0.4
_JUMP_SIZE = 2.2
_DIFFUSION = 0.96
# A regime's length in days, the odds of rising and falling, and the share of chance taken back.
_REGIME_DAYS = (7, 56)
_RISING, _FALLING = 0.30, 0.26
_TAKEN_BACK = 0.55
# Where the logarithm of the price may end a regime, from its start, in yearly volatilities.
_BAND = (-0.9, 1.5)
_HOURLY_QUOTE_VOLUME = 40e6
_VOLUME_DIGITS = 5


def generate(series: SyntheticSeries, seed: int) -> Bars:
    """Return the bars of `series`; each symbol and timeframe has its own stream of `seed`.

    Open times begin at the timeframe's first edge at or after `series.start`, without gaps.
    """
    draw = RandomState(_stream(series, seed))
    step = series.timeframe.ms
    start = series.timeframe.floor(series.start + step - 1)
    time = start + step * np.arange(series.bars, dtype=np.int64)
    scale = series.volatility / math.sqrt(series.timeframe.per_year)
    sigma = _volatility(draw, time, step) * (scale * _DIFFUSION)
    returns = _returns(draw, sigma, step)
    returns += _drift(draw, returns, step, series.volatility)
    return _bars(draw, series, time, sigma, returns)


def _stream(series: SyntheticSeries, seed: int) -> list[int]:
    name = f"{seed}|{series.symbol}|{series.timeframe}"
    digest = hashlib.sha256(name.encode()).digest()
    return [int.from_bytes(digest[at : at + 4], "little") for at in range(0, len(digest), 4)]


def _rounded(values: FloatArray, grid: float) -> FloatArray:
    nearest: FloatArray = np.rint(values * grid) / grid
    return nearest


def _normal(draw: RandomState, count: int) -> FloatArray:
    return _rounded(draw.standard_normal(count), _DRAW_GRID)


def _exponential(draw: RandomState, count: int) -> FloatArray:
    return _rounded(draw.standard_exponential(count), _DRAW_GRID)


def _volatility(draw: RandomState, time: IntArray, step: int) -> FloatArray:
    """Return each bar's volatility, 1 being the usual one (its mean square)."""
    clock = max(HOUR, step)
    tick = (time - time[:1]) // clock
    ticks = int(tick[-1]) + 1 if len(tick) else 0
    log = np.zeros(ticks)
    for half_life, deviation in _HALF_LIVES_HOURS:
        log += _autoregressive(draw, ticks, clock / HOUR / half_life, deviation)
        log -= deviation * deviation
    volatility: FloatArray = _rounded(np.exp(log), _DRAW_GRID)[tick] * _season(time, step)
    return volatility


def _autoregressive(
    draw: RandomState, count: int, half_lives: float, deviation: float
) -> FloatArray:
    """Return a process of the given deviation that halves over `1 / half_lives` steps."""
    keep = round(0.5**half_lives, 9)
    shocks = _normal(draw, count) * (deviation * math.sqrt(1.0 - keep * keep))
    value = 0.0
    path = []
    for shock in shocks.tolist():
        value = keep * value + shock
        path.append(value)
    return np.array(path)


def _season(time: IntArray, step: int) -> FloatArray:
    """Return the shape of day and week with mean square 1; ones for bars of a day and longer."""
    if step >= DAY:
        return np.ones(len(time))
    day = np.array(_DAY_SHAPE)
    # 1970-01-01 was a Thursday, so Saturdays are the third and Sundays the fourth day from it.
    week = np.where(np.isin(np.arange(WEEK // DAY), (2, 3)), _WEEKEND, 1.0)
    square = math.fsum((day * day).tolist()) / len(day) * math.fsum((week * week).tolist()) / 7
    shape: FloatArray = day[time // HOUR % 24] * week[time // DAY % 7]
    shape /= math.sqrt(square)
    return shape


def _returns(draw: RandomState, sigma: FloatArray, step: int) -> FloatArray:
    returns = _normal(draw, len(sigma)) * sigma
    jumps = np.flatnonzero(draw.random_sample(len(sigma)) < _JUMPS_PER_DAY * step / DAY)
    size = _JUMP_SIZE * math.sqrt(HOUR / step)
    returns[jumps] += _normal(draw, len(jumps)) * sigma[jumps] * size
    return _rounded(returns, _RETURN_GRID)


def _drift(draw: RandomState, returns: FloatArray, step: int, volatility: float) -> FloatArray:
    """Return what each bar's regime adds to its return."""
    drift = np.zeros(len(returns))
    low, high = (edge * volatility for edge in _BAND)
    level = 0.0
    first = 0
    while first < len(returns):
        length, kind, strength = draw.random_sample(3).tolist()
        days = _REGIME_DAYS[0] + length * (_REGIME_DAYS[1] - _REGIME_DAYS[0])
        stop = min(first + max(1, round(days * DAY / step)), len(returns))
        years = (stop - first) * step / (365 * DAY)
        move = _move(kind, strength) * volatility * math.sqrt(years)
        chance = float(returns[first:stop].sum())
        kept = level + (1.0 - _TAKEN_BACK) * chance
        if not low <= kept + move <= high:
            move = -move
        target = min(max(kept + move, low), high)
        drift[first:stop] = (target - level - chance) / (stop - first)
        level, first = target, stop
    return drift


def _move(kind: float, strength: float) -> float:
    """Return a regime's move in deviations of a random walk of its length."""
    if kind < _RISING:
        return 0.8 + 1.2 * strength
    if kind < _RISING + _FALLING:
        return -0.7 - 1.1 * strength
    return 0.6 * (strength - 0.5)


def _bars(
    draw: RandomState,
    series: SyntheticSeries,
    time: IntArray,
    sigma: FloatArray,
    returns: FloatArray,
) -> Bars:
    """Return bars around the path of closes, on the grid of ticks."""
    count = len(time)
    ticks = float(10 ** _price_digits(series.price))
    # The exponential series to its third term, which is above 0 within these limits.
    returns = np.clip(returns, -1.0, 1.0)
    growth = 1.0 + returns * (1.0 + returns / 2.0 * (1.0 + returns / 3.0))
    close = np.maximum(np.rint(np.multiply.accumulate(growth) * series.price * ticks), 1.0)
    # A bar opens at the close before it, or a tick beside it.
    chance = draw.random_sample(count)
    before = np.concatenate((np.rint([series.price * ticks]), close))[:count]
    opens = np.maximum(before + (chance > 0.8) - (chance < 0.2), 1.0)
    rise = close - opens
    reach = 2.0 * (sigma * opens) * (sigma * opens)
    up = 0.5 * (np.sqrt(rise * rise + reach * _exponential(draw, count)) + rise)
    down = 0.5 * (np.sqrt(rise * rise + reach * _exponential(draw, count)) - rise)
    high = np.maximum(np.rint(opens + up), np.maximum(opens, close))
    low = np.minimum(np.rint(opens - down), np.minimum(opens, close))
    return Bars(
        symbol=series.symbol,
        timeframe=series.timeframe,
        time=time,
        open=opens / ticks,
        high=high / ticks,
        low=np.maximum(low, 1.0) / ticks,
        close=close / ticks,
        volume=_volume(draw, series, sigma, returns),
    )


def _price_digits(price: float) -> int:
    """Return the digits after the point: two, more for prices below 1000."""
    return max(2, 5 - Decimal(price).adjusted())


def _volume(
    draw: RandomState, series: SyntheticSeries, sigma: FloatArray, returns: FloatArray
) -> FloatArray:
    usual = series.volatility / math.sqrt(series.timeframe.per_year)
    hours = series.timeframe.ms / HOUR
    moves = 0.4 * sigma + 0.6 * np.abs(returns)
    activity = moves / usual if usual else np.ones(len(moves))
    noise = _rounded(np.exp(0.5 * _normal(draw, len(sigma)) - 0.125), _DRAW_GRID)
    units = float(10**_VOLUME_DIGITS)
    volume = activity * noise * (_HOURLY_QUOTE_VOLUME * hours / series.price * units)
    return np.maximum(np.rint(volume), 1.0) / units
