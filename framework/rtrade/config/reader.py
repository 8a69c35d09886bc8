"""Read a YAML file into a `Document`, or say in findings why it cannot be read.

Everything about the file itself is checked first: that it is there, is a file, is small, is
UTF-8 text. Then `events` counts, and `composing` builds.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from pathlib import Path

from rtrade.config.composing import compose
from rtrade.config.document import Document
from rtrade.config.events import Refused
from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput

MAX_BYTES = 256 * 1024

_MARKS = {
    b"\xef\xbb\xbf": "UTF-8 with a byte order mark",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
# Some tools count the last three as line ends, others do not; positions would be ambiguous.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)


def read(path: Path, *, label: str | None = None) -> Document:
    """Read the file at `path`, called `label` in messages; raise InvalidInput."""
    file = str(path) if label is None else label
    return read_text(_decoded(_content(path, file), file), file)


def read_text(text: str, file: str) -> Document:
    """Read the text of a file called `file`; raise InvalidInput with all findings."""
    document = read_value(text, file)
    if document.data is None:
        what = "holds only comments" if text.lstrip().startswith("#") else "is empty"
        raise InvalidInput([_whole(file, "RT005", f"the file {what}", "start with `rtrade: 1`")])
    return document


def read_value(text: str, file: str) -> Document:
    """Read YAML that may be empty, such as a value of the command line; raise InvalidInput."""
    _check_text(text, file)
    try:
        document, findings = compose(text, file)
    except Refused as refused:
        raise InvalidInput([refused.finding]) from None
    if findings:
        raise InvalidInput(findings)
    return document


def _content(path: Path, file: str) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise InvalidInput([_whole(file, "RT002", f"`{file}` is {what}", "name a YAML file")])
        if status.st_size > MAX_BYTES:
            raise _too_large(file, f"{status.st_size:,}")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidInput([_missing(path, file)]) from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else str(fault)
        message = f"`{file}` cannot be read: {reason}"
        raise InvalidInput(
            [_whole(file, "RT002", message, "check the path and its rights")]
        ) from None
    if len(content) > MAX_BYTES:
        raise _too_large(file, f"over {MAX_BYTES:,}")
    return content


def _decoded(content: bytes, file: str) -> str:
    help_text = "save it as UTF-8 text without a byte order mark"
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            raise InvalidInput([_whole(file, "RT004", f"the file is {name}", help_text)])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as fault:
        before = content[: fault.start].decode("utf-8")
        span = _span_at(before, file)
        message = f"the byte 0x{content[fault.start]:02X} is not UTF-8 text"
        raise InvalidInput([Diagnostic("RT004", message, span, "save the file as UTF-8")]) from None


def _check_text(text: str, file: str) -> None:
    if len(text) > MAX_BYTES:
        raise _too_large(file, f"{len(text):,}")
    found = _FORBIDDEN.search(text)
    if found is not None:
        span = _span_at(text[: found.start()], file)
        message = f"the character U+{ord(found[0]):04X} has no place in a file"
        raise InvalidInput([Diagnostic("RT004", message, span, "remove it; is this a YAML file?")])


def _span_at(before: str, file: str) -> Span:
    """Return the place of the character that follows the text `before`."""
    lines = f"{before}x".splitlines()
    return Span(file, len(lines), len(lines[-1]), len(lines), len(lines[-1]) + 1)


def _whole(file: str, code: str, message: str, help_text: str | None) -> Diagnostic:
    return Diagnostic(code, message, Span(file, 1, 1, 1, 2), help_text)


def _too_large(file: str, size: str) -> InvalidInput:
    message = f"`{file}` is too large: {size} bytes, and {MAX_BYTES:,} are allowed"
    return InvalidInput([_whole(file, "RT003", message, "name a strategy or source file")])


def _missing(path: Path, file: str) -> Diagnostic:
    return _whole(file, "RT001", f"there is no file `{file}`", _neighbours(path))


def _neighbours(path: Path) -> str:
    """Say which YAML file in the same folder may have been meant."""
    try:
        names = sorted(
            entry.name
            for entry in os.scandir(path.parent)
            if entry.name.endswith((".yaml", ".yml")) and entry.is_file()
        )
    except (OSError, ValueError):
        return f"there is no folder `{path.parent}` either"
    wanted = path.name if path.suffix in (".yaml", ".yml") else f"{path.name}.yaml"
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{path.parent / close[0]}`?"
    if names:
        return f"`{path.parent}` holds {', '.join(f'`{name}`' for name in names[:8])}"
    return f"`{path.parent}` holds no YAML files"
