"""Small lines of equity, drawn in a row of a list."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

_WIDE, _TALL, _EDGE = 120, 28, 2


def spark(equity: Sequence[float]) -> Markup:
    """Return a line through values; dashed where it began. Readers of screens have the return."""
    if len(equity) < 2:
        return Markup("")
    low, high = min(equity), max(equity)
    scale = (_TALL - 2 * _EDGE) / (high - low) if high > low else 0.0
    step = _WIDE / (len(equity) - 1)
    flat = _TALL / 2
    ups = [_TALL - _EDGE - (value - low) * scale if scale else flat for value in equity]
    line = " ".join(f"{place * step:.4g},{up:.4g}" for place, up in enumerate(ups))
    tone = "gain" if equity[-1] > equity[0] else "loss" if equity[-1] < equity[0] else "even"
    return Markup(
        '<svg class="spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="M0 {}H{}"/><polyline points="{}"/></svg>'
    ).format(tone, _WIDE, _TALL, f"{ups[0]:.4g}", _WIDE, line)
