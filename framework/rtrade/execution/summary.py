"""The fill rules in a few sentences, for reports; `docs/fill-rules.md` has them all."""

from __future__ import annotations

_LINES = """
A decision is taken at the close of a bar and acts from the open of the next bar that exists.
Market orders fill at the open, worse by the slippage; an exit fills before an entry.
Stop and target are measured from the fill and work from the entry bar on.
A bar that opens at or beyond a level fills it at the open, other bars fill it at the level.
Stops slip, targets never do; inside one bar that touches both, the stop counts.
A target that is touched fills in full; on a venue the price may only brush it.
A trailing stop follows closes, not highs and lows; trailing orders of venues differ.
Commission is charged on the notional of every fill; only targets pay the maker's rate.
Sizes are whole lots that the cash at hand pays for, commission included, without leverage.
A position still open at the end is marked at the last close and left out of figures on trades.
"""

FILL_RULES: tuple[str, ...] = tuple(_LINES.strip().splitlines())
