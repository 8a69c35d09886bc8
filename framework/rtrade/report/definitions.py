"""What the columns of the report's tables mean; metrics are defined by the catalog."""

from __future__ import annotations

from rtrade.report.judging_context import Definition


def _column(name: str, title: str, doc: str) -> Definition:
    return Definition(f"column-{name}", title, doc)


DEFINITIONS = (
    _column(
        "side",
        "Side",
        "Long gains where the price rises, short where it falls.",
    ),
    _column(
        "entry",
        "Entry",
        "Open time of the bar that the position was entered in, UTC.",
    ),
    _column(
        "exit",
        "Exit",
        "Open time of the bar that it was left in, UTC; open: not left.",
    ),
    _column(
        "price",
        "Price",
        "The price of the fill, slippage included, in quote units.",
    ),
    _column(
        "size",
        "Size",
        "Base units, a whole number of the venue's size steps.",
    ),
    _column(
        "bars",
        "Bars",
        "Bars from the one of the entry to the one of the exit.",
    ),
    _column(
        "profit",
        "Profit",
        "Size x (exit price - entry price), with the sign of the side, less the commissions of "
        "both fills; quote units. Of an open position, marked at the last close.",
    ),
    _column(
        "return",
        "Return",
        "The profit over the notional of the entry.",
    ),
    _column(
        "mae",
        "MAE",
        "Maximum adverse excursion: how far the price surely went against the entry price while"
        " the position was held, as a part of it.",
    ),
    _column(
        "mfe",
        "MFE",
        "Maximum favourable excursion: the same in favour of the position.",
    ),
    _column(
        "fees",
        "Fees",
        "Commissions of both fills, quote units.",
    ),
    _column(
        "closed-by",
        "Closed by",
        "A rule, a stop, a target, a limit in bars, or an account rule; see the fill rules.",
    ),
    _column(
        "group-trades",
        "Trades",
        "Closed trades of the group.",
    ),
    _column(
        "group-won",
        "Won",
        "The part of them that made money after costs.",
    ),
    _column(
        "group-mean",
        "Mean",
        "Their mean return.",
    ),
    _column(
        "group-profit",
        "Profit",
        "Their profits and losses added up, quote units.",
    ),
    _column(
        "group-factor",
        "Factor",
        "What the winning ones made over what the others lost; a dash where nothing was lost.",
    ),
    _column(
        "month",
        "Month",
        "Equity at the last close of the month over that of the month before, less one; of the "
        "first, over the starting cash.",
    ),
    _column(
        "year",
        "Year",
        "The same of the year.",
    ),
    _column(
        "hold",
        "Hold",
        "The same of buying and holding.",
    ),
    _column(
        "depth",
        "Depth",
        "How far equity fell below its peak so far, as a part of the peak.",
    ),
    _column(
        "peak",
        "Peak",
        "The close at which the peak was reached, UTC.",
    ),
    _column(
        "trough",
        "Trough",
        "The lowest close before the peak was reached again, UTC.",
    ),
    _column(
        "recovered",
        "Recovered",
        "The close at which it was; open: not before the end.",
    ),
    _column(
        "time-down",
        "Time down",
        "From the peak to the trough.",
    ),
    _column(
        "time-back",
        "Time back",
        "From the trough to the recovery.",
    ),
    _column(
        "under",
        "Bars under the peak",
        "Closes below it, from first to last.",
    ),
    _column(
        "until",
        "Until",
        "The end of the period; what stands beside is at its last close.",
    ),
    _column(
        "equity",
        "Equity",
        "Cash, and the position at the close; quote units.",
    ),
    _column(
        "held",
        "Buy and hold",
        "All cash put into the asset at the open of the first bar, at the strategy's own costs,"
        " marked at the close.",
    ),
    _column(
        "drawdown",
        "Under the peak",
        "How far equity stands below its peak so far.",
    ),
)
