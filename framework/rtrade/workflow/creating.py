"""Begin a strategy of one's own from one that works: a copy under a new name, comments kept."""

from __future__ import annotations

from pathlib import Path

from rtrade.config.formats import FORMATS, TITLE
from rtrade.config.reader import read
from rtrade.config.wording import similar
from rtrade.core.errors import UsageError, WorldError
from rtrade.core.resources import data_folder


def create_strategy(name: str, template: str, workspace: Path) -> Path:
    """Write `strategies/NAME.yaml` in `workspace` from the strategy `template`; return its path.

    The template is one of the workspace, else one that ships with rtrade. Raises UsageError for
    a name that cannot be, a template that is not there, and a file that is there already.
    """
    if not FORMATS[TITLE].matches(name):
        raise UsageError(f"`{name}` cannot name a strategy", hint=FORMATS[TITLE].advice)
    target = workspace / "strategies" / f"{name}.yaml"
    if target.exists():
        raise UsageError(f"`{target}` is there already", hint="choose another name")
    text = _renamed(_template(template, workspace), name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as fault:
        raise WorldError(
            f"cannot write `{target}`: {fault.strerror or fault}",
            hint="choose a workspace that you may write to",
        ) from fault
    return target


def _template(name: str, workspace: Path) -> Path:
    folders = (workspace / "strategies", data_folder("strategies"))
    found = {file.stem: file for folder in reversed(folders) for file in folder.glob("*.yaml")}
    if name in found:
        return found[name]
    guess = similar(name, sorted(found))
    hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(sorted(found))}"
    raise UsageError(f"there is no strategy `{name}` to begin from", hint=hint)


def _renamed(template: Path, name: str) -> str:
    document = read(template)
    span = document.values.get(("name",))
    if span is None or span.line != span.end_line:
        raise UsageError(
            f"`{template}` has no `name:` on a line of its own", hint="choose another template"
        )
    lines = document.text.splitlines(keepends=True)
    line = lines[span.line - 1]
    lines[span.line - 1] = f"{line[: span.column - 1]}{name}{line[span.end_column - 1 :]}"
    return "".join(lines)
