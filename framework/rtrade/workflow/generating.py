"""What is generated from declarations: schemas and reference pages (`make docs` writes them)."""

from __future__ import annotations

from pathlib import Path

from rtrade.core.codes import CODES
from rtrade.workflow.cataloguing import page


def error_page() -> str:
    """Return docs/errors.md: every finding code with its explanation."""
    parts = [
        "# Finding codes\n",
        "Generated from `core/codes/`. `rtrade explain CODE` prints the same.\n",
        "RT0xx: the file itself. RT1xx: the plan. RT2xx: the engine. RT3xx: data.\n",
    ]
    parts += [f"## {entry.code}: {entry.title}\n\n{entry.doc}\n" for entry in CODES.values()]
    return "\n".join(parts)


def generated(root: Path) -> dict[Path, str]:
    """Return every generated file below `root` with the text that it must have."""
    from rtrade.analysis.pages import metrics_page
    from rtrade.analysis.schema import result_schema
    from rtrade.config.schema import datasource_schema, dump, strategy_schema

    return {
        root / "schemas" / "strategy.schema.json": dump(strategy_schema()),
        root / "schemas" / "datasource.schema.json": dump(datasource_schema()),
        root / "schemas" / "result.schema.json": dump(result_schema()),
        root / "docs" / "errors.md": error_page(),
        root / "docs" / "metrics.md": metrics_page(),
        root / "docs" / "catalog.md": page(),
    }
