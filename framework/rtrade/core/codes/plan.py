"""RT1xx: names, types, rules: what a strategy means."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
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
        "have. The finding says what it takes.",
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
        "A condition that never changes: two constants, a value and itself, a number outside "
        "the range of what it is compared with, or two values one of which is never above the "
        "other, such as `close > highest(high, 20)`.",
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
    Code(
        "RT150",
        "depends on where the data begin",
        "A rule or a size is built on a function that never forgets its first bar: a sum since "
        "the data began (`obv`, `ad`), or a line whose way depends on where it set out (`sar`, "
        "`supertrend`, `mama`). Two runs that begin at different times decide differently in "
        "the bars that they share.",
    ),
)
