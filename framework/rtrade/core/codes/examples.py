"""Examples of findings: what was written, and what is said of it.

`docs/diagnostics/*.txt` change a workspace that is right (`docs/diagnostics/base/`) in one thing:

    === what is wrong                  the title
    @ datasources/own.yaml             the file to change, if not example.yaml
    - line                             a line to take out, and the ones that come in its place;
    + line                             without a `-`, lines come at the end
    = line                             or: the whole file, line by line
    ! name                             or: a file that text cannot say, made by the tests
    $ run --last 30d                   the command and options, if not `validate`
    > RT021 14:1 message               what is found, at line and column (`-`: nowhere in a file)
    >> help                            and what is said to help

A finding that is a warning has `warning:` before its code. `WORLD` and `USAGE` stand for errors
that are not findings.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

STRATEGY = "example.yaml"
# A strategy that asks a model, and the file of its prompt.
ASKED = "asked.yaml"
_OF_ASKED = (ASKED, "prompts/analyst.j2")
_COMMANDS = ("run", "validate", "check", "explain")


@dataclass(frozen=True)
class Said:
    """A finding as it is expected: code, `line:column` or `-`, message, help."""

    code: str
    place: str
    message: str
    help: str = ""

    @property
    def warning(self) -> bool:
        """Whether it is a warning."""
        return self.code.startswith("warning:")

    @property
    def number(self) -> str:
        """The code without its severity."""
        return self.code.removeprefix("warning:")


@dataclass
class Example:
    """Something wrong, and what is said of it."""

    family: str
    title: str
    file: str = STRATEGY
    changes: list[tuple[list[str], list[str]]] = field(default_factory=list)
    whole: list[str] | None = None
    maker: str = ""
    given: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def changed(self, text: str) -> str:
        """Return the text of the file with the changes made."""
        if self.whole is not None:
            return "\n".join(self.whole)
        lines = text.splitlines()
        for removed, added in self.changes:
            at = lines.index(removed[0]) if removed else len(lines)
            for line in removed:
                del lines[lines.index(line, at)]
            lines[at:at] = added
        return "\n".join([*lines, ""])

    def arguments(self) -> list[str]:
        """Return the command line."""
        command, *options = self.given or ["validate"]
        if command not in _COMMANDS:
            command, options = "validate", self.given
        return [command, ASKED if self.file in _OF_ASKED else STRATEGY, *options]


def parse(family: str, text: str) -> list[Example]:
    """Return the examples that a text holds; raise ValueError for a line of no meaning."""
    found: list[Example] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "===":
            found.append(Example(family, rest))
        elif line:
            _take(found[-1], mark, rest)
    return found


def _take(example: Example, mark: str, rest: str) -> None:
    match mark:
        case "@":
            example.file = rest
        case "-" | "+":
            if not example.changes or (mark == "-" and example.changes[-1][1]):
                example.changes.append(([], []))
            example.changes[-1][mark == "+"].append(rest)
        case "=":
            example.whole = [*(example.whole or ()), rest]
        case "!":
            example.maker = rest
        case "$":
            example.given = shlex.split(rest)
        case ">":
            example.said.append(Said(*rest.split(" ", 2)))
        case ">>":
            last = example.said.pop()
            example.said.append(Said(last.code, last.place, last.message, rest))
        case _:
            raise ValueError(f"{example.family}: `{mark} {rest}` has no meaning")
