"""What is generated from declarations: schemas and reference pages (`make docs` writes them)."""

from __future__ import annotations

from pathlib import Path

from rtrade.core.codes import CODES
from rtrade.core.codes.examples import ASKED, STRATEGY, Example, Said, parse
from rtrade.workflow.cataloguing import page
from rtrade.workflow.snippets import with_snippets

_HEAD = """# Finding codes

Generated from `core/codes/` and [`diagnostics/`](diagnostics). `rtrade explain CODE` prints the
same without the examples.

RT0xx: the file itself. RT1xx: the plan. RT2xx: the engine. RT3xx: data.
RT4xx: models and their prompts.

Each example changes one thing in this file, or in the source and the bars beside it, and shows what
is said of it. The tests run all of them, and about a hundred more.
"""
_ASKED = """\
Those that are about models change this one, or its prompt:
"""


def error_page(gallery: Path) -> str:
    """Return docs/errors.md: every finding code with its explanation and an example.

    `gallery` is `docs/diagnostics` of a checkout.
    """
    examples = _first_of_each(gallery)
    base = (gallery / "base" / STRATEGY).read_text(encoding="utf-8")
    asked = (gallery / "base" / ASKED).read_text(encoding="utf-8")
    parts = [_HEAD, f"```yaml\n{base}```\n", _ASKED, f"```yaml\n{asked}```\n"]
    for entry in CODES.values():
        parts.append(f"## {entry.code}: {entry.title}\n\n{entry.doc}\n")
        if entry.code in examples:
            parts.append(_shown(*examples[entry.code]))
    return "\n".join(parts)


def _first_of_each(gallery: Path) -> dict[str, tuple[Example, Said]]:
    found: dict[str, tuple[Example, Said]] = {}
    for path in sorted(gallery.glob("*.txt")):
        for example in parse(path.stem, path.read_text(encoding="utf-8")):
            for said in example.said:
                found.setdefault(said.number, (example, said))
    return found


def _shown(example: Example, said: Said) -> str:
    lines = [f"```diff\n# {example.title}"]
    if example.file != STRATEGY:
        lines.append(f"# {example.file}")
    lines += [f"+{line}" for line in example.whole or ()]
    for removed, added in example.changes:
        lines += [f"-{line}" for line in removed] + [f"+{line}" for line in added]
    if example.given:
        lines.append(f"$ rtrade {' '.join(example.arguments())}")
    lines.append("```\n\n```")
    lines.append(f"{'warning' if said.warning else 'error'}[{said.number}]: {said.message}")
    if said.place != "-":
        lines.append(f" at {said.place}")
    if said.help:
        lines.append(f" help: {said.help}")
    return "\n".join([*lines, "```\n"])


def generated(root: Path) -> dict[Path, str]:
    """Return every generated file below `root` with the text that it must have."""
    from rtrade.analysis.pages import diagnoses_page, metrics_page
    from rtrade.analysis.schema import result_schema
    from rtrade.config.schema import strategy_schema
    from rtrade.config.schema_parts import dump
    from rtrade.config.schema_sources import datasource_schema
    from rtrade.report.why_schema import why_schema

    return {
        root / "schemas" / "strategy.schema.json": dump(with_snippets(strategy_schema())),
        root / "schemas" / "datasource.schema.json": dump(datasource_schema()),
        root / "schemas" / "result.schema.json": dump(result_schema()),
        root / "schemas" / "why.schema.json": dump(why_schema()),
        root / "docs" / "errors.md": error_page(root / "docs" / "diagnostics"),
        root / "docs" / "metrics.md": metrics_page(),
        root / "docs" / "diagnoses.md": diagnoses_page(),
        root / "docs" / "catalog.md": page(),
    }
