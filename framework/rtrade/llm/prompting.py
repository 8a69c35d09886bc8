"""From decision points to questions: context, prompt, request, for one signal of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import iso
from rtrade.llm.contexts import ContextBuilder, Portfolio, Position
from rtrade.llm.questions import Question, Questioner
from rtrade.llm.rendering import Renderer, RenderLimits
from rtrade.llm.templates import PromptTemplate


class Prompter:
    """Questions of one signal. A context manager: it holds the processes that render.

    `templates` are the signal's own prompt and those of `vote.prompts`, in order.
    """

    def __init__(
        self,
        templates: Sequence[PromptTemplate],
        builder: ContextBuilder,
        questioner: Questioner,
        limits: RenderLimits | None = None,
    ) -> None:
        used = frozenset(name for one in templates for name in one.names)
        self.in_run = any(one.in_run for one in templates)
        self._builder = replace(builder, used=used)
        self._questioner = questioner
        self._renderers = [Renderer(one, limits) for one in templates]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        for renderer in self._renderers:
            renderer.close()

    def questions(self, points: Sequence[int]) -> list[Question]:
        """Return the questions at the closes of these bars (indices of the builder's series).

        Raises InvalidInput where a prompt cannot be rendered.
        """
        # Each template has contexts of its own: thousands at once would fill the memory.
        prompts = [one.render_all(map(self._builder.at, points)) for one in self._renderers]
        found: list[Question] = []
        for index in points:
            with self._naming(index) as time:
                found.append(self._questioner.question(time, [next(one) for one in prompts]))
        return found

    def question(self, index: int, position: Position | None, portfolio: Portfolio) -> Question:
        """Return the question at the close of a bar while a run is going on."""
        context = self._builder.at(index, position, portfolio)
        with self._naming(index) as time:
            texts = [one.render(context) for one in self._renderers]
            return self._questioner.question(time, texts)

    @contextmanager
    def _naming(self, index: int) -> Iterator[int]:
        """Yield the open time of a bar; findings on its prompt name it."""
        time = int(self._builder.bars.time[index])
        try:
            yield time
        except InvalidInput as fault:
            found = [
                replace(one, message=f"at the bar {iso(time)}, {one.message}")
                for one in fault.diagnostics
            ]
            raise InvalidInput(found) from None
