"""What pages load: styles and scripts, each at an address that names its bytes.

An address with a hash in it is kept by browsers for good: what changes gets another address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Response

from rtrade.core.errors import WorldError
from rtrade.core.resources import data_folder
from rtrade.report.assets import LIBRARY, LLM_SCRIPTS, LLM_STYLES, load_assets
from rtrade.web.problems import not_found
from rtrade.web.replies import IMMUTABLE, data_reply, tag_of

HTMX = "htmx-4.0.1"
_CSS, _JS, _SVG = "text/css", "text/javascript", "image/svg+xml"
_CHARTS = "lightweight-charts.standalone.production.js"
# Of the report's scripts, the last one reads what only runs with a model have.
_RUN_SCRIPTS = tuple(name for name in LLM_SCRIPTS if name != "decisions.js")

pages = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """A file that pages load."""

    name: str
    media_type: str
    body: bytes

    @property
    def address(self) -> str:
        """Where it is."""
        return f"/static/{tag_of(self.body)}/{self.name}"


@cache
def assets() -> Mapping[str, Asset]:
    """Return all assets by name; raise WorldError where the installation is damaged."""
    made = (
        Asset("viewer.css", _CSS, _joined((*LLM_STYLES, "viewer.css"))),
        # In the head, so that no page is first painted in colours that its reader did not choose.
        Asset("chosen.js", _JS, _joined(("chosen.js",), closed=True)),
        Asset("theme.js", _JS, _joined(("theme.js", "compare.js"), closed=True)),
        Asset("viewer.js", _JS, _joined(("viewer.js",), closed=True)),
        Asset("run.js", _JS, _joined((*_RUN_SCRIPTS, "bars.js", "zoom.js"), closed=True)),
        Asset("run-model.js", _JS, _joined((*LLM_SCRIPTS, "bars.js", "zoom.js"), closed=True)),
        Asset("charts.js", _JS, _read(f"vendor/{LIBRARY}/{_CHARTS}")),
        Asset("htmx.js", _JS, _read(f"vendor/{HTMX}/htmx.min.js")),
        Asset("icon.svg", _SVG, _read("icon.svg")),
    )
    return {one.name: one for one in made}


@cache
def charts() -> tuple[str, tuple[str, ...]]:
    """Return the notice of the chart library, and the hashes of the style sheets that it sets."""
    report = load_assets()
    rules = dict(rule.split(" ", 1) for rule in report.policy.split("; "))
    # The first one is that of the report itself.
    return report.notice, tuple(rules["style-src"].split()[1:])


def _joined(names: tuple[str, ...], *, closed: bool = False) -> bytes:
    """Return files one after the other; `closed` keeps the names of scripts to themselves."""
    text = b"\n".join(map(_read, names))
    return b'(() => {\n"use strict";\n%s\n})();\n' % text if closed else text


def _read(name: str) -> bytes:
    path: Path = data_folder("reports") / "static" / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorldError(
            f"cannot read {path}, a part of the viewer", hint="reinstall rtrade"
        ) from error


@pages.get("/static/<digest>/<name>")
def asset(digest: str, name: str) -> Response:
    """Answer an asset, to be kept for good."""
    found = assets().get(name)
    if found is None or found.address != f"/static/{digest}/{name}":
        raise not_found("there is no such file, or no longer")
    return data_reply(found.body, f"{found.media_type}; charset=utf-8", cache=IMMUTABLE, tag=digest)


@pages.get("/favicon.ico")
def icon() -> Response:
    """Answer the icon where browsers look for it on pages that name none."""
    return data_reply(assets()["icon.svg"].body, _SVG)
