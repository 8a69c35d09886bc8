"""Reference pages generated from declarations."""

from __future__ import annotations

from rtrade.catalog.metrics import METRICS, Better, Metric

_INTRODUCTION = """# Metrics

Generated from `catalog/metrics.py`; `make docs` writes it.

Fractions everywhere: 0.12 is 12 %. E is the equity at each close (E before the first bar is the
starting cash), r[i] = E[i] / E[i-1] - 1, P the bars in a year of 365 days, deviation the sample
deviation (divided by n - 1). Sums run from the first bar, fill or trade to the last, one addition
after the other, so that every machine gets the same digits.

A metric that is not defined for a run is `null` in `result.json`, and `warnings` says why: ratios
without any variation (a deviation of less than 1e-12 per bar is rounding, not risk), yearly figures
of fewer than two bars, returns of an equity that fell to 0 or below.

| metric | unit | better |
|---|---|---|
"""


def _better(metric: Metric) -> str:
    return "" if metric.better is Better.NEITHER else str(metric.better)


def metrics_page() -> str:
    """Return docs/metrics.md: every metric with its meaning, formula and source."""
    rows = [f"| [{m.title}](#{m.name}) | {m.unit} | {_better(m)} |" for m in METRICS]
    sections = [
        f"## {m.name}\n\n{m.title}. {m.doc}\n\n- Formula: `{m.formula}`\n"
        f"- Unit: {m.unit}\n- Source: {m.source}\n"
        for m in METRICS
    ]
    return _INTRODUCTION + "\n".join(rows) + "\n\n" + "\n".join(sections)
