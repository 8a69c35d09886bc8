"""Write every generated file of a checkout, the command line's own page included (`make docs`)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from rtrade.cli.main import cli
from rtrade.core.settings import SETTINGS
from rtrade.workflow.generating import generated as generated_below

_EXIT_CODES = (
    ("0", "done, warnings included"),
    ("1", "done, and the answer is no"),
    ("2", "the command line is wrong"),
    ("3", "an input file is wrong"),
    ("4", "the world failed: files, data that is not there"),
    ("130", "interrupted"),
)


def command_line_page() -> str:
    """Return docs/command-line.md: the help of every command, exit codes and settings."""
    parts = [
        "# The command line\n",
        "Generated from the program's own help.\n",
        _help("rtrade", cli),
    ]
    parts += [_help(f"rtrade {name}", cli.commands[name]) for name in sorted(cli.commands)]
    parts.append(_table("Exit codes", ("code", "meaning"), _EXIT_CODES))
    rows = [(f"`{s.name}`", s.default or "not set", s.help) for s in SETTINGS]
    parts.append(_table("Settings", ("variable", "default", "meaning"), rows))
    parts.append(
        "The environment comes first, then the `.env` file of the workspace, then the default; an\n"
        "option on the command line wins over all. Logs are structured and go to stderr.\n"
    )
    return "\n".join(parts)


def generated(root: Path) -> dict[Path, str]:
    """Return every generated file below `root` with the text that it must have."""
    from rtrade.web.blueprints import apis
    from rtrade.web.documentation import api_page

    docs = root / "docs"
    pages = {docs / "command-line.md": command_line_page(), docs / "api.md": api_page(apis())}
    return {**generated_below(root), **pages}


def main() -> None:
    """Write all generated files of the checkout that is the working folder."""
    for path, text in generated(Path.cwd()).items():
        path.write_text(text, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{path}\n")


def _help(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, terminal_width=96)
    return f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


def _table(title: str, header: tuple[str, ...], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"## {title}\n\n{table}\n"


if __name__ == "__main__":
    main()
