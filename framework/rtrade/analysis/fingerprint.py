"""What identifies a run: a hash over everything that can change its result."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rtrade.core.bars import Filters, MarketData
from rtrade.core.quality import QualitySummary

_DIGITS = 10


def fingerprint(
    canonical_plan: bytes,
    market: MarketData,
    *,
    fill_rules: str | int,
    kernels: str | int,
    answers: str | None = None,
) -> str:
    """Return the sha256 (hex) of all that can change a run's result.

    `canonical_plan` has no name, description, path or key order; `market` gives the series with
    the bars before the first one, the filters in force, the source's name and what was made of the
    bars; `fill_rules` and `kernels` are versions; `answers` is the digest of the LLM answers used.
    Series besides the base count by name, whatever their order in the file.
    """
    parts: dict[str, Any] = {
        "plan": hashlib.sha256(canonical_plan).hexdigest(),
        "filters": _filters(market.filters),
        "symbol": market.base.symbol,
        "timeframe": str(market.base.timeframe),
        "source": market.source,
        "first": market.first,
        "bars": market.base.digest(),
        "others": {name: bars.digest() for name, bars in market.others.items()},
        "answers": answers,
        "fill_rules": str(fill_rules),
        "kernels": str(kernels),
    }
    if found := _quality(market.quality):
        parts["quality"] = found
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _quality(summary: QualitySummary) -> dict[str, int]:
    """Return what the result says of the bars and they do not say themselves; only what there is.

    A real bar and one that was filled in may be alike; whether a bar is an outlier hangs on bars
    that are not read.
    """
    counts = {
        "filled": summary.filled,
        "outliers": summary.outliers,
        "partial": summary.partial,
        "repaired": summary.repaired,
        "dropped": summary.dropped,
    }
    return {name: count for name, count in counts.items() if count}


def run_id(name: str, fingerprint: str, engine: str) -> str:
    """Return `<name>-<first 10 hex digits of sha256(fingerprint + engine)>`."""
    digest = hashlib.sha256((fingerprint + engine).encode()).hexdigest()
    return f"{name}-{digest[:_DIGITS]}"


def _filters(filters: Filters) -> dict[str, str | None]:
    return {
        "lot": f"{filters.lot.normalize():f}",
        "tick": None if filters.tick is None else f"{filters.tick.normalize():f}",
        "min_notional": None if filters.min_notional is None else repr(filters.min_notional),
    }
