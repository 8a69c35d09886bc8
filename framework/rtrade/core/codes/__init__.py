"""Every finding code, declared once: what it means and what to do.

RT0xx config, RT1xx plan (from RT151 on: `rtrade check`), RT2xx engine, RT3xx data, RT4xx LLM.
A code is never reused.
"""

from __future__ import annotations

from rtrade.core.codes import check, config, data, engine, llm, plan
from rtrade.core.codes.code import Code

__all__ = ["CODES", "Code"]

CODES: dict[str, Code] = {
    entry.code: entry
    for entry in (*config.CODES, *plan.CODES, *check.CODES, *engine.CODES, *data.CODES, *llm.CODES)
}
