"""Scripts, style and policy of a page that needs no network.

Everything is inlined, and the Content-Security-Policy names each block by its hash, so that
nothing else can run: not a strategy's name, not a signal's, not the text of its file.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from markupsafe import Markup

from rtrade.core.errors import WorldError
from rtrade.core.resources import data_folder
from rtrade.report.context import Assets

LIBRARY = "lightweight-charts-5.2.1"
_LIBRARY_FILE = "lightweight-charts.standalone.production.js"
_STYLES = ("report.css", "print.css")
_SCRIPTS = ("data.js", "theme.js", "charts.js", "marks.js", "table.js", "page.js")
LLM_SCRIPTS = (*_SCRIPTS, "decisions.js")
LLM_STYLES = ("report.css", "llm.css", "print.css")
# The library sets this one style sheet, for its logo; the policy allows it by its hash.
_LOGO_STYLE = re.compile(r'"(a#tv-attr-logo\{[^"\\]*)"')


def load_assets(
    scripts: tuple[str, ...] = _SCRIPTS,
    *,
    charts: bool = True,
    styles: tuple[str, ...] = _STYLES,
) -> Assets:
    """Read a page's assets; raise WorldError where the installation is damaged.

    `scripts` and `styles` are those of the page in their order; without `charts` the chart library
    is left out.
    """
    static = data_folder("reports") / "static"
    vendor = static / "vendor" / LIBRARY
    style = "\n".join(_read(static / name) for name in styles)
    library = _inline(_read(vendor / _LIBRARY_FILE)) if charts else ""
    own = "\n".join(_read(static / name) for name in scripts)
    script = _inline(f'(() => {{\n"use strict";\n{own}\n}})();\n')
    icon = base64.b64encode(_read(static / "icon.svg").encode()).decode("ascii")
    return Assets(
        policy=_policy(
            scripts=(library, script) if charts else (script,),
            styles=(style, *_LOGO_STYLE.findall(library)),
        ),
        style=Markup(style),  # noqa: S704  # our own file
        library=Markup(library),  # noqa: S704  # checked in, with its checksum
        script=Markup(script),  # noqa: S704  # our own files
        icon=f"data:image/svg+xml;base64,{icon}",
        notice=" / ".join(_read(vendor / "NOTICE").strip().splitlines()) if charts else "",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise WorldError(
            f"cannot read {path}, a part of the report", hint="reinstall rtrade"
        ) from error


def _inline(script: str) -> str:
    """Keep a script from ending its element early, or from opening a comment in it."""
    return re.sub(r"<(?=/script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def _policy(scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
