"""Every finding code, declared once: what it means and what to do.

RT0xx config, RT1xx plan, RT2xx engine, RT3xx data, RT4xx LLM. A code is never reused.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A finding code: its number, a short title, and the explanation shown to users."""

    code: str
    title: str
    doc: str


_CONFIG = (
    Code(
        "RT021", "unknown key", "A key that the schema does not know at this place. Often a typo."
    ),
)

_PLAN = (
    Code(
        "RT101",
        "expression of a wrong form",
        "The text under `rules:`, `signals:` or `scale_by` is not an expression: a bracket, a "
        "value or an operator is missing. The caret shows where.",
    ),
    Code(
        "RT102",
        "not part of the language",
        "A sign or word of another language. The help line says what to write for it; "
        "`docs/language.md` lists what there is.",
    ),
    Code(
        "RT103",
        "expression too large",
        "An expression is too long, has too many parts, or is nested too deeply. Give parts of "
        "it names under `signals:`.",
    ),
    Code(
        "RT104",
        "wrong number of bars in `x[n]`",
        "`x[n]` is the value n bars ago: n is a constant whole number from 0 to 10,000. A "
        "negative number would be a bar of the future.",
    ),
    Code(
        "RT110",
        "unknown name",
        "A name that is no price, param, signal, series of `data.also` or function of the catalog.",
    ),
    Code(
        "RT111",
        "no such field",
        "Only series (`daily.close`) and calls with several results (`macd(...).signal`) have "
        "fields, each its own.",
    ),
    Code(
        "RT112",
        "which result?",
        "A function with several results stands where one number is needed. Say which: "
        "`bbands(close, 20, 2).upper`.",
    ),
    Code(
        "RT113",
        "wrong arguments",
        "A call has too many or too few arguments, one twice, or one that the function does not "
        "have. `rtrade catalog NAME` shows what it takes.",
    ),
    Code(
        "RT114",
        "not a constant",
        "Windows and other settings of a function are numbers or params, and whole where they "
        "count bars.",
    ),
    Code(
        "RT115",
        "argument out of range",
        "A setting of a function lies outside the range that its declaration gives, or does not "
        "go with another one.",
    ),
    Code(
        "RT116",
        "signals in a circle",
        "A signal is built on itself, by itself or through others.",
    ),
    Code(
        "RT117",
        "name is taken",
        "A param, signal or series has the name of another one, of a price, of a function, or "
        "of a word of the language.",
    ),
    Code(
        "RT118",
        "param outside its own range",
        "The value of a param lies outside the `min` and `max` that it declares.",
    ),
    Code(
        "RT120",
        "wrong type",
        "Arithmetic needs numbers, `and or not` need conditions, and only like can be compared "
        "with like.",
    ),
    Code(
        "RT121",
        "a rule must be a condition",
        "A rule is true or not true. Compare a number with something to make a condition of it.",
    ),
    Code(
        "RT122",
        "units differ",
        "Values that measure different things are compared or added, such as a price and an "
        "oscillator in 0..100. Often one of them is the wrong one.",
    ),
    Code(
        "RT123",
        "constant condition",
        "A condition that never changes: two constants, a value and itself, or a number outside "
        "the range of what it is compared with.",
    ),
    Code(
        "RT124",
        "not a finite number",
        "Arithmetic on constants divides by zero, or a number is too large.",
    ),
    Code(
        "RT130",
        "series finer than the base",
        "A series of `data.also` has a shorter timeframe than `data.timeframe`.",
    ),
    Code(
        "RT131",
        "timeframes do not divide",
        "The timeframe of a series of `data.also` is not a whole number of bars of "
        "`data.timeframe`.",
    ),
    Code(
        "RT140",
        "risk sizing without a stop",
        "`sizing: {risk: ...}` divides the allowed loss by the distance to the stop, so it "
        "needs `stop_loss` or `trailing_stop`.",
    ),
    Code(
        "RT141",
        "`scale_by` without a scale",
        "`scale_by` takes a percentage in 0..100 or a fraction in 0..1, known as such from what "
        "it is computed from.",
    ),
    Code(
        "RT142",
        "stop within the slippage",
        "A stop that is not wider than the slippage is reached by the entry itself.",
    ),
    Code(
        "RT143",
        "cooldown rules reversals out",
        "With a cooldown, an entry decided at the close that decides an exit is refused, so "
        "long and short cannot follow one another at once.",
    ),
    Code(
        "RT144",
        "exit without entry",
        "An exit rule of a side that is never entered.",
    ),
    Code(
        "RT145",
        "no way out",
        "A side is entered, and no exit rule, stop, target or time exit ever closes it.",
    ),
    Code(
        "RT146",
        "level out of reach",
        "A level at or below a price of 0 is never reached.",
    ),
    Code(
        "RT147",
        "rules collide",
        "Two rules are the same condition, so that one rules the other out.",
    ),
)

_ENGINE = (
    Code(
        "RT201",
        "engine not there yet",
        "An engine that is planned and cannot be chosen so far. Every engine makes the same "
        "trades, so `backtrader` gives the result that it would give.",
    ),
    Code("RT202", "unknown engine", "A name given to `--engine` that no engine has."),
)

_DATA = (
    Code(
        "RT301",
        "no such data file",
        "A source file names a path that is no file. Paths count from the source file.",
    ),
    Code(
        "RT302",
        "data file of another kind, or damaged",
        "The file is not what the source says it is: binary data or another format under "
        "`kind: csv` or `kind: parquet`, a gzip file that is cut off, text that is not UTF-8. "
        "Fetch or save the file again, or correct `kind`.",
    ),
    Code(
        "RT303",
        "no rows",
        "The file is empty, or has a header and nothing below it.",
    ),
    Code(
        "RT304",
        "column not found",
        "A column is missing, or more than one could be meant. `columns` in the source file says "
        "which column is which; the time column is found by its usual names where it is not named.",
    ),
    Code(
        "RT305",
        "unusable time",
        "A time is empty, no number or ISO-8601 text, finer than a millisecond, or outside of 1970 "
        "to 2200, often because of another unit. `time_unit` states it.",
    ),
    Code(
        "RT306",
        "times in more than one unit",
        "Some times are in another unit than the rest, by their magnitude. Some archives went from "
        "milliseconds to microseconds: convert one part, or make two files of them.",
    ),
    Code(
        "RT307",
        "not a number",
        "A price or a volume is empty, text, NaN or infinite. Leave a bar without data out: a gap "
        "is counted and reported, an invented price is not.",
    ),
    Code(
        "RT308",
        "rows out of order",
        "A time lies before the one above it. Rows run from the oldest to the newest.",
    ),
    Code(
        "RT309",
        "duplicate time",
        "Two rows have the same time. Which of them is right cannot be told from the file.",
    ),
    Code(
        "RT310",
        "time off the grid",
        "No bar of the stated timeframe opens at this time. Bars are keyed by their UTC open time: "
        "local times, closing times and a wrong unit show up here.",
    ),
    Code(
        "RT311",
        "another timeframe than stated",
        "The usual distance between rows is not the timeframe that the source file states.",
    ),
    Code(
        "RT312",
        "inconsistent prices",
        "A high lies below the open or the close, or a low above one of them.",
    ),
    Code(
        "RT313",
        "price not above zero",
        "A price is zero or negative.",
    ),
    Code(
        "RT314",
        "negative volume",
        "A volume is negative. Zero is allowed: nothing was traded.",
    ),
    Code(
        "RT315",
        "row of another length",
        "A row has more or fewer cells than the header, so that it is unclear which is which.",
    ),
    Code(
        "RT320",
        "more findings than shown",
        "At most twenty findings of a file are shown; this one counts the rest.",
    ),
)

CODES: dict[str, Code] = {entry.code: entry for entry in (*_CONFIG, *_PLAN, *_ENGINE, *_DATA)}
