"""Drawings as SVG: bars, histograms, lines, points and fans; shapes carry classes, not colours.

A drawing is a picture for those who see it; the page has the same in words and numbers beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from rtrade.core.bars import FloatArray

WIDTH, HEIGHT = 560, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 24, 30
_TICKS = 5
# A letter of a tick, as wide as it is on a narrow screen.
_LETTER = 8
_APART = 6
_DENSE, _SPARSE = 500, 60
_CLEAR = 13.0


@dataclass(frozen=True)
class Axis:
    """A range of values on a stretch of the drawing, with the texts of its ticks."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[tuple[float, str], ...] = ()

    def at(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def places(self, values: FloatArray) -> FloatArray:
        """Return the places of values."""
        scale = (self.stop - self.start) / (self.high - self.low)
        return np.asarray(self.start + (values - self.low) * scale, dtype=np.float64)


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """Return round numbers between two ends, about `count` of them."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / count
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * by for by in (1, 2, 2.5, 5, 10) if power * by >= rough * 0.999)
    first = np.ceil(low / step - 1e-9)
    values = (first + np.arange(int((high - first * step) / step + 1e-9) + 1)) * step
    return [0.0 if abs(value) < step * 1e-6 else float(value) for value in values]


def across(
    low: float, high: float, labels: Sequence[tuple[float, str]], *, width: float = WIDTH
) -> Axis:
    """Return the horizontal axis of a drawing of that width."""
    low, high = _apart(low, high)
    return Axis(low, high, _LEFT, width - _RIGHT, tuple(labels))


def up(
    low: float, high: float, labels: Sequence[tuple[float, str]], *, top: float = _TOP,
    bottom: float = HEIGHT - _BOTTOM,
) -> Axis:  # fmt: skip
    """Return a vertical axis, its low end at the bottom."""
    low, high = _apart(low, high)
    return Axis(low, high, bottom, top, tuple(labels))


def _apart(low: float, high: float) -> tuple[float, float]:
    if high > low:
        return low, high
    return low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1


def drawing(parts: Sequence[Markup], *, height: float = HEIGHT, width: float = WIDTH) -> Markup:
    """Return the SVG of shapes; hidden from readers of screens, who have the table."""
    return Markup('<svg viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}</svg>').format(
        _short(width), _short(height), Markup("").join(parts)
    )


def frame(x: Axis, y: Axis, title: str = "") -> Markup:
    """Return grid lines and the texts of both axes; `title` names what is drawn."""
    parts = []
    for value, text in y.ticks:
        place = _short(y.at(value))
        parts.append(_line(x.start, place, x.stop, place, "zero" if value == 0 else "grid"))
        parts.append(_text(x.start - 6, float(place) + 4, text, "end"))
    parts += _along(x, y.start + 18)
    if title:
        parts.append(_text(x.start, y.stop - 9, title, "start", "name"))
    return Markup("").join(parts)


def _along(x: Axis, place: float) -> list[Markup]:
    """Return the texts under a drawing; one that would touch the text before it is left out."""
    parts, free = [], -float(_APART)
    edge = x.stop + _RIGHT
    for value, text in x.ticks:
        # A text in the middle of its tick would be cut off at the end of the drawing.
        width = len(text) * _LETTER
        late = x.at(value) + width / 2 > edge
        left = edge - width if late else x.at(value) - width / 2
        if left < free:
            continue
        free = left + width + _APART
        parts.append(_text(edge if late else x.at(value), place, text,
                           "end" if late else "middle"))  # fmt: skip
    return parts


def columns(x: Axis, y: Axis, edges: FloatArray, counts: FloatArray) -> Markup:
    """Return a histogram: a column for each bin, those below 0 of another class."""
    parts = []
    for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count:
            start, stop = x.at(float(left)), x.at(float(right))
            top = y.at(float(count))
            tone = "loss" if left + right < -1e-15 else "gain" if left + right > 1e-15 else "even"
            parts.append(_rect(start + 0.5, top, stop - start - 1, y.start - top, tone))
    return Markup("").join(parts)


def blocks(x: Axis, y: Axis, edges: FloatArray, values: FloatArray, tone: str) -> Markup:
    """Return a block from 0 to each value, between one edge and the next; none where it is 0."""
    zero, parts = y.at(0.0), []
    for left, right, value in zip(edges[:-1], edges[1:], values, strict=True):
        if value:
            start, stop, end = x.at(float(left)), x.at(float(right)), y.at(float(value))
            width = max(stop - start - 1, 0.6 * (stop - start))
            parts.append(_rect(start, min(zero, end), width, abs(end - zero), tone))
    return Markup("").join(parts)


def path(x: Axis, y: Axis, at: FloatArray, values: FloatArray, tone: str) -> Markup:
    """Return a line; it breaks where a value is not known."""
    known = np.isfinite(values)
    if not known.any():
        return Markup("")
    xs, ys = x.places(at), y.places(np.where(known, values, 0.0))
    parts, pen = [], False
    for place, shown in enumerate(known.tolist()):
        if shown:
            parts.append(f"{'L' if pen else 'M'}{_short(xs[place])} {_short(ys[place])}")
        pen = shown
    return Markup('<path class="{}" d="{}"/>').format(tone, "".join(parts))


def ends(x: Axis, y: Axis, names: Sequence[tuple[float, str]]) -> Markup:
    """Return names beside the ends of lines, each clear of the others, none below the axis."""
    ordered = sorted(names, key=lambda pair: y.at(pair[0]))
    places, last = [], -_CLEAR
    for value, _ in ordered:
        last = max(y.at(value) + 4, last + _CLEAR)
        places.append(last)
    lowest = y.start + 4
    for at in reversed(range(len(places))):
        places[at] = min(places[at], lowest)
        lowest = places[at] - _CLEAR
    return Markup("").join(
        _text(x.stop + 3, place, name, "start", "name")
        for place, (_, name) in zip(places, ordered, strict=True)
    )


def band(x: Axis, y: Axis, at: FloatArray, low: FloatArray, high: FloatArray, tone: str) -> Markup:
    """Return the area between two lines."""
    xs = x.places(at)
    upper = [f"{_short(a)} {_short(b)}" for a, b in zip(xs, y.places(high), strict=True)]
    lower = [f"{_short(a)} {_short(b)}" for a, b in zip(xs, y.places(low), strict=True)]
    return Markup('<path class="{}" d="M{}Z"/>').format(tone, "L".join([*upper, *lower[::-1]]))


def points(x: Axis, y: Axis, at: FloatArray, values: FloatArray, gains: FloatArray) -> Markup:
    """Return a point for each pair, round for a gain and a cross for a loss; few are larger."""
    gain, loss = [], []
    r = 2 if len(at) > _DENSE else 3 if len(at) > _SPARSE else 4
    for a, b, won in zip(x.places(at), y.places(values), gains, strict=True):
        if won > 0:
            gain.append(
                f"M{_short(a - r)} {_short(b)}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 -{2 * r} 0"
            )
        else:
            loss.append(
                f"M{_short(a - r)} {_short(b - r)}l{2 * r} {2 * r}m0 -{2 * r}l-{2 * r} {2 * r}"
            )
    return Markup('<path class="dot gain" d="{}"/><path class="dot loss" d="{}"/>').format(
        "".join(gain), "".join(loss)
    )


def rule(x1: float, y1: float, x2: float, y2: float, tone: str) -> Markup:
    """Return a straight line between two places."""
    return _line(x1, y1, x2, y2, tone)


def disc(x: float, y: float, radius: float) -> Markup:
    """Return a round mark at a place."""
    return Markup('<circle class="disc" cx="{}" cy="{}" r="{}"/>').format(
        _short(x), _short(y), _short(radius)
    )


def upright(x: Axis, y: Axis, value: float, name: str) -> Markup:
    """Return a line over the whole height at a value, with its name on the side that has room."""
    at = x.at(value)
    late = at > (x.start + x.stop) / 2
    text = _text(at - 5 if late else at + 5, y.stop + 10, name, "end" if late else "start", "name")
    return _line(at, y.start, at, y.stop, "own") + text


def pair(values: Sequence[tuple[float | None, str]], reach: float) -> Markup:
    """Return small bars to both sides of a middle line, one under the other."""
    width, height = 120, 8 * len(values) + 4
    parts = [_line(width / 2, 0, width / 2, height, "zero")]
    for place, (value, tone) in enumerate(values):
        if value:
            size = min(abs(value) / reach, 1.0) * (width / 2 - 1) if reach else 0.0
            left = width / 2 - (size if value < 0 else 0)
            parts.append(_rect(left, 8 * place + 3, max(size, 0.5), 6, tone))
    return Markup('<svg class="bars" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>').format(
        width, height, Markup("").join(parts)
    )


def shares(parts: Sequence[tuple[float, str]]) -> Markup:
    """Return one bar cut into shares of a whole, from left to right."""
    shapes, left = [], 0.0
    for share, tone in parts:
        if share > 0:
            shapes.append(_rect(left * 1_000, 0, share * 1_000, 10, tone))
        left += share
    return Markup(
        '<svg class="shares" viewBox="0 0 1000 10" preserveAspectRatio="none" '
        'aria-hidden="true">{}</svg>'
    ).format(Markup("").join(shapes))


def _rect(x: float, y: float, width: float, height: float, tone: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        tone, _short(x), _short(y), _short(max(width, 0.1)), _short(max(height, 0.1))
    )


def _line(x1: float, y1: float | str, x2: float, y2: float | str, tone: str) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        tone, _short(x1), _short(float(y1)), _short(x2), _short(float(y2))
    )


def _text(x: float, y: float, text: str, anchor: str, tone: str = "tick") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        tone, _short(x), _short(y), anchor, escape(text)
    )


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
