"""What every entry of the catalog promises, new ones included: one test each, for all of them."""

import string
import subprocess
import sys

import numpy as np
import pytest
import talib
from talib import abstract

from conformance import catalog_series as series
from conformance.catalog_slow import SLOW as FIRST
from conformance.catalog_slow_more import MORE
from rtrade.catalog.builtin import builtin
from rtrade.catalog.candles import PATTERNS
from rtrade.catalog.library import LEFT_OUT, RENAMED
from rtrade.catalog.registry import Kind, Unit
from rtrade.catalog.statistics import ELEMENTS
from rtrade.core.bars import FALSE, TRUE, UNKNOWN
from rtrade.signals.kernels import compute, names

# Params to try each entry with; entries without params are tried as they are.
CASES = {
    "adx": [{"n": 14}, {"n": 2}, {"n": 5}],
    "aroon": [{"n": 25}, {"n": 2}, {"n": 7}],
    "atr": [{"n": 14}, {"n": 1}, {"n": 3}],
    "bbands": [{"n": 20, "k": 2}, {"n": 2, "k": 0.5}],
    "cci": [{"n": 20}, {"n": 2}],
    "change": [{"n": 1}, {"n": 10}],
    "count_true": [{"n": 1}, {"n": 2}, {"n": 13}],
    "dema": [{"n": 20}, {"n": 1}, {"n": 3}],
    "ema": [{"n": 20}, {"n": 1}, {"n": 50}],
    "falling": [{"n": 1}, {"n": 3}],
    "held_for": [{"n": 1}, {"n": 2}, {"n": 5}],
    "highest": [{"n": 1}, {"n": 2}, {"n": 20}, {"n": 55}],
    "kama": [{"n": 10}, {"n": 2}],
    "linearreg_slope": [{"n": 14}, {"n": 2}],
    "log_return_deviation": [{"n": 30}, {"n": 2}],
    "lowest": [{"n": 1}, {"n": 2}, {"n": 20}, {"n": 55}],
    "macd": [
        {"fast": 12, "slow": 26, "signal": 9},
        {"fast": 2, "slow": 3, "signal": 1},
        {"fast": 5, "slow": 8, "signal": 30},
    ],
    "mfi": [{"n": 14}, {"n": 1}],
    "minus_di": [{"n": 14}, {"n": 2}],
    "mom": [{"n": 10}, {"n": 1}],
    "natr": [{"n": 14}, {"n": 1}],
    "occurred_within": [{"n": 1}, {"n": 2}, {"n": 5}],
    "pct_change": [{"n": 1}, {"n": 10}],
    "percent_rank": [{"n": 20}, {"n": 1}],
    "plus_di": [{"n": 14}, {"n": 2}],
    "ppo": [{"fast": 12, "slow": 26}, {"fast": 2, "slow": 3}],
    "rising": [{"n": 1}, {"n": 3}],
    "roc": [{"n": 10}, {"n": 1}],
    "rsi": [{"n": 14}, {"n": 2}],
    "sma": [{"n": 20}, {"n": 1}, {"n": 2}, {"n": 50}],
    "stddev": [{"n": 20}, {"n": 2}],
    "stoch": [{"n": 14, "k": 3, "d": 3}, {"n": 1, "k": 1, "d": 1}, {"n": 5, "k": 1, "d": 4}],
    "tema": [{"n": 20}, {"n": 1}, {"n": 3}],
    "trix": [{"n": 15}, {"n": 1}],
    "vwap": [{"n": 20}, {"n": 1}],
    "willr": [{"n": 14}, {"n": 1}],
    "wma": [{"n": 20}, {"n": 1}, {"n": 2}],
    "zscore": [{"n": 20}, {"n": 2}],
}
ENTRIES = builtin().entries()
SLOW = FIRST | MORE
# What has no formula of its own here is TA-Lib's function, on prices brought to one size.
LIBRARY = {
    "ht_dcperiod", "ht_dcphase", "ht_phasor", "ht_sine", "ht_trendline", "ht_trendmode", "mama",
    "supertrend", *(pattern.name for pattern in PATTERNS),
}  # fmt: skip


NARROW = {"acos", "asin", "cosh", "exp", "sinh"}
# They depend on the unit of what they are given, and say so.
UNSCALED = {entry.name for entry in ELEMENTS} | {"linearreg_angle"}
SQUARED = {"efi", "var"}


def usual_and_least(entry):
    """Params as most would give them, and the least that an entry takes."""
    usual = {param.name: 20 if param.default is None else param.default for param in entry.params}
    least = {param.name: param.min for param in entry.params}
    if "fast" in least and "slow" in least and entry.check is not None:
        least |= {"slow": max(least["slow"], least["fast"] + 1)}
    return [usual, least] if usual != least else [usual]


CASES |= {
    entry.name: usual_and_least(entry)
    for entry in ENTRIES
    if entry.params and entry.name not in CASES
}
ALL = [
    pytest.param(entry, params, id=f"{entry.name}-{'-'.join(map(str, params.values()))}")
    for entry in ENTRIES
    for params in (CASES[entry.name] if entry.params else [{}])
]
each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
each_case = pytest.mark.parametrize(("entry", "params"), ALL)


def inputs_of(entry, bars, seed=3):
    """Return an entry's inputs from bars: the close first, then a line that keeps crossing it.

    They cannot be written to, as is so with bars out of a file.
    """
    rng = np.random.default_rng(seed)
    count = len(bars["close"])
    near = bars["close"] * (1 + 2e-3 * rng.normal(size=count))
    numbers = [bars["close"], near, near * 1.002]
    if entry.name in NARROW:
        # Where they are defined, and their values are not too large.
        numbers[0] = bars["close"] / (1.5 * np.abs(bars["close"]).max(initial=1e-300))
    often = rng.choice([0.15, 0.5, 0.85])
    truths = np.where(rng.random(count) < often, TRUE, FALSE).astype(np.int8)
    given = [
        truths if wanted.kind is Kind.BOOLEAN else numbers[place]
        for place, wanted in enumerate(entry.inputs)
    ]
    given = [values.copy() for values in given + [bars[name] for name in entry.prices]]
    for values in given:
        values.flags.writeable = False
    return given


def run(entry, params, bars):
    return compute(entry, inputs_of(entry, bars), params)


def known(values):
    return values != UNKNOWN if values.dtype == np.int8 else np.isfinite(values)


def is_condition(entry):
    return entry.outputs[0].kind is Kind.BOOLEAN


def assert_same_bits(left, right):
    assert left.keys() == right.keys()
    for name, values in left.items():
        np.testing.assert_array_equal(values, right[name], err_msg=name, strict=True)


def assert_close(got, wanted, tolerance=1e-9):
    """Compare relative to the value, or to a usual one where it passes through zero."""
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(wanted))
    fine = np.isfinite(wanted)
    usual = np.abs(wanted[fine]).mean() if fine.any() else 0.0
    allowed = tolerance * np.maximum(np.abs(wanted[fine]), usual)
    assert (np.abs(got[fine] - wanted[fine]) <= allowed).all()


def assert_in_bounds(entry, found):
    for output in entry.outputs:
        values = found[output.name]
        if output.kind is Kind.BOOLEAN:
            assert np.isin(values, (FALSE, UNKNOWN, TRUE)).all()
            assert values.dtype == np.int8
            continue
        assert values.dtype == np.float64
        assert not np.isinf(values).any()
        fine = values[np.isfinite(values)]
        assert output.low is None or (fine >= output.low).all()
        assert output.high is None or (fine <= output.high).all()


def test_every_entry_has_a_kernel_a_slow_formula_and_cases():
    assert names() == builtin().names()
    assert tuple(sorted({*SLOW, *LIBRARY})) == builtin().names()
    assert not LIBRARY & SLOW.keys()
    assert sorted(CASES) == [entry.name for entry in ENTRIES if entry.params]


@each_entry
def test_is_documented(entry):
    assert entry.doc.endswith(".")
    assert entry.group
    assert entry.source
    assert entry.inputs or entry.prices
    for thing in (*entry.params, *entry.inputs):
        assert thing.doc
        assert thing.name.isidentifier()
    allowed = {thing.name for thing in (*entry.params, *entry.inputs)}
    fields = {name for _, name, _, _ in string.Formatter().parse(entry.words) if name}
    assert entry.words
    assert fields <= allowed
    assert {param.name for param in entry.params} <= fields | {"k"}
    assert set(entry.prices) <= set(series.FIELDS)
    names_of_all = [thing.name for thing in (*entry.params, *entry.inputs)]
    assert len(names_of_all) == len(set(names_of_all))


@each_entry
def test_params_have_ranges(entry):
    for param in entry.params:
        assert param.min <= param.max
        assert param.default is None or param.min <= param.default <= param.max
        assert not param.integer or isinstance(param.min, int)
    for params in CASES.get(entry.name, []):
        assert list(params) == [param.name for param in entry.params]
        for param in entry.params:
            assert param.min <= params[param.name] <= param.max
        assert entry.check is None or entry.check(params) is None


@each_entry
def test_lowest_params_are_tried(entry):
    """The ends of the ranges are true: the kernel takes them."""
    for param in entry.params:
        if not entry.check:
            assert any(params[param.name] == param.min for params in CASES[entry.name]) or (
                param.name == "k"
            )


@each_entry
def test_outputs_are_declared(entry):
    if len(entry.outputs) == 1:
        assert entry.outputs[0].name == "value"
    for output in entry.outputs:
        assert entry.inputs or output.unit is not Unit.INPUT
        assert output.kind is not Kind.BOOLEAN or len(entry.outputs) == 1


def test_a_fast_average_must_be_faster():
    for name in ("macd", "ppo"):
        check = builtin().get(name).check
        assert "must be below" in check({"fast": 26, "slow": 26, "signal": 9})
        assert check({"fast": 12, "slow": 26, "signal": 9}) is None


@each_case
@pytest.mark.parametrize("bars", [series.lifelike(400), series.nasty(400)], ids=["life", "nasty"])
def test_is_what_its_definition_says(entry, params, bars):
    if entry.name in LIBRARY:
        return
    inputs = inputs_of(entry, bars)
    found = compute(entry, inputs, params)
    lists = [
        [value == TRUE for value in given.tolist()] if given.dtype == np.int8 else given.tolist()
        for given in inputs
    ]
    wanted = SLOW[entry.name](*lists, **params)
    wanted = wanted if isinstance(wanted, dict) else {"value": wanted}
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        if is_condition(entry):
            as_tri = [UNKNOWN if v is None else TRUE if v else FALSE for v in values]
            assert found[name].tolist() == as_tri
        else:
            assert_close(found[name], np.array([np.nan if v is None else v for v in values]))


@each_case
def test_first_known_exactly_at_its_warmup(entry, params):
    warmup = entry.warmup(params)
    undecided = False
    for seed in range(60 if is_condition(entry) else 3):
        bars = series.lifelike(warmup + 40, seed)
        found = compute(entry, inputs_of(entry, bars, seed), params)
        ready = np.logical_and.reduce([known(values) for values in found.values()])
        assert ready[warmup:].all()
        undecided |= warmup == 0 or not ready[warmup - 1]
        if not is_condition(entry):
            assert not any(known(values)[:warmup].any() for values in found.values())
    assert undecided


@each_case
@pytest.mark.parametrize("bars", [series.lifelike, series.nasty], ids=["life", "nasty"])
def test_the_start_matters_no_more_once_settled(entry, params, bars):
    forget = entry.warmup(params) + (entry.settle(params) or 0)
    bars = bars(forget + 1500)
    whole = run(entry, params, bars)
    inputs = inputs_of(entry, bars)
    for start in (1, 37, 600, 1400):
        later = compute(entry, [given[start:].copy() for given in inputs], params)
        for name, values in later.items():
            settled, reference = values[forget:], whole[name][start + forget :]
            if entry.settle(params) is None:
                continue
            if entry.settle(params):
                assert_close(settled, reference)
            else:
                np.testing.assert_array_equal(settled, reference, strict=True)


@each_case
def test_what_never_settles_says_so_for_a_reason(entry, params):
    """Begun later, it is another line, known or not for how long."""
    if entry.settle(params) is not None or (params and 0 in params.values()):
        return
    bars = series.lifelike(1500)
    whole = run(entry, params, bars)
    inputs = inputs_of(entry, bars)
    differs = False
    for start in (1, 37, 100, 600):
        later = compute(entry, [given[start:].copy() for given in inputs], params)
        for name, values in later.items():
            since = entry.warmup(params) + 5
            differs |= not np.array_equal(values[since:], whole[name][start + since :])
    assert differs


@each_case
def test_what_comes_later_changes_nothing(entry, params):
    bars = series.nasty(700)
    inputs = inputs_of(entry, bars)
    whole = compute(entry, inputs, params)
    warmup = entry.warmup(params)
    for cut in (1, warmup, warmup + 1, warmup + 2, 64, 129, 141, 255, 350, 381, 467, 512, 699):
        found = compute(entry, [given[:cut].copy() for given in inputs], params)
        assert_same_bits(found, {name: values[:cut] for name, values in whole.items()})


@each_case
def test_keeps_its_bounds(entry, params):
    for bars in (series.lifelike(600), series.nasty(600), series.rising(600), series.same(600)):
        assert_in_bounds(entry, run(entry, params, bars))


@each_case
def test_too_few_bars_show_nothing(entry, params):
    warmup = entry.warmup(params)
    for count in {0, 1, 2, warmup} - {c for c in (0, 1, 2) if c > warmup}:
        found = run(entry, params, series.lifelike(max(count, 1)) if count else series.same(0))
        if count == 0:
            assert all(len(values) == 0 for values in found.values())
        elif not is_condition(entry):
            assert not any(known(values).any() for values in found.values())


@each_case
@pytest.mark.parametrize("factor", [1e298, 1e150, 1e-30, 1e-150, 1e-300, 5e-324])
def test_huge_and_tiny_prices_are_numbers_or_unknown(entry, params, factor):
    for bars in (series.lifelike(200), series.same(200, 3.0), series.rising(200)):
        assert_in_bounds(entry, run(entry, params, series.times(bars, factor)))


@each_entry
def test_a_price_of_a_millionth_is_a_price(entry):
    """Indicators without a unit do not depend on it; the others scale with it."""
    if entry.name in UNSCALED:
        return
    params = CASES[entry.name][0] if entry.params else {}
    bars = series.lifelike(300)
    small = series.times(bars, 2.0**-80)
    found, scaled = run(entry, params, bars), run(entry, params, small)
    for output in entry.outputs:
        carries = output.unit in {Unit.INPUT, Unit.PRICE, Unit.VOLUME}
        power = 2 if entry.name in SQUARED else int(carries)
        wanted = found[output.name] * 2.0 ** (-80 * power)
        np.testing.assert_array_equal(scaled[output.name], wanted.astype(wanted.dtype))


NO_MOVE = {
    "abs": 0.1, "atr": 0.0, "change": 0.0, "dema": 0.1, "ema": 0.1, "highest": 0.1, "kama": 0.1,
    "linearreg_slope": 0.0, "log_return_deviation": 0.0, "lowest": 0.1, "mom": 0.0, "natr": 0.0,
    "pct_change": 0.0, "percent_rank": 0.0, "roc": 0.0, "sma": 0.1, "stddev": 0.0, "tema": 0.1,
    "trix": 0.0, "ppo": 0.0, "vwap": (0.1 + 0.1 + 0.1) / 3, "wma": 0.1,
}  # fmt: skip
NO_ANSWER = {"adx", "cci", "mfi", "minus_di", "plus_di", "rsi", "stoch", "willr", "zscore"}


@each_case
def test_where_nothing_moves(entry, params):
    """Averages are the price to the bit, movements are 0, and shares of nothing are unknown."""
    found = run(entry, params, series.same(700))
    warmup = entry.warmup(params)
    if entry.name in NO_MOVE:
        assert (found["value"][warmup:] == NO_MOVE[entry.name]).all()
    elif entry.name in NO_ANSWER:
        assert not any(known(values).any() for values in found.values())
    elif entry.name == "bbands":
        assert all((values[warmup:] == 0.1).all() for values in found.values())
    elif entry.name == "macd":
        assert all((values[warmup:] == 0.0).all() for values in found.values())


@each_case
def test_a_gap_in_the_input_is_not_remembered(entry, params):
    """After an unknown value everything is as if it had never been, or as if begun after it."""
    bars = series.lifelike(300)
    inputs = inputs_of(entry, bars)
    whole, warmup, gap = compute(entry, inputs, params), entry.warmup(params), 150
    for place in range(len(inputs)):
        holed = [given.copy() for given in inputs]
        number = holed[place].dtype == np.float64
        holed[place][gap] = np.nan if number else UNKNOWN
        found = compute(entry, holed, params)
        fresh = compute(entry, [given[gap + 1 :].copy() for given in holed], params)
        for name, values in found.items():
            np.testing.assert_array_equal(values[:gap], whole[name][:gap])
            after = slice(gap + 1 + warmup, None)
            again = whole[name][after] if entry.settle(params) == 0 else fresh[name][warmup:]
            np.testing.assert_array_equal(values[after], again)
            if number and not is_condition(entry):
                assert np.isnan(values[gap])


LOOKS_AT_TWO = {"change", "mom", "pct_change", "roc", "rocr", "rocr100"}


@each_case
def test_a_window_is_unknown_while_an_unknown_is_in_it(entry, params):
    if is_condition(entry) or not entry.inputs or entry.name in LOOKS_AT_TWO:
        return
    inputs = [given.copy() for given in inputs_of(entry, series.lifelike(300))]
    inputs[0][150] = np.nan if inputs[0].dtype == np.float64 else UNKNOWN
    for values in compute(entry, inputs, params).values():
        assert np.isnan(values[150 : 151 + entry.warmup(params)]).all()


def library_inputs(info, bars, name):
    """The arrays that a function of the library takes, as it orders them."""
    arrays = []
    given = inputs_of(builtin().get(name), bars)
    for key, wanted in info["input_names"].items():
        if key in {"price", "price0", "price1"}:
            arrays.append(given[1 if key == "price1" else 0])
        else:
            arrays += [bars[one] for one in wanted]
    return arrays


# Our params in the order of the library's, where theirs are others or stand otherwise.
THEIRS = {
    "apo": lambda p: (*p, 1),
    "bbands": lambda p: (p[0], p[1], p[1], 0),
    "kdj": lambda p: (p[0], p[1], 13, p[2], 13),
    "massi": lambda p: p,
    "mama": lambda p: p,
    "ppo": lambda p: (*p, 1),
    "pvo": lambda p: (*p, 1),
    "stddev": lambda p: (*p, 1),
    "stoch": lambda p: (p[0], p[1], 0, p[2], 0),
    "stochf": lambda p: (p[0], p[1], 0),
    "stochrsi": lambda p: (*p, 0),
    "var": lambda p: (*p, 1),
}
# Outputs in another order than the library's.
OURS = {"aroon": ("down", "up")}
# They begin otherwise, and meet once that is forgotten.
MEETS = {"adosc", "dx", "efi", "kc", "rvi", "vwma"}
# Where TA-Lib says 0 or its last value, what is 0/0 is unknown here.
UNKNOWN_HERE = {"bop", "cmf", "cvi", "er", "imi", "vhf", "stochrsi"}


@pytest.mark.parametrize("function", sorted(talib.get_functions()))
def test_agrees_with_ta_lib(function):
    """On lifelike prices TA-Lib's own functions say the same, those that we sum ourselves too."""
    entry = builtin().get(function.lower())
    # Two of ours have the name of another function of theirs.
    if function in RENAMED or function in LEFT_OUT:
        assert entry is None or entry.name in {"max", "min", "vwap"}
        return
    assert entry is not None, f"{function} is new in TA-Lib"
    bars = series.gappy(3000) if entry.group == "candles" else series.lifelike(3000)
    info = abstract.Function(function).info
    params = CASES[entry.name][0] if entry.params else {}
    given = THEIRS.get(entry.name, lambda p: p)(tuple(params.values()))
    found = getattr(talib, function)(*library_inputs(info, bars, entry.name), *given)
    theirs = list(found) if isinstance(found, list | tuple) else [found]
    ours = run(entry, params, bars)
    assert len(theirs) == len(entry.outputs)
    names_ = OURS.get(entry.name, tuple(output.name for output in entry.outputs))
    for name, wanted in zip(names_, theirs, strict=True):
        values = ours[name]
        if is_condition(entry):
            values = np.where(values == UNKNOWN, np.nan, values / 2)
        if entry.name == "fractal":
            values = 100 * values
        known = np.isfinite(values)
        known[: entry.warmup(params) + (600 if entry.name in MEETS else 0)] = False
        assert known.sum() >= (2000 if entry.name not in UNKNOWN_HERE else 1000)
        assert_close(values[known], np.asarray(wanted, dtype=np.float64)[known], 1e-8)


def test_candles_see_what_there_is_to_see():
    """Each pattern but a few of the rarest occurs in a market with gaps and dojis."""
    bars = series.gappy(60_000)
    seen = {
        pattern.name: int(np.count_nonzero(
            run(builtin().get(pattern.name), CASES.get(pattern.name, [{}])[0], bars)["value"] > 0
        )) + int(np.count_nonzero(
            run(builtin().get(pattern.name), CASES.get(pattern.name, [{}])[0], bars)["value"] < 0
        ))
        for pattern in PATTERNS
    }  # fmt: skip
    never = {name for name, count in seen.items() if not count}
    assert len(never) <= 6, never


def test_the_catalog_is_light():
    code = "import sys, rtrade.catalog.builtin as b; b.builtin().get('rsi').settle({'n': 14}); "
    code += "print(sorted({'numpy', 'talib', 'numba'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
