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
        "RT001",
        "no such file",
        "The file that was named does not exist. Paths count from the working folder.",
    ),
    Code(
        "RT002",
        "file cannot be read",
        "The path is a folder or a device, or its rights do not allow reading it.",
    ),
    Code(
        "RT003",
        "file too large",
        "Strategy and source files have 256 KiB at most. Bars belong into data files, which a "
        "source names.",
    ),
    Code(
        "RT004",
        "not a text file",
        "The file is not UTF-8 text: another encoding, a byte order mark, control characters, "
        "or not YAML at all. Save it as UTF-8 without a byte order mark.",
    ),
    Code("RT005", "empty file", "The file holds nothing but comments or white space."),
    Code(
        "RT006",
        "not valid YAML",
        "The text breaks the rules of YAML. The usual causes are indentation, a quote or "
        "bracket that is never closed, and a value with `: ` in it or a `%`, `@` or backquote "
        "at its start that is not in quotes.",
    ),
    Code(
        "RT007",
        "key given twice",
        "A mapping has the same key twice. Most readers of YAML would silently take the last one.",
    ),
    Code(
        "RT008",
        "feature of YAML that is not allowed",
        "Tags, merge keys (`<<`), directives and several documents in one file are refused: "
        "they hide what a file says, and some of them can run code in other programs.",
    ),
    Code(
        "RT009",
        "too deep or too large",
        "The file nests more than 50 levels deep, has more than 100 aliases, or stands for more"
        " than 100,000 values once its aliases are written out.",
    ),
    Code(
        "RT010",
        "key that is not text",
        "Keys are text. A key that reads as a number, as `true` or as `null` needs quotes.",
    ),
    Code(
        "RT011",
        "unreadable value",
        "A number of too many digits, or an escape for a control character.",
    ),
    Code(
        "RT020",
        "wrong type",
        "A value has another type than its key takes: a number where text is wanted, a list "
        "where keys and values are wanted, or nothing at all.",
    ),
    Code(
        "RT021", "unknown key", "A key that the schema does not know at this place. Often a typo."
    ),
    Code(
        "RT022",
        "missing key",
        "Something must be there and is not: a required key, an entry rule, a way of sizing.",
    ),
    Code("RT023", "unknown choice", "The value is none of those that the key takes."),
    Code(
        "RT024",
        "missing unit",
        "Units are part of a value: `2%`, `50 bps`, `48 bars`, `4h`. A bare number could be "
        "read in two ways, and both are shown.",
    ),
    Code(
        "RT025",
        "wrong form",
        "A text does not have the form that its key takes, such as a symbol, a timeframe, a "
        "date or a name.",
    ),
    Code(
        "RT026",
        "out of range",
        "A number is outside the range in which it makes sense, or not a finite number.",
    ),
    Code(
        "RT027",
        "not available in this version",
        "What the file asks for is planned. It is refused by name, so that no result leaves it "
        "out in silence.",
    ),
    Code(
        "RT028",
        "not safe to share",
        "A strategy file can be passed on, so it holds no `${env:...}`, URL or absolute path. "
        "Addresses and secrets belong into a source file; there `${env:NAME}` stands only for "
        "secret keys.",
    ),
    Code(
        "RT029",
        "values that contradict one another",
        "Each value is right by itself, but not beside another one: an `end` before the "
        "`start`, an amount in another currency, a duration that is no whole number of bars, "
        "two ways of sizing.",
    ),
    Code(
        "RT030",
        "wrong option",
        "`--set` takes `key.path=value` with a key that the schema knows, and `--last` a length"
        " such as `30d`.",
    ),
    Code(
        "RT031",
        "unknown source",
        "No file of that name is in the workspace's `datasources/`, and none ships with rtrade.",
    ),
    Code(
        "RT032",
        "source outside the workspace",
        "The name of a source leads out of the workspace through a link. Name the file itself "
        "with `--source`.",
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
