"""What a server answers, group by group: add a module of endpoints or of pages here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from flask import Blueprint

from rtrade.web.endpoints import Api

# Modules with a group of endpoints, called `api`; in the order of the documentation.
APIS: tuple[str, ...] = (
    "rtrade.web.api.runs",
    "rtrade.web.api.strategies",
    "rtrade.web.api.jobs",
    "rtrade.web.api.stream",
    "rtrade.web.api.rust",
)

# Modules with a blueprint of pages, called `pages`.
PAGES: tuple[str, ...] = (
    "rtrade.web.pages.assets",
    "rtrade.web.pages.runs",
    "rtrade.web.pages.run",
    "rtrade.web.pages.compare",
    "rtrade.web.pages.strategies",
    "rtrade.web.pages.data",
    "rtrade.web.pages.jobs",
)


def apis() -> list[Api]:
    """Return the groups of endpoints."""
    return [import_module(name).api for name in APIS]


def page_blueprints() -> Iterable[Blueprint]:
    """Yield the blueprints of pages."""
    for name in PAGES:
        yield import_module(name).pages
