"""Reference pages generated from declarations."""

from __future__ import annotations

from rtrade.catalog.diagnoses import DIAGNOSES, MEANING
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


_DIAGNOSES = """# Diagnoses

Generated from `catalog/diagnoses.py`; `make docs` writes it.

What a result may suffer from. Every run is looked at for all of them; those that apply stand near
the top of its [report](report.md) and in `result.json` under `diagnoses`, the gravest first, each
with the run's own numbers and a next step. `rtrade explain CODE` prints what stands here.

They are no tests that a strategy passes: a result without any can be luck, and one with several can
be sound. Limits are where a careful reader begins to ask.

"""


def diagnoses_page() -> str:
    """Return docs/diagnoses.md: every diagnosis with its limit, its meaning and a next step."""
    meanings = "".join(f"- **{severity}**: {meaning}.\n" for severity, meaning in MEANING.items())
    rows = [
        f"| [{one.code}](#{one.code.lower()}) | {one.title} | {one.severity} |" for one in DIAGNOSES
    ]
    table = "\n".join(["| code | diagnosis | severity |", "|---|---|---|", *rows])
    sections = [
        f"## {one.code}\n\n{one.title} (`{one.name}`, {one.severity}). {one.text}\n\n"
        f"Next: {one.advice}\n"
        for one in DIAGNOSES
    ]
    return f"{_DIAGNOSES}{meanings}\n{table}\n\n" + "\n".join(sections)
