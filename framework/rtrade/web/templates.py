"""Fill the templates of pages: every text is escaped, whatever its template is called."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from rtrade.core.resources import data_folder

if TYPE_CHECKING:
    from jinja2 import Environment

_WORD = re.compile(r"[a-z]+(?=[ ,]|$)")


@cache
def environment() -> Environment:
    """Return the environment of all pages; templates are those of `reports/templates`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(data_folder("reports") / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["sentence"] = sentence
    return made


def sentence(text: str) -> str:
    """Return a message or a hint as a sentence, with a capital first and a full stop last."""
    # A name stays as it is spelled.
    begun = text[:1].upper() + text[1:] if _WORD.match(text) else text
    return begun if begun.endswith((".", "?", "!")) or not begun else f"{begun}."


def page(template: str, **named: Any) -> str:
    """Return a page; `nonce` goes to its scripts and styles, see `security`."""
    made = environment().get_template(template).render(named)
    # A lone surrogate out of a YAML escape cannot be written as UTF-8.
    return made.encode("utf-8", "backslashreplace").decode("utf-8")
