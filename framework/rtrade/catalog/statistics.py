"""Declarations of statistics over windows, elementary functions and cycles."""

from __future__ import annotations

from rtrade.catalog.averages import X, value
from rtrade.catalog.functions import LONGEST_WALKED, bars, behind, none, within
from rtrade.catalog.overlays import never
from rtrade.catalog.registry import Entry, Input, Kind, Output, Param, Unit

_A = Input("a", "a number series")
_B = Input("b", "another number series")
_LINE = bars("bars of the line", low=2, high=LONGEST_WALKED, default=14)

STATISTICS = (
    Entry("sum", "statistics", "The sum of the last n values, rounded once.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(bars(),),
          words="the sum of {x} over {n} bars", source="x + x[1] + ... + x[n-1]"),
    Entry("var", "statistics", "The variance of the last n values.",
          (Output("value", Unit.NONE, "variance", low=0),), within, none, inputs=(X,),
          params=(bars(high=LONGEST_WALKED),), words="the variance of {x} over {n} bars",
          source="mean of (x - mean)^2, denominator n"),
    Entry("avgdev", "statistics", "The mean distance of the last n values from their mean.",
          value(Unit.INPUT, 0), within, none, inputs=(X,),
          params=(bars(high=LONGEST_WALKED, default=14),),
          words="the mean deviation of {x} over {n} bars", source="mean of |x[k] - mean|"),
    Entry("percentile", "statistics",
          "The value below which a share of the last n values lies, one of them.",
          value(Unit.INPUT), within, none, inputs=(X,),
          params=(bars(high=1000), Param("p", "percent of the values", 0, 100, 50, integer=False)),
          words="the {p}th percentile of {x} over {n} bars",
          source="nearest rank: the ceil(p n / 100)th lowest, at least the first"),
    Entry("correl", "statistics",
          "Pearson's correlation of two series over n bars; unknown where one stands still.",
          value(Unit.RATIO, -1, 1), within, none, inputs=(_A, _B),
          params=(bars(low=2, high=LONGEST_WALKED, default=30),),
          words="the correlation of {a} and {b} over {n} bars",
          source="covariance / product of deviations"),
    Entry("beta", "statistics",
          "How much `b` moves where `a` moves by one percent: the slope of its returns over "
          "those of `a`; unknown where `a` stands still.",
          value(Unit.NONE), behind, none, inputs=(_A, _B),
          params=(bars("returns in the window", low=2, high=LONGEST_WALKED, default=5),),
          words="the beta of {b} to {a} over {n} bars",
          source="covariance / variance of a, of x / x[1] - 1 over n bars"),
    Entry("linearreg", "trend", "The end of the straight line that fits the last n values best.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(_LINE,),
          words="the end of the {n}-bar line through {x}", source="least squares, at x"),
    Entry("linearreg_intercept", "trend",
          "The beginning of the straight line that fits the last n values best.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(_LINE,),
          words="the start of the {n}-bar line through {x}", source="least squares, at x[n-1]"),
    Entry("linearreg_angle", "trend",
          "The angle of the straight line that fits the last n values best, in degrees; it "
          "depends on the unit of the value.",
          (Output("value", Unit.NONE, "degrees", low=-90, high=90),), within, none, inputs=(X,),
          params=(_LINE,), words="the angle of the {n}-bar line through {x}",
          source="atan(linearreg_slope(x, n))"),
    Entry("tsf", "trend",
          "Time series forecast: the straight line of the last n values, one bar further.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(_LINE,),
          words="the {n}-bar forecast of {x}", source="least squares, one bar after x"),
)  # fmt: skip


def _element(name: str, doc: str, source: str, low: float | None = None,
             high: float | None = None, unit: Unit = Unit.NONE) -> Entry:  # fmt: skip
    return Entry(name, "mathematics", doc, value(unit, low, high), lambda _: 0, none, inputs=(X,),
                 words=f"{name} of {{x}}", source=source)  # fmt: skip


_OUTSIDE = "; unknown outside of where it is defined."

ELEMENTS = (
    _element("sqrt", "The square root" + _OUTSIDE, "x^(1/2)", 0),
    _element("ln", "The natural logarithm" + _OUTSIDE, "log_e x"),
    _element("log10", "The logarithm to base 10" + _OUTSIDE, "log_10 x"),
    _element("exp", "e to the power of the value; unknown where that is too large.", "e^x", 0),
    _element("floor", "The next whole number below.", "the greatest whole number <= x",
             unit=Unit.INPUT),
    _element("ceil", "The next whole number above.", "the least whole number >= x",
             unit=Unit.INPUT),
    _element("sin", "The sine of an angle in radians.", "sin x", -1, 1),
    _element("cos", "The cosine of an angle in radians.", "cos x", -1, 1),
    _element("tan", "The tangent of an angle in radians.", "tan x"),
    _element("asin", "The angle (radians) of a sine" + _OUTSIDE, "arcsin x", -1.571, 1.571),
    _element("acos", "The angle (radians) of a cosine" + _OUTSIDE, "arccos x", 0, 3.142),
    _element("atan", "The angle (radians) of a tangent.", "arctan x", -1.571, 1.571),
    _element("sinh", "The hyperbolic sine; unknown where it is too large.", "sinh x"),
    _element("cosh", "The hyperbolic cosine; unknown where it is too large.", "cosh x", 1),
    _element("tanh", "The hyperbolic tangent.", "tanh x", -1, 1),
)  # fmt: skip

_EHLERS = "Ehlers, Rocket Science for Traders: Hilbert transform of the smoothed value"

CYCLES = (
    Entry("ht_dcperiod", "cycles", "The period of the dominant cycle.",
          (Output("value", Unit.COUNT, "bars", low=0),), lambda _: 32, never, inputs=(X,),
          words="the cycle's period of {x}", source=_EHLERS),
    Entry("ht_dcphase", "cycles", "The phase of the dominant cycle.",
          (Output("value", Unit.NONE, "degrees"),), lambda _: 63, never, inputs=(X,),
          words="the cycle's phase of {x}", source=_EHLERS),
    Entry("ht_phasor", "cycles", "The two parts of the cycle, a quarter of it apart.",
          (Output("inphase", Unit.INPUT, "in phase"),
           Output("quadrature", Unit.INPUT, "a quarter behind")),
          lambda _: 32, never, inputs=(X,), words="the phasor of {x}", source=_EHLERS),
    Entry("ht_sine", "cycles", "The sine of the cycle's phase, and the same 45 degrees ahead.",
          (Output("sine", Unit.RATIO, "sine of the phase", low=-1, high=1),
           Output("lead", Unit.RATIO, "45 degrees ahead", low=-1, high=1)),
          lambda _: 63, never, inputs=(X,), words="the sine wave of {x}", source=_EHLERS),
    Entry("ht_trendmode", "cycles", "True where the market trends rather than cycles.",
          (Output("value", Unit.NONE, kind=Kind.BOOLEAN),), lambda _: 63, never, inputs=(X,),
          words="{x} trends rather than cycles", source=_EHLERS),
)  # fmt: skip
