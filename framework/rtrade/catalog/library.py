"""TA-Lib's functions, every one: the entry that does its work here, or why there is none.

Where the name is the same the entry stands for itself. A test compares this with the library, so
that a new version of it with a new function is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping

# Another name for the same, and how to write it.
RENAMED: Mapping[str, str] = {
    "ADD": "a + b",
    "AVGPRICE": "ohlc4",
    "DIV": "a / b",
    "MACDFIX": "macd(close, 12, 26, 9)",
    "MAX": "highest(close, 30)",
    "MEDPRICE": "hl2",
    "MIN": "lowest(close, 30)",
    "MINMAX": "highest(close, 30) - lowest(close, 30)",
    "MULT": "a * b",
    "PERCENTRANK": "percent_rank(close, 100)",
    "ROCP": "pct_change(close, 10)",
    "SUB": "a - b",
    "TYPPRICE": "hlc3",
}

LEFT_OUT: Mapping[str, str] = {
    "CUMSUM": "a sum since the data began says nothing by itself; `sum` has a window",
    "MA": "it chooses among averages by a number; call the average by its name",
    "MACDEXT": "it chooses averages by numbers; write `sma(close, 12) - sma(close, 26)`",
    "MAVP": "a window that changes from bar to bar has no warm-up that is known before",
    "MAXINDEX": "a place counted from the start of the data; `aroon` counts from this bar",
    "MININDEX": "a place counted from the start of the data; `aroon` counts from this bar",
    "MINMAXINDEX": "a place counted from the start of the data; `aroon` counts from this bar",
    "SAREXT": "it shows the side by the sign of a price; `sar` is a price on both sides",
    "VWAP": "it averages since the data began; `vwap` has a window",
}
