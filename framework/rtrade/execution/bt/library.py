"""Load backtrader without its wrappers of TA-Lib, which take three times as long as the rest.

They are 160 classes that rtrade does not use, and pull in pandas and polars where installed. A
later `import backtrader.talib` still finds them.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

_WRAPPERS = "backtrader.talib"


def load() -> Any:
    """Return the backtrader module."""
    if "backtrader" in sys.modules:
        return sys.modules["backtrader"]
    sys.modules[_WRAPPERS] = ModuleType(_WRAPPERS)
    try:
        import backtrader
    finally:
        del sys.modules[_WRAPPERS]
    del backtrader.talib
    return backtrader


bt = load()
