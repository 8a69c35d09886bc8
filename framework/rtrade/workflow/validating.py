"""Check files without running them. Strategy files bring the sources that they name along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtrade.config.document import Document
from rtrade.config.loading import find_prompt, find_source, find_workspace, source_of
from rtrade.config.overrides import Overrides
from rtrade.config.reader import read
from rtrade.core.diagnostics import Diagnostic, errors_of
from rtrade.core.errors import InvalidInput
from rtrade.execution.engines import DEFAULT_ENGINE
from rtrade.workflow.compiling import check_exchange, compile_document, refusals


@dataclass(frozen=True)
class Validation:
    """What was found in one file."""

    path: Path
    diagnostics: tuple[Diagnostic, ...]

    @property
    def valid(self) -> bool:
        """Whether the file can be run: warnings do not count."""
        return not errors_of(self.diagnostics)


def validate(
    paths: Sequence[Path], overrides: Overrides, engine: str = DEFAULT_ENGINE
) -> list[Validation]:
    """Check each file, a strategy or a source, and return what was found in it.

    What `engine` cannot do of a strategy counts.
    """
    return [Validation(path, _findings(path, overrides, engine)) for path in paths]


def files_of(paths: Sequence[Path], overrides: Overrides) -> list[Path]:
    """Return the files that checking `paths` reads: they, and the sources that they name."""
    found = list(paths)
    for path in paths:
        try:
            document = read(path)
            workspace, data = find_workspace(path), document.data
            name = overrides.source or (data["data"]["source"] if "data" in data else None)
            if isinstance(name, str):
                found.append(find_source(name, workspace))
            found += _asked(document, workspace)
        except (InvalidInput, TypeError, KeyError):
            # What is wrong is said by `validate`; until it is mended there is no source to watch.
            continue
    return found


def _asked(document: Document, workspace: Path) -> Iterator[Path]:
    """Yield the sources of answers and the prompts that a strategy names."""
    for (*place, last), text in document.texts.items():
        if place[:1] == ["signals"] and place[2:3] == ["llm"]:
            if last == "provider":
                yield find_source(text.text, workspace)
            elif last == "prompt" or place[3:] == ["vote", "prompts"]:
                yield find_prompt(text, document, workspace)


def _findings(path: Path, overrides: Overrides, engine: str) -> tuple[Diagnostic, ...]:
    try:
        document = read(path)
        if isinstance(document.data, dict) and "kind" in document.data:
            check_exchange(source_of(document, path))
            return ()
        compiled = compile_document(document, overrides, find_workspace(path))
        return (*compiled.plan.warnings, *refusals(compiled, engine))
    except InvalidInput as invalid:
        return invalid.diagnostics
