"""The fill rules in a few sentences, for reports; `docs/fill-rules.md` has them in full."""

from __future__ import annotations

FILL_RULES = (
    "A decision is taken when a bar has closed and acts at the open of the next bar that exists.",
    "Market orders fill at the open, worse by slippage, also beyond the range of the bar.",
    "Stops and targets work from the entry bar on; inside one bar the stop wins.",
    "A bar that opens beyond a level fills it at the open.",
    "Stops fill worse by slippage; targets never slip, and one that is touched fills in full.",
    "The trailing stop follows closes, not highs: the trailing orders of exchanges differ.",
    "Sizes are cut to the cash at hand and rounded down to whole lots, shorts too: no leverage.",
    "A position open at the end is marked at the last close and left out of trade figures.",
)
