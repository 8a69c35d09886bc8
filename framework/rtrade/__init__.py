"""rtrade: a declarative trading framework. A strategy is data, not code."""

__version__ = "0.1.0"
