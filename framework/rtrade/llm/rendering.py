"""Render prompts in a process of its own, bounded in time, memory and length.

The sandbox keeps a template from reaching objects; it does not keep it from looping for hours or
filling the memory. One process serves a whole template, a list of contexts at a time, so that a
prompt costs far less than a millisecond; it is given no environment, and ends with its owner.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rtrade.core.errors import InvalidInput, WorldError
from rtrade.llm.templates import PromptTemplate, finding

MIB = 1024 * 1024
_CHUNK = 32
_KEPT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class RenderLimits:
    """What one prompt may take: seconds of computing, bytes, characters.

    `wall` are the seconds after which a process that does not keep to that is ended.
    """

    cpu: float = 1.0
    wall: float = 20.0
    memory: int = 512 * MIB
    size: int = 64 * 1024


class Renderer:
    """Prompts of one template. Use it as a context manager: its process ends with it."""

    def __init__(self, template: PromptTemplate, limits: RenderLimits | None = None) -> None:
        self.template = template
        self.limits = limits or RenderLimits()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def render(self, context: Mapping[str, Any]) -> str:
        """Return the prompt of one context; raise InvalidInput where it cannot be rendered."""
        return next(self.render_all([context]))

    def render_all(self, contexts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the prompt of each context, in order; raise InvalidInput at the first failure."""
        waiting = iter(contexts)
        while chunk := list(islice(waiting, _CHUNK)):
            yield from self._chunk(chunk)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()

    def _chunk(self, contexts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        process = self._process or self._start()
        names = self.template.names
        used = [{name: one[name] for name in names if name in one} for one in contexts]
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(used) + "\n")
            process.stdin.flush()
        # For all of them together: a thread for each would cost more than rendering it.
        patience = self.limits.wall + self.limits.cpu * len(contexts)
        late = threading.Timer(patience, process.kill)
        late.start()
        try:
            for _ in contexts:
                yield self._text(self._answer(process))
        finally:
            late.cancel()

    def _answer(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """Return what the process says of the next context; a silent one is ended."""
        assert process.stdout is not None
        if line := process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            return answer
        return {"error": "time", "message": "rendering takes too much time or memory"}

    def _text(self, answer: dict[str, Any]) -> str:
        text = answer.get("text")
        if isinstance(text, str):
            return text
        # After running out of memory a process is not to be relied on.
        self.close()
        code = "RT405" if answer["error"] == "fault" else "RT406"
        advice = {
            "fault": "what is not known yet is none: use `words` or `num`, or ask `is none`",
            "size": "show fewer bars: `bars[-10:]`",
        }.get(answer["error"], "use fewer loops within loops")
        message = f"the prompt cannot be rendered: {answer['message']}"
        line = answer.get("line") or 1
        raise InvalidInput([finding(self.template, code, message, line, advice=advice)])

    def _start(self) -> subprocess.Popen[str]:
        import rtrade

        root = Path(rtrade.__file__).parents[1]
        # Nothing of the environment: it holds keys.
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "rtrade.llm.rendering_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**kept, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"},
                encoding="utf-8",
                # Ctrl-C in a terminal goes to every process of its group; this one has an owner.
                start_new_session=True,
            )
        except OSError as fault:
            raise WorldError(
                f"cannot start the process that renders prompts: {fault.strerror or fault}",
                hint="free some memory, or raise the limit of processes",
            ) from fault
        self._process = process
        setup = {
            "template": self.template.text,
            "cpu": self.limits.cpu,
            "memory": self.limits.memory,
            "size": self.limits.size,
        }
        assert process.stdin is not None
        process.stdin.write(json.dumps(setup) + "\n")
        process.stdin.flush()
        return process
