"""From a path to a definition: read, lay options over, check the shape, decode.

Each step reports everything that it finds; the next only runs when there was nothing. Also: which
workspace a file belongs to, and which file a source's name means.
"""

from __future__ import annotations

import os
from pathlib import Path

from rtrade.config.decoding import decode_strategy
from rtrade.config.decoding_sources import decode_source
from rtrade.config.definitions import SourceDef, StrategyDef
from rtrade.config.document import Document
from rtrade.config.document import Path as DocumentPath
from rtrade.config.formats import FORMATS, SOURCE
from rtrade.config.overrides import NO_OVERRIDES, Overrides
from rtrade.config.overriding import override
from rtrade.config.reader import read
from rtrade.config.validation import check_source, check_strategy
from rtrade.config.wording import quoted, similar
from rtrade.core.diagnostics import Diagnostic, SourceText, Span
from rtrade.core.errors import InvalidInput
from rtrade.core.resources import data_folder

SOURCE_PLACE: DocumentPath = ("data", "source")


def load_strategy(path: Path, overrides: Overrides = NO_OVERRIDES) -> StrategyDef:
    """Return what the strategy file at `path` says, options laid over; raise InvalidInput."""
    return strategy_of(read(path), overrides)


def strategy_of(document: Document, overrides: Overrides) -> StrategyDef:
    """Return what a strategy file that was read says, options laid over; raise InvalidInput."""
    document, given = override(document, overrides)
    findings = check_strategy(document)
    if findings:
        raise InvalidInput(findings)
    return decode_strategy(document, given)


def load_source(path: Path) -> SourceDef:
    """Return what the source file at `path` says; raise InvalidInput."""
    return source_of(read(path), path)


def source_of(document: Document, path: Path) -> SourceDef:
    """Return what a source file that was read from `path` says; raise InvalidInput."""
    findings = check_source(document)
    if findings:
        raise InvalidInput(findings)
    return decode_source(document, path)


def find_workspace(strategy: Path | None) -> Path:
    """Return the folder that runs, sources and settings of a strategy belong to.

    It is the nearest of the file's folder (without a file: the working folder) and its parents
    that has `strategies/` or `datasources/`, else the working folder.
    """
    here = Path.cwd()
    # Not resolved: a linked strategy belongs to the workspace that holds the link.
    start = here if strategy is None else Path(os.path.normpath(here / strategy)).parent
    for folder in (start, *start.parents):
        if any((folder / name).is_dir() for name in ("strategies", "datasources")):
            return folder
    return here


def find_source(
    name: str,
    workspace: Path,
    *,
    document: Document | None = None,
    place: DocumentPath = SOURCE_PLACE,
) -> Path:
    """Return the source file that `name` means; raise InvalidInput where there is none.

    A name means the workspace's `datasources/NAME.yaml`, then the one that ships with rtrade.
    What holds a path separator or ends in `.yaml` is a path, relative to the working folder.
    Findings point at `place` in `document`, the strategy's, or at the option `--source`.
    """
    if _is_path(name):
        return Path(name)
    if not FORMATS[SOURCE].matches(name):
        message = f"{quoted(name)} is not the name of a source"
        raise _refusal(document, place, "RT025", message, _known(workspace))
    own = workspace / "datasources" / f"{name}.yaml"
    if own.is_file():
        if not own.resolve().is_relative_to(workspace.resolve()):
            message = f"the source `{name}` is a link that leads out of the workspace"
            help_text = f"`--source {own.resolve()}` takes it from there"
            raise _refusal(document, place, "RT032", message, help_text)
        return own
    shipped = data_folder("datasources") / f"{name}.yaml"
    if shipped.is_file():
        return shipped
    guess = similar(name, source_names(workspace))
    help_text = f"did you mean `{guess}`?" if guess else _known(workspace)
    raise _refusal(document, place, "RT031", f"there is no source `{name}`", help_text)


def find_prompt(prompt: SourceText, document: Document, workspace: Path) -> Path:
    """Return the file that a strategy names as a prompt; raise InvalidInput where it cannot be.

    Its path counts from the strategy file; links are followed, and end inside the workspace.
    """
    folder = Path(document.file).parent
    path = folder / prompt.text

    def refusal(code: str, message: str, help_text: str | None = None) -> InvalidInput:
        return InvalidInput([document.finding(code, message, prompt.span(), help=help_text)])

    try:
        if not path.resolve().is_relative_to(workspace.resolve()):
            message = f"the prompt {quoted(prompt.text)} leads out of the workspace"
            raise refusal("RT409", message, f"keep it inside of `{workspace}`")
        if not path.exists():
            guess = similar(prompt.text, _templates(folder))
            advice = f"did you mean `{guess}`?" if guess else f"its path counts from `{folder}`"
            raise refusal("RT001", f"the prompt {quoted(prompt.text)} does not exist", advice)
    except (OSError, RuntimeError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise refusal("RT002", f"the prompt cannot be read: {reason}") from None
    return path


def _templates(folder: Path) -> list[str]:
    found = [*folder.glob("*.j2"), *folder.glob("*/*.j2")]
    return sorted(one.relative_to(folder).as_posix() for one in found)


def source_span(document: Document) -> Span | None:
    """Return where a strategy, or the option `--source`, says where its bars come from."""
    option = document.overlays.get("--source")
    if option is not None:
        return Span("--source", 1, 1, 1, len(option) + 1)
    return document.value_span(SOURCE_PLACE)


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name.endswith((".yaml", ".yml"))


def source_names(workspace: Path) -> list[str]:
    """Return the names of all sources: those of the workspace, and those that ship with rtrade."""
    folders = (workspace / "datasources", data_folder("datasources"))
    return sorted({file.stem for folder in folders for file in folder.glob("*.yaml")})


def _known(workspace: Path) -> str:
    names = ", ".join(f"`{name}`" for name in source_names(workspace))
    return f"there are {names}; add your own in `{workspace / 'datasources'}`"


def _refusal(
    document: Document | None, place: DocumentPath, code: str, message: str, help_text: str
) -> InvalidInput:
    if document is None:
        return InvalidInput([Diagnostic(code, message, None, help_text)])
    span = source_span(document) if place == SOURCE_PLACE else document.value_span(place)
    return InvalidInput([document.finding(code, message, span, help=help_text)])
