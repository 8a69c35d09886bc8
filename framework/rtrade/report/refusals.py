"""Why entries are refused: a sentence for each of the closed list."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "in_position": "The opposite direction was held, and that position stayed.",
    "conflict": "Both entry rules were true at the same close.",
    "exiting": "Its own exit rule was true too, or a position in its direction was just leaving.",
    "ruin": "Equity had fallen to 0 or below; trading had ended.",
    "max_drawdown": "The drawdown limit had ended trading.",
    "daily_loss": "The day's loss limit was reached; no entries for the rest of that day.",
    "cooldown": "Too soon after the last exit.",
    "warming_up": "An average range or volatility that the order needs was not known yet.",
    "risk_veto": "The risk signal forbade it.",
    "no_cash": "No cash was left.",
    "below_minimum": "The order was smaller than the venue accepts.",
}
