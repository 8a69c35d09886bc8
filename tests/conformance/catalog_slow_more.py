"""The rest of the catalog once more, in plain Python; see `catalog_slow`."""

import itertools
import math

from conformance.catalog_slow import (
    adx,
    aroon,
    atr,
    combine,
    directional,
    divide,
    ema,
    forgetting,
    highest,
    lowest,
    mean,
    mean_of_known,
    moving,
    over,
    place,
    roc,
    rsi,
    sma,
    spread,
    stddev,
    true_range,
    typical,
    wilder,
    window,
    wma,
)


def less(a, b):
    return combine(lambda v, w: v - w, a, b)


def middle(high, low):
    return [(h + a) / 2 for h, a in zip(high, low, strict=True)]


def shown_after(first, *series):
    """Hide what is ready before the whole entry is."""
    return [[None] * min(first, len(x)) + x[first:] for x in series]


def between_gaps(x, function):
    """Apply a function to each stretch of known values."""
    result = []
    for known, part in itertools.groupby(x, lambda v: v is not None):
        values = list(part)
        result += function(values) if known else values
    return result


# Momentum


def ao(high, low, fast, slow):
    return less(sma(middle(high, low), fast), sma(middle(high, low), slow))


def ac(high, low, fast, slow, signal):
    line = ao(high, low, fast, slow)
    return less(line, mean_of_known(line, signal))


def apo(x, fast, slow):
    return less(ema(x, fast), ema(x, slow))


def bop(open_, high, low, close):
    return [divide(c - o, h - a) for o, h, a, c in zip(open_, high, low, close, strict=True)]


def eri(high, low, close, n):
    return {"bull": less(high, ema(close, n)), "bear": less(low, ema(close, n))}


def qstick(open_, close, n):
    return sma(less(close, open_), n)


def dpo(x, n):
    back, average = n // 2 + 1, sma(x, n)
    return over(len(x), max(n - 1, back), lambda i: x[i - back] - average[i])


def aroonosc(high, low, n):
    return less(*aroon(high, low, n).values())


def cmo(x, n):
    return [None if v is None else 2 * v - 100 for v in rsi(x, n)]


def gains_and_losses(moves):
    return math.fsum(m for m in moves if m > 0), math.fsum(-m for m in moves if m < 0)


def steps(x, i, n):
    return [x[j] - x[j - 1] for j in range(i - n + 1, i + 1)]


def cmou(x, n):
    def index(i):
        gains, losses = gains_and_losses(steps(x, i, n))
        return divide(100 * (gains - losses), gains + losses)

    return over(len(x), n, index)


def imi(open_, close, n):
    moves = less(close, open_)

    def index(i):
        gains, losses = gains_and_losses(window(moves, i, n))
        return divide(100 * gains, gains + losses)

    return over(len(close), n - 1, index)


def er(x, n):
    return over(
        len(x), n, lambda i: divide(abs(x[i] - x[i - n]), math.fsum(map(abs, steps(x, i, n))))
    )


def vhf(x, n):
    def value(i):
        seen = window(x, i, n)
        return divide(max(seen) - min(seen), math.fsum(map(abs, steps(x, i, n))))

    return over(len(x), n, value)


def tsi(x, first, second):
    moves = [None, *(b - a for a, b in itertools.pairwise(x))]
    sizes = [None, *(abs(m) for m in moves[1:])]
    net, gone = (ema(ema(part, first), second)[: len(x)] for part in (moves, sizes))
    return combine(lambda a, b: divide(100 * a, b), net, gone)


def ultosc(high, low, close, short, middle, long):
    def share(i, n):
        bars = range(i - n + 1, i + 1)
        pressure = math.fsum(close[j] - min(low[j], close[j - 1]) for j in bars)
        return divide(pressure, math.fsum(true_range(high, low, close, j) for j in bars))

    def value(i):
        parts = [share(i, n) for n in (short, middle, long)]
        return None if None in parts else 100 * (4 * parts[0] + 2 * parts[1] + parts[2]) / 7

    return over(len(close), max(short, middle, long), value)


def stochf(high, low, close, n, d):
    raw = place(high, low, close, n)
    k, smooth = shown_after(n + d - 2, raw, mean_of_known(raw, d))
    return {"k": k, "d": smooth}


def stochrsi(x, n, k, d):
    strength = rsi(x, n)

    def share(i):
        seen = window(strength, i, k)
        if None in seen:
            return None
        if max(seen) - min(seen) < 1e-9:
            return None
        return 100 * (seen[-1] - min(seen)) / (max(seen) - min(seen))

    raw = over(len(x), n + k - 1, share)
    line, smooth = shown_after(n + k + d - 2, raw, mean_of_known(raw, d))
    return {"k": line, "d": smooth}


def kdj(high, low, close, n, k, d):
    raw = place(high, low, close, n)
    first = between_gaps(raw, lambda x: wilder(x, k, 0)[: len(x)])
    second = between_gaps(first, lambda x: wilder(x, d, 0)[: len(x)])
    known = combine(lambda a, _: a, first, second)
    return {"k": known, "d": second, "j": combine(lambda a, b: 3 * a - 2 * b, known, second)}


def smi(high, low, close, n, fast, slow, signal):
    top, bottom = highest(high, n), lowest(low, n)
    away = combine(lambda c, t, b: c - (t + b) / 2, close, top, bottom)
    half = combine(lambda t, b: (t - b) / 2, top, bottom)
    index = combine(
        lambda a, b: divide(100 * a, b), ema(ema(away, slow), fast), ema(ema(half, slow), fast)
    )
    line = between_gaps(index, lambda x: ema(x, signal))
    return {"smi": combine(lambda a, _: a, index, line), "signal": line}


def rocr(x, n):
    return over(len(x), n, lambda i: divide(x[i], x[i - n]))


def rocr100(x, n):
    return [None if v is None else 100 * v for v in rocr(x, n)]


def coppock(x, n, first, second):
    both = combine(lambda a, b: a + b, roc(x, first), roc(x, second))
    return between_gaps(both, lambda part: wma(part, n))


def line_at(x, n, ahead):
    """The least-squares line of n values, `ahead` bars after the last."""

    def value(i):
        seen, center = window(x, i, n), (n - 1) / 2
        slope = math.fsum((k - center) * v for k, v in enumerate(seen)) / sum(
            (k - center) ** 2 for k in range(n)
        )
        return mean(seen) + slope * (n - 1 + ahead - center)

    return over(len(x), n - 1, value)


def fosc(x, n):
    forecast = [None, *line_at(x, n, 1)[:-1]]
    return combine(lambda v, f: divide(100 * (v - f), v), x, forecast)


# Overlays


def rma(x, n):
    return wilder(x, n, 0)[: len(x)]


def trima(x, n):
    return mean_of_known(sma(x, (n + 1) // 2), n // 2 + 1)


def hma(x, n):
    inner = combine(lambda a, b: 2 * a - b, wma(x, n // 2), wma(x, n))
    return between_gaps(inner, lambda part: wma(part, math.isqrt(n)))


def zlema(x, n):
    lag = (n - 1) // 2
    return ema(over(len(x), lag, lambda i: 2 * x[i] - x[i - lag]), n)


def t3(x, n, k):
    lines = [x]
    for _ in range(6):
        lines.append(ema(lines[-1], n))

    parts = (
        -(k**3),
        3 * k**2 + 3 * k**3,
        -6 * k**2 - 3 * k - 3 * k**3,
        1 + 3 * k + k**3 + 3 * k**2,
    )
    return combine(
        lambda *values: sum(part * v for part, v in zip(parts, values, strict=True)),
        *lines[6:2:-1],
    )


def vwma(x, volume, n):
    def average(i):
        bars = range(i - n + 1, i + 1)
        return divide(math.fsum(x[j] * volume[j] for j in bars), math.fsum(window(volume, i, n)))

    return over(len(x), n - 1, average)


def midpoint(x, n):
    return combine(lambda a, b: (a + b) / 2, highest(x, n), lowest(x, n))


def midprice(high, low, n):
    return combine(lambda a, b: (a + b) / 2, highest(high, n), lowest(low, n))


def accbands(high, low, close, n):
    widths = [4 * (h - a) / (h + a) for h, a in zip(high, low, strict=True)]
    return {
        "upper": sma([h * (1 + w) for h, w in zip(high, widths, strict=True)], n),
        "middle": sma(close, n),
        "lower": sma([a * (1 - w) for a, w in zip(low, widths, strict=True)], n),
    }


def donchian(high, low, n):
    top, bottom = highest(high, n), lowest(low, n)
    return {"upper": top, "middle": combine(lambda a, b: (a + b) / 2, top, bottom), "lower": bottom}


def kc(high, low, close, n, k, **rest):
    line, width = ema(typical(high, low, close), n), atr(high, low, close, rest["atr"])
    known = combine(lambda a, _: a, line, width)
    return {
        "upper": combine(lambda a, w: a + k * w, line, width),
        "middle": known,
        "lower": combine(lambda a, w: a - k * w, line, width),
    }


def sar(high, low, step, most):
    """Wilder, New Concepts: the first side is that of the greater movement of the second bar."""
    count = len(high)
    if count < 2:
        return [None] * count
    falls = low[0] - low[1] > max(high[1] - high[0], 0)
    stop, extreme = (high[0], low[1]) if falls else (low[0], high[1])
    speed, values = step if step <= most else most, [None]
    step = speed
    before = (high[1], low[1])
    for i in range(1, count):
        last, before = before, (high[i], low[i])
        touched = high[i] >= stop if falls else low[i] <= stop
        if touched:
            falls = not falls
            stop = max(extreme, last[0], high[i]) if falls else min(extreme, last[1], low[i])
            values.append(stop)
            speed, extreme = step, low[i] if falls else high[i]
        else:
            values.append(stop)
            beyond = low[i] < extreme if falls else high[i] > extreme
            if beyond:
                extreme = low[i] if falls else high[i]
                speed = min(speed + step, most)
        stop += speed * (extreme - stop)
        stop = max(stop, last[0], high[i]) if falls else min(stop, last[1], low[i])
    return values


def ha(open_, high, low, close):
    ends = [(o + h + a + c) / 4 for o, h, a, c in zip(open_, high, low, close, strict=True)]
    starts = [(open_[0] + close[0]) / 2] if open_ else []
    for i in range(1, len(close)):
        starts.append((starts[-1] + ends[i - 1]) / 2)
    return {
        "open": starts,
        "high": [max(v) for v in zip(high, starts, ends, strict=True)],
        "low": [min(v) for v in zip(low, starts, ends, strict=True)],
        "close": ends,
    }


def wclprice(high, low, close):
    return [(h + a + 2 * c) / 4 for h, a, c in zip(high, low, close, strict=True)]


def fractal(high, low, left, right):
    def swings(x):
        def value(i):
            at = i - right
            around = x[at - left : at] + x[at + 1 : i + 1]
            return float(all(x[at] > v for v in around))

        return over(len(x), left + right, value)

    return {"high": swings(high), "low": swings([-v for v in low])}


# Statistics


def total(x, n):
    return over(len(x), n - 1, lambda i: math.fsum(window(x, i, n)))


def var(x, n):
    return [None if v is None else v * v for v in stddev(x, n)]


def avgdev(x, n):
    return over(
        len(x), n - 1, lambda i: mean([abs(v - mean(window(x, i, n))) for v in window(x, i, n)])
    )


def percentile(x, n, p):
    return over(
        len(x), n - 1, lambda i: sorted(window(x, i, n))[max(math.ceil(p * n / 100), 1) - 1]
    )


def shared(a, b):
    return mean([(v - mean(a)) * (w - mean(b)) for v, w in zip(a, b, strict=True)])


def correl(a, b, n):
    def value(i):
        first, second = window(a, i, n), window(b, i, n)
        return divide(shared(first, second), spread(first) * spread(second))

    return over(len(a), n - 1, value)


def beta(a, b, n):
    def returns(x, i):
        return [x[j] / x[j - 1] - 1 for j in range(i - n + 1, i + 1)]

    def value(i):
        first, second = returns(a, i), returns(b, i)
        return divide(shared(first, second), spread(first) ** 2)

    return over(len(a), n, value)


def linearreg_angle(x, n):
    ends = zip(line_at(x, n, 1), line_at(x, n, 0), strict=True)
    return [None if a is None else math.degrees(math.atan(a - b)) for a, b in ends]


def element(function):
    def values(x):
        found = []
        for v in x:
            try:
                found.append(function(v))
            except (ValueError, OverflowError):
                found.append(None)
        return found

    return values


# Volume, volatility, movement


def running(x):
    return list(itertools.accumulate(x))


def obv(close, volume):
    signs = [1, *((b > a) - (b < a) for a, b in itertools.pairwise(close))]
    return running([s * v for s, v in zip(signs, volume, strict=True)])


def flow(high, low, close, volume):
    return [
        v * (2 * c - h - a) / (h - a) if h > a else 0.0
        for h, a, c, v in zip(high, low, close, volume, strict=True)
    ]


def ad(high, low, close, volume):
    return running(flow(high, low, close, volume))


def adosc(high, low, close, volume, fast, slow):
    line = ad(high, low, close, volume)

    def average(n):
        values = line[:1]
        for v in line[1:]:
            values.append(values[-1] + 2 / (n + 1) * (v - values[-1]))
        return values

    return [None] * min(slow - 1, len(line)) + less(average(fast), average(slow))[slow - 1 :]


def cmf(high, low, close, volume, n):
    moved = flow(high, low, close, volume)
    return over(
        len(close), n - 1,
        lambda i: divide(math.fsum(window(moved, i, n)), math.fsum(window(volume, i, n))),
    )  # fmt: skip


def efi(close, volume, n):
    force = [None, *((close[i] - close[i - 1]) * volume[i] for i in range(1, len(close)))]
    return ema(force, n)[: len(close)]


def marketfi(high, low, volume):
    return [divide(h - a, v) for h, a, v in zip(high, low, volume, strict=True)]


def volume_index(close, volume, counts):
    values = [1000.0]
    for i in range(1, len(close)):
        step = close[i] / close[i - 1] if counts(volume[i], volume[i - 1]) else 1.0
        values.append(values[-1] * step)
    return values[: len(close)]


def nvi(close, volume):
    return volume_index(close, volume, lambda now, before: now < before)


def pvi(close, volume):
    return volume_index(close, volume, lambda now, before: now > before)


def pvt(close, volume):
    moved = [volume[i] * (close[i] - close[i - 1]) / close[i - 1] for i in range(1, len(close))]
    return running([0.0, *moved])[: len(close)]


def wad(high, low, close):
    moved = [0.0]
    for i in range(1, len(close)):
        rise, fall = close[i] - min(low[i], close[i - 1]), close[i] - max(high[i], close[i - 1])
        moved.append(rise if close[i] > close[i - 1] else fall if close[i] < close[i - 1] else 0.0)
    return running(moved)[: len(close)]


def pvo(volume, fast, slow):
    return combine(lambda a, b: divide(100 * (a - b), b), ema(volume, fast), ema(volume, slow))


def rvol(volume, n):
    return over(len(volume), n, lambda i: divide(volume[i], mean(volume[i - n : i])))


def trange(high, low, close):
    return over(len(close), 1, lambda i: true_range(high, low, close, i))


def adr(high, low, n):
    return sma(less(high, low), n)


def cvi(high, low, n, back):
    line = ema(less(high, low), n)
    return over(
        len(line), n - 1 + back, lambda i: divide(100 * (line[i] - line[i - back]), line[i - back])
    )


def massi(high, low, n, window):
    line = ema(less(high, low), n)
    ratio = combine(divide, line, ema(line, n))
    return [None if v is None else v * window for v in mean_of_known(ratio, window)]


def rvi(x, n, deviation):
    widths, moves = stddev(x, deviation), [None, *(b - a for a, b in itertools.pairwise(x))]
    first = deviation - 1
    up = [w if m is not None and m > 0 else 0.0 for w, m in zip(widths, moves, strict=False)]
    down = [w if m is not None and m < 0 else 0.0 for w, m in zip(widths, moves, strict=False)]
    shares = combine(
        lambda u, d: divide(100 * u, u + d),
        wilder(up, n, first)[: len(x)], wilder(down, n, first)[: len(x)],
    )  # fmt: skip
    moved = [bool(m) for m in moves]
    long = n + deviation
    while (1 - 1 / (n + deviation)) ** (long - n - deviation) >= 1e-13:
        long += 1
    still, shown = math.inf, []
    for value, moves_ in zip(shares, moved, strict=False):
        still = 0 if moves_ else still + 1
        shown.append(None if still >= long else value)
    return shown


def adxr(high, low, close, n):
    line = adx(high, low, close, n)
    return combine(lambda a, b: (a + b) / 2, line, [None] * (n - 1) + line[: len(line) - n + 1])


def dx(high, low, close, n):
    plus, minus = directional(high, low, close, n)
    moves = moving(high, low, close)
    return combine(
        lambda p, m: divide(100 * abs(p - m), p + m),
        forgetting(plus, moves, n), forgetting(minus, moves, n),
    )  # fmt: skip


def movement(rises, falls, n):
    found = [r if r > f and r > 0 else 0.0 for r, f in zip(rises, falls, strict=True)]
    if len(found) < n - 1:
        return [None] * (len(found) + 1)
    values = [None] * (n - 1) + [math.fsum(found[: n - 1])]
    for step in found[n - 1 :]:
        values.append(values[-1] * (1 - 1 / n) + step)
    return values[: len(found) + 1]


def plus_dm(high, low, n):
    return movement(
        [b - a for a, b in itertools.pairwise(high)], [a - b for a, b in itertools.pairwise(low)], n
    )


def minus_dm(high, low, n):
    return movement(
        [a - b for a, b in itertools.pairwise(low)], [b - a for a, b in itertools.pairwise(high)], n
    )


def vortex(high, low, close, n):
    def share(way):
        def value(i):
            bars = range(i - n + 1, i + 1)
            span = math.fsum(true_range(high, low, close, j) for j in bars)
            return divide(math.fsum(way(j) for j in bars), span)

        return over(len(close), n, value)

    return {
        "plus": share(lambda j: abs(high[j] - low[j - 1])),
        "minus": share(lambda j: abs(low[j] - high[j - 1])),
    }


MORE = {
    "ac": ac, "accbands": accbands, "ad": ad, "adosc": adosc, "adr": adr, "adxr": adxr, "ao": ao,
    "apo": apo, "aroonosc": aroonosc, "avgdev": avgdev, "beta": beta, "bop": bop, "cmf": cmf,
    "cmo": cmo, "cmou": cmou, "coppock": coppock, "correl": correl, "cvi": cvi,
    "donchian": donchian, "dpo": dpo, "dx": dx, "efi": efi, "er": er, "eri": eri, "fosc": fosc,
    "fractal": fractal, "ha": ha, "hma": hma, "imi": imi, "kc": kc, "kdj": kdj,
    "linearreg": lambda x, n: line_at(x, n, 0), "linearreg_angle": linearreg_angle,
    "linearreg_intercept": lambda x, n: line_at(x, n, 1 - n), "marketfi": marketfi,
    "massi": massi, "midpoint": midpoint, "midprice": midprice, "minus_dm": minus_dm, "nvi": nvi,
    "obv": obv, "percentile": percentile, "plus_dm": plus_dm, "pvi": pvi, "pvo": pvo, "pvt": pvt,
    "qstick": qstick, "rma": rma, "rocr": rocr, "rocr100": rocr100, "rvi": rvi, "rvol": rvol,
    "sar": sar, "smi": smi, "stochf": stochf, "stochrsi": stochrsi, "sum": total, "t3": t3,
    "trange": trange, "trima": trima, "tsf": lambda x, n: line_at(x, n, 1), "tsi": tsi,
    "ultosc": ultosc, "var": var, "vhf": vhf, "vortex": vortex, "vwma": vwma, "wad": wad,
    "wclprice": wclprice, "zlema": zlema, "ceil": element(lambda v: float(math.ceil(v))),
    "floor": element(lambda v: float(math.floor(v))), "ln": element(math.log),
} | {
    name: element(getattr(math, name))
    for name in ("acos", "asin", "atan", "cos", "cosh", "exp", "log10", "sin", "sinh", "sqrt",
                 "tan", "tanh")
}  # fmt: skip
