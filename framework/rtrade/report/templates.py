"""Fill a template with a context: every name is declared, every text is escaped."""

from __future__ import annotations

from dataclasses import fields

from rtrade.core.resources import data_folder
from rtrade.report.comparison_context import ComparisonContext
from rtrade.report.context import ReportContext
from rtrade.report.why_context import WhyContext


def fill(template: str, context: ReportContext | ComparisonContext | WhyContext) -> str:
    """Return the page; raise WorldError where the templates cannot be read."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(data_folder("reports") / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = {field.name: getattr(context, field.name) for field in fields(context)}
    page = environment.get_template(template).render(named)
    # A lone surrogate out of a YAML escape cannot be written as UTF-8.
    return page.encode("utf-8", "backslashreplace").decode("utf-8")
