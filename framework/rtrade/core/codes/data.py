"""RT3xx: bars and the files that hold them."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
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
        "Two rows have the same time. Which of them is right cannot be told from the file; "
        "`quality: {duplicates: first}`, or `last`, in the source file chooses.",
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
        "A high lies below the open or the close, or a low above one of them. "
        "`quality: {ohlc: repair}` in the source file moves high and low to the highest and the "
        "lowest of the four prices, `drop` leaves the bar out.",
    ),
    Code(
        "RT313",
        "price not above zero",
        "A price is zero or negative, or beyond what a run reckons with: from 1e-12 to 1e15.",
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
        "RT316",
        "hole in the bars",
        "Bars are missing where the source file says `quality: {gaps: error}`, more of them in one "
        "hole than `max_gap` tolerates. `gaps: keep` steps over holes, `gaps: fill` fills them; "
        "but not with millions of bars, for which a wrong time is the likelier reason.",
    ),
    Code(
        "RT320",
        "more findings than shown",
        "At most twenty findings of a file are shown; this one counts the rest.",
    ),
)
