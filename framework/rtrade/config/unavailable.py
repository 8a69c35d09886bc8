"""What later versions will know: refused by name, so that nobody takes it for a typo."""

from __future__ import annotations

from rtrade.config.document import Path

_LATER = "not available in this version"
# Keys at the top level, and keys wherever they stand: what they are for, and what to do.
_TOP = {
    "optimize": ("search and walk-forward (`optimize`) are", "remove `optimize`"),
    "live": ("live trading (`live`) is", "remove `live`"),
    "portfolio": ("a portfolio of several symbols is", "trade one symbol in one file"),
}
_ANYWHERE = {
    "leverage": ("leverage is", "remove it: positions are paid in full"),
    "margin": ("leverage (`margin`) is", "remove it: positions are paid in full"),
    "funding": ("funding is", "remove `funding`"),
    "symbols": ("trading several symbols is", "trade one `symbol`; read others with `also:`"),
}


def unavailable_key(path: Path, key: str) -> tuple[str, str] | None:
    """Return message and help for a key of a later version below `path`, or None."""
    found = _ANYWHERE.get(key) or (_TOP.get(key) if not path else None)
    return None if found is None else (f"{found[0]} {_LATER}", found[1])
