"""What later versions will know: refused by name, so that nobody takes it for a typo."""

from __future__ import annotations

from typing import Any

from rtrade.config.document import Path

_LATER = "not available in this version"
# Keys at the top level, and keys wherever they stand: what they are for, and what to do.
_TOP = {
    "optimize": ("search and walk-forward (`optimize`) are", "remove `optimize`"),
    "live": ("live trading (`live`) is", "remove `live`"),
    "llm": ("LLM signals (`llm`) are", "remove `llm`"),
    "portfolio": ("a portfolio of several symbols is", "trade one symbol in one file"),
}
_ANYWHERE = {
    "leverage": ("leverage is", "remove it: positions are paid in full"),
    "margin": ("leverage (`margin`) is", "remove it: positions are paid in full"),
    "funding": ("funding is", "remove `funding`"),
    "risk_levels": ("sizing by risk level (`risk_levels`) is", "use `scale_by`, or remove it"),
    "symbols": ("trading several symbols is", "trade one `symbol`; read others with `also:`"),
}
_KINDS = ("llm",)


def unavailable_key(path: Path, key: str) -> tuple[str, str] | None:
    """Return message and help for a key of a later version below `path`, or None."""
    found = _ANYWHERE.get(key) or (_TOP.get(key) if not path else None)
    return None if found is None else (f"{found[0]} {_LATER}", found[1])


def unavailable_value(path: Path, value: Any) -> tuple[str, str] | None:
    """Return message and help for a value of a later version at `path`, or None."""
    if len(path) == 2 and path[0] == "signals" and isinstance(value, dict) and "llm" in value:
        return f"`{path[1]}`: a signal from an LLM is {_LATER}", "write an expression instead"
    if path == ("kind",) and value in _KINDS:
        help_text = "use `synthetic`, `csv`, `parquet` or `exchange`"
        return f"a source of `kind: {value}` is {_LATER}", help_text
    return None
