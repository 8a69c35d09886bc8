"""The strategies of a workspace by name, and those that arrive as text.

Whoever is not at this machine's command line names files by their names only: a strategy is
`strategies/NAME.yaml` of the workspace, its sources those of the workspace or shipped ones.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rtrade.config.document import Document
from rtrade.config.formats import FORMATS, SOURCE
from rtrade.config.overrides import NO_OVERRIDES, Overrides
from rtrade.config.reader import read, read_text
from rtrade.core.diagnostics import Diagnostic, errors_of
from rtrade.core.errors import DataUnavailable, InvalidInput, UsageError
from rtrade.execution.engines import DEFAULT_ENGINE
from rtrade.workflow.compiling import Compiled, compile_document, refusals

FOLDER = "strategies"
NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}"
# What a strategy that is no file is called; prompts that it names stand beside it.
_UNNAMED = "(text).yaml"
_SHOWN = {_UNNAMED: "(text)"}
_NAME = re.compile(NAME)


@dataclass(frozen=True)
class StrategyFile:
    """A strategy file of the workspace and what was found in it.

    `file` is relative to the workspace. What is None is not known of a file that is not valid.
    """

    name: str
    file: str
    text: str
    diagnostics: tuple[Diagnostic, ...]
    title: str | None = None
    description: str | None = None
    source: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    explanation: str | None = None

    @property
    def valid(self) -> bool:
        """Whether it can be run: warnings do not count."""
        return not errors_of(self.diagnostics)


@dataclass(frozen=True)
class Asked:
    """A strategy to look at or to run: of a name, or of a text, with what is said instead.

    Raises UsageError where it is neither or both, and where the source is no name.
    """

    strategy: str | None = None
    yaml: str | None = None
    overrides: Overrides = NO_OVERRIDES
    engine: str = DEFAULT_ENGINE

    def __post_init__(self) -> None:
        if (self.strategy is None) is (self.yaml is None):
            raise UsageError("a strategy has a name or a text, and not both")
        source = self.overrides.source
        if source is not None and not FORMATS[SOURCE].matches(source):
            raise UsageError(f"`{source[:80]}` is not the name of a source")


class StrategyFiles:
    """The strategy files of a workspace; what was found in them is kept until a file changes."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._found: dict[str, StrategyFile] = {}

    def every(self) -> list[StrategyFile]:
        """Return all strategy files by name."""
        with self._lock:
            stamps = tuple(_stamps(self._workspace))
            if stamps != self._seen:
                # A source or a prompt changes what is found in a strategy that has not changed.
                self._found = {
                    path.stem: look_at(path, self._workspace)
                    for path in sorted((self._workspace / FOLDER).glob("*.yaml"))
                    if _NAME.fullmatch(path.stem)
                }
                self._seen = stamps
            return list(self._found.values())

    def one(self, name: str) -> StrategyFile:
        """Return a strategy file; raise DataUnavailable where there is none of that name."""
        return look_at(find_strategy(name, self._workspace), self._workspace)


def _stamps(workspace: Path) -> Iterator[tuple[str, int, int]]:
    for folder, pattern in ((FOLDER, "**/*"), ("datasources", "*.yaml")):
        for path in sorted((workspace / folder).glob(pattern)):
            try:
                status = path.stat()
            except OSError:
                continue  # it goes at this moment, and the next look sees that
            yield str(path), status.st_mtime_ns, status.st_size


def find_strategy(name: str, workspace: Path) -> Path:
    """Return the file of a strategy; raise DataUnavailable where there is none of that name."""
    path = workspace / FOLDER / f"{name}.yaml"
    inside = _NAME.fullmatch(name) and path.resolve().is_relative_to(workspace.resolve())
    if not inside or not path.is_file():
        raise DataUnavailable(f"there is no strategy `{name[:80]}` in {FOLDER}/")
    return path


def look_at(path: Path, workspace: Path) -> StrategyFile:
    """Return what a strategy file says, and everything that is wrong with it."""
    name, file = path.stem, path.relative_to(workspace).as_posix()
    try:
        document = read(path)
    except InvalidInput as invalid:
        text = path.read_bytes()[:1_000_000].decode("utf-8", "replace")
        return StrategyFile(name, file, text, within(workspace, invalid.diagnostics))
    try:
        compiled = compile_document(document, NO_OVERRIDES, workspace)
    except InvalidInput as invalid:
        found = within(workspace, invalid.diagnostics)
        return StrategyFile(name, file, document.text, found)
    data = compiled.definition.data
    return StrategyFile(
        name,
        file,
        document.text,
        within(workspace, [*compiled.plan.warnings, *refusals(compiled, DEFAULT_ENGINE)]),
        compiled.plan.name,
        compiled.definition.description,
        data.source,
        data.symbol,
        str(data.timeframe),
        explained(compiled),
    )


def compile_asked(asked: Asked, workspace: Path) -> Compiled:
    """Compile what is asked for; raise InvalidInput, or DataUnavailable for an unknown name."""
    return compile_document(_document(asked, workspace), asked.overrides, workspace)


def _document(asked: Asked, workspace: Path) -> Document:
    if asked.strategy is not None:
        return read(find_strategy(asked.strategy, workspace))
    assert asked.yaml is not None
    return read_text(asked.yaml, str(workspace / FOLDER / _UNNAMED))


def check_asked(asked: Asked, workspace: Path) -> tuple[tuple[Diagnostic, ...], str | None]:
    """Return what is found in a strategy, and its explanation where it can be run."""
    try:
        compiled = compile_asked(asked, workspace)
    except InvalidInput as invalid:
        return within(workspace, invalid.diagnostics), None
    found = within(workspace, [*compiled.plan.warnings, *refusals(compiled, asked.engine)])
    return found, None if errors_of(found) else explained(compiled)


def explained(compiled: Compiled) -> str:
    """Return a compiled strategy in plain words."""
    from rtrade.catalog.installed import registry
    from rtrade.plan.explain import explain

    return explain(compiled.plan, compiled.definition, registry()).as_text()


def within(workspace: Path, found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return findings with their files relative to the workspace, where they are in it."""
    return tuple(_relative(workspace, one) for one in found)


def _relative(workspace: Path, found: Diagnostic) -> Diagnostic:
    span = found.span
    if span is None or not Path(span.file).is_relative_to(workspace):
        return found
    file = Path(span.file).relative_to(workspace)
    return replace(found, span=replace(span, file=_SHOWN.get(file.name, file.as_posix())))
