"""Codes of what `rtrade check` finds in a strategy that compiles."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
    Code(
        "RT151",
        "sees the future",
        "`rtrade check` has cut and scrambled the bars after a moment, and a value before it "
        "changed. What decides today must not depend on tomorrow. No function that ships with "
        "rtrade does; one of a plug-in may.",
    ),
    Code(
        "RT152",
        "remembers where the data begin",
        "`rtrade check` has let the data begin later, and a value changed although everything "
        "that the strategy says it needs was still there. A run with another `start` would "
        "decide otherwise.",
    ),
    Code(
        "RT153",
        "never known",
        "The rules need more bars than there are: they are unknown at every close, and nothing "
        "is ever decided.",
    ),
    Code(
        "RT154",
        "stop tighter than costs",
        "Entering and leaving costs more than the stop is away, so that a stopped trade loses "
        "more to commission and slippage than to the market.",
    ),
    Code(
        "RT155",
        "target within the costs",
        "The profit target is nearer than what entering and leaving costs: every trade that "
        "reaches it loses.",
    ),
    Code(
        "RT156",
        "never true",
        "A condition that no data can make true, such as `rsi(close, 14) < 30 and "
        "rsi(close, 14) > 70`. Often an `and` should be an `or`, or a bar should be left out: "
        "`close > highest(high, 20)[1]`.",
    ),
    Code(
        "RT157",
        "always true",
        "A condition that all data make true. It can be left away, unless something else was "
        "meant.",
    ),
    Code(
        "RT158",
        "entry always refused",
        "Wherever an entry rule is true another rule is too that rules it out: its own exit, or "
        "the entry of the other side.",
    ),
    Code(
        "RT159",
        "unused",
        "A signal or a series that no rule and no size uses, by itself or through others. It "
        "changes nothing; perhaps a rule was meant to use it.",
    ),
    Code(
        "RT160",
        "unused param",
        "A param that no rule and no size depends on. A search over it would try the same "
        "strategy again and again.",
    ),
)
