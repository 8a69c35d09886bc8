"""Every catalog entry once more, in plain Python, from its definition and nothing else.

Series are lists of floats, conditions lists of True, False or None (unknown). A value is None
where it is unknown. Slow on purpose.
"""

import itertools
import math
from datetime import UTC, datetime, timedelta


def divide(a, b):
    return a / b if b else None


def window(x, i, n):
    return x[i - n + 1 : i + 1]


def over(length, first, value):
    return [value(i) if i >= first else None for i in range(length)]


def mean(values):
    return math.fsum(values) / len(values)


def typical(high, low, close):
    return [(h + a + c) / 3 for h, a, c in zip(high, low, close, strict=True)]


# Conditions


def kleene_and(values):
    values = list(values)
    return False if False in values else None if None in values else True


def kleene_or(values):
    values = list(values)
    return True if True in values else None if None in values else False


def back(x, i, k):
    return x[i - k] if i - k >= 0 else None


def less(a, b):
    return None if a is None or b is None else a < b


def at_most(a, b):
    return None if a is None or b is None else a <= b


def crosses_above(a, b):
    return [
        kleene_and([at_most(back(a, i, 1), back(b, i, 1)), less(b[i], a[i])]) for i in range(len(a))
    ]


def crosses_below(a, b):
    return crosses_above([-v for v in a], [-v for v in b])


def rising(x, n):
    return [
        kleene_and(less(back(x, i, k + 1), back(x, i, k)) for k in range(n)) for i in range(len(x))
    ]


def falling(x, n):
    return rising([-v for v in x], n)


def held_for(c, n):
    return [kleene_and(back(c, i, k) for k in range(n)) for i in range(len(c))]


def occurred_within(c, n):
    return [kleene_or(back(c, i, k) for k in range(n)) for i in range(len(c))]


def between(x, low, high):
    return [kleene_and([at_most(low[i], x[i]), at_most(x[i], high[i])]) for i in range(len(x))]


# Windows and changes


def count_true(c, n):
    def count(i):
        seen = window(c, i, n)
        return None if None in seen else sum(seen)

    return over(len(c), n - 1, count)


def highest(x, n):
    return over(len(x), n - 1, lambda i: max(window(x, i, n)))


def lowest(x, n):
    return over(len(x), n - 1, lambda i: min(window(x, i, n)))


def spread(values, freedom=0):
    if len(set(values)) == 1:
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in values) / (len(values) - freedom))


def zscore(x, n):
    def score(i):
        seen = window(x, i, n)
        return divide(x[i] - mean(seen), spread(seen))

    return over(len(x), n - 1, score)


def percent_rank(x, n):
    return over(len(x), n, lambda i: 100 * sum(earlier < x[i] for earlier in x[i - n : i]) / n)


def vwap(high, low, close, volume, n):
    price = typical(high, low, close)

    def average(i):
        span = range(i - n + 1, i + 1)
        return divide(
            math.fsum(price[j] * volume[j] for j in span), math.fsum(window(volume, i, n))
        )

    return over(len(close), n - 1, average)


def log_return_deviation(x, n):
    returns = [None, *(math.log(b / a) for a, b in itertools.pairwise(x))]
    return over(len(x), n, lambda i: spread(window(returns, i, n), freedom=1))


def change(x, n):
    return over(len(x), n, lambda i: x[i] - x[i - n])


def pct_change(x, n):
    return over(len(x), n, lambda i: divide(x[i] - x[i - n], x[i - n]))


def smaller(a, b):
    return [v if v <= w else w for v, w in zip(a, b, strict=True)]


def larger(a, b):
    return [v if v >= w else w for v, w in zip(a, b, strict=True)]


def size(x):
    return [v if v >= 0 else -v for v in x]


def opened(time):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)


def hour(time):
    return [opened(moment).hour for moment in time]


def weekday(time):
    return [opened(moment).weekday() for moment in time]


# Averages


def sma(x, n):
    return over(len(x), n - 1, lambda i: mean(window(x, i, n)))


def ema(x, n):
    """Start anew from the first value that is known: the mean of n of them."""
    skipped = x.count(None)
    known = x[skipped:]
    if len(known) < n:
        return [None] * len(x)
    values = [None] * (skipped + n - 1) + [mean(known[:n])]
    for value in known[n:]:
        values.append(values[-1] + 2 / (n + 1) * (value - values[-1]))
    return values


def wma(x, n):
    weights = range(1, n + 1)
    return over(
        len(x),
        n - 1,
        lambda i: (
            math.fsum(w * v for w, v in zip(weights, window(x, i, n), strict=True)) / sum(weights)
        ),
    )


def combine(value, *series):
    return [None if None in row else value(*row) for row in zip(*series, strict=True)]


def dema(x, n):
    first = ema(x, n)
    return combine(lambda a, b: 2 * a - b, first, ema(first, n))


def tema(x, n):
    first = ema(x, n)
    second = ema(first, n)
    return combine(lambda a, b, c: 3 * a - 3 * b + c, first, second, ema(second, n))


def kama(x, n):
    values = [None] * len(x)
    last = x[n - 1] if len(x) >= n else None
    for i in range(n, len(x)):
        path = math.fsum(abs(x[j] - x[j - 1]) for j in range(i - n + 1, i + 1))
        ratio = abs(x[i] - x[i - n]) / path if path else 1.0
        weight = (ratio * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        last = last + weight * (x[i] - last)
        values[i] = last
    return values


# Oscillators


def wilder(x, n, first):
    """Wilder's average of x[first:], seeded by the mean of its first n values."""
    if len(x) < first + n:
        return [None] * len(x)
    values = [None] * (first + n - 1) + [mean(x[first : first + n])]
    for value in x[first + n :]:
        values.append((values[-1] * (n - 1) + value) / n)
    return values


def forgetting(values, moved, n):
    """Hide values where nothing moved for so long that less than 1e-13 of it is left, or ever."""
    long = n
    while (1 - 1 / n) ** (long - n) >= 1e-13:
        long += 1
    shown, still = [], math.inf
    for value, moves in zip(values, moved, strict=True):
        still = 0 if moves else still + 1
        shown.append(None if still >= long else value)
    return shown


def rsi(x, n):
    moves = [None, *(b - a for a, b in itertools.pairwise(x))]
    gains = wilder([None, *(max(m, 0.0) for m in moves[1:])], n, 1)[: len(x)]
    losses = wilder([None, *(max(-m, 0.0) for m in moves[1:])], n, 1)[: len(x)]
    shares = combine(lambda g, d: divide(100 * g, g + d), gains, losses)
    return forgetting(shares, [bool(m) for m in moves], n)


def macd(x, fast, slow, signal):
    late = ema([None] * (slow - fast) + x[slow - fast :], fast)
    line = combine(lambda a, b: a - b, late, ema(x, slow))
    smooth = ema(line, signal)
    shown = combine(lambda a, _: a, line, smooth)
    return {
        "macd": shown,
        "signal": smooth,
        "histogram": combine(lambda a, b: a - b, shown, smooth),
    }


def ppo(x, fast, slow):
    return combine(lambda a, b: divide(100 * (a - b), b), ema(x, fast), ema(x, slow))


def trix(x, n):
    smooth = ema(ema(ema(x, n), n), n)
    return combine(lambda a, b: divide(100 * (a - b), b), smooth, [None, *smooth[:-1]])


def place(high, low, close, n):
    def share(i):
        top, bottom = max(window(high, i, n)), min(window(low, i, n))
        return divide(100 * (close[i] - bottom), top - bottom)

    return over(len(close), n - 1, share)


def mean_of_known(x, n):
    return over(len(x), n - 1, lambda i: None if None in window(x, i, n) else mean(window(x, i, n)))


def stoch(high, low, close, n, k, d):
    smooth = mean_of_known(place(high, low, close, n), k)
    average = mean_of_known(smooth, d)
    # Before its warm-up nothing is shown, not even the line that is ready.
    shown = [None] * min(n + k + d - 3, len(close)) + smooth[n + k + d - 3 :]
    return {"k": shown, "d": average}


def willr(high, low, close, n):
    return [None if v is None else v - 100 for v in place(high, low, close, n)]


def cci(high, low, close, n):
    price = typical(high, low, close)

    def index(i):
        seen = window(price, i, n)
        if len(set(seen)) == 1:
            return None
        middle = mean(seen)
        return divide(price[i] - middle, 0.015 * mean([abs(v - middle) for v in seen]))

    return over(len(close), n - 1, index)


def mfi(high, low, close, volume, n):
    price = typical(high, low, close)

    def index(i):
        span = range(i - n + 1, i + 1)
        up = math.fsum(price[j] * volume[j] for j in span if price[j] > price[j - 1])
        down = math.fsum(price[j] * volume[j] for j in span if price[j] < price[j - 1])
        return divide(100 * up, up + down)

    return over(len(close), n, index)


def roc(x, n):
    return over(len(x), n, lambda i: divide(100 * (x[i] - x[i - n]), x[i - n]))


# Ranges and trends


def true_range(high, low, close, i):
    return max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))


def atr(high, low, close, n):
    ranges = [None, *(true_range(high, low, close, i) for i in range(1, len(close)))]
    return wilder(ranges, n, 1)[: len(close)]


def natr(high, low, close, n):
    return combine(lambda a, c: divide(100 * a, c), atr(high, low, close, n), close)


def stddev(x, n):
    return over(len(x), n - 1, lambda i: spread(window(x, i, n)))


def bbands(x, n, k):
    middle, width = sma(x, n), stddev(x, n)
    return {
        "upper": combine(lambda m, w: m + k * w, middle, width),
        "middle": middle,
        "lower": combine(lambda m, w: m - k * w, middle, width),
    }


def directional(high, low, close, n):
    """Return +DI and -DI: Wilder's sums of movement begin with n - 1 bars, then fade."""
    plus, minus = [None] * len(close), [None] * len(close)
    up = down = ranges = 0.0
    for i in range(1, len(close)):
        rise, fall = high[i] - high[i - 1], low[i - 1] - low[i]
        moved = (
            rise if rise > fall and rise > 0 else 0.0,
            fall if fall > rise and fall > 0 else 0.0,
        )
        keep = 1.0 if i < n else 1 - 1 / n
        up, down = up * keep + moved[0], down * keep + moved[1]
        ranges = ranges * keep + true_range(high, low, close, i)
        if i >= n:
            plus[i], minus[i] = divide(100 * up, ranges), divide(100 * down, ranges)
    return plus, minus


def moving(high, low, close):
    return [False, *(true_range(high, low, close, i) > 0 for i in range(1, len(close)))]


def plus_di(high, low, close, n):
    return forgetting(directional(high, low, close, n)[0], moving(high, low, close), n)


def minus_di(high, low, close, n):
    return forgetting(directional(high, low, close, n)[1], moving(high, low, close), n)


def directed(high, low, i):
    rise, fall = high[i] - high[i - 1], low[i - 1] - low[i]
    return rise != fall and (rise > 0 or fall > 0)


def adx(high, low, close, n):
    index, last = [None] * len(close), 0.0
    for i, (plus, minus) in enumerate(zip(*directional(high, low, close, n), strict=True)):
        if plus is not None and plus + minus:
            last = 100 * abs(plus - minus) / (plus + minus)
        index[i] = last
    turns = [False, *(directed(high, low, i) for i in range(1, len(close)))]
    return forgetting(wilder(index, n, n)[: len(close)], turns, n)


def aroon(high, low, n):
    def recency(x, best):
        def value(i):
            seen = window(x, i, n + 1)[::-1]
            return 100 * (n - seen.index(best(seen))) / n

        return over(len(x), n, value)

    return {"up": recency(high, max), "down": recency(low, min)}


def linearreg_slope(x, n):
    def slope(i):
        seen = window(x, i, n)
        middle, center = mean(seen), (n - 1) / 2
        return math.fsum((k - center) * (v - middle) for k, v in enumerate(seen)) / sum(
            (k - center) ** 2 for k in range(n)
        )

    return over(len(x), n - 1, slope)


SLOW = {
    "abs": size,
    "adx": adx,
    "aroon": aroon,
    "atr": atr,
    "bbands": bbands,
    "between": between,
    "cci": cci,
    "change": change,
    "count_true": count_true,
    "crosses_above": crosses_above,
    "crosses_below": crosses_below,
    "dema": dema,
    "ema": ema,
    "falling": falling,
    "held_for": held_for,
    "highest": highest,
    "hour": hour,
    "kama": kama,
    "linearreg_slope": linearreg_slope,
    "log_return_deviation": log_return_deviation,
    "lowest": lowest,
    "macd": macd,
    "max": larger,
    "mfi": mfi,
    "min": smaller,
    "minus_di": minus_di,
    "mom": change,
    "natr": natr,
    "occurred_within": occurred_within,
    "pct_change": pct_change,
    "percent_rank": percent_rank,
    "plus_di": plus_di,
    "ppo": ppo,
    "rising": rising,
    "roc": roc,
    "rsi": rsi,
    "sma": sma,
    "stddev": stddev,
    "stoch": stoch,
    "tema": tema,
    "trix": trix,
    "vwap": vwap,
    "weekday": weekday,
    "willr": willr,
    "wma": wma,
    "zscore": zscore,
}
