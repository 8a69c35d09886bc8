"""Signals that a language model answers: their fields, when they are asked, with which prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rtrade.config.llm_definitions import LlmProviderDef, PromptTemplate
from rtrade.core.diagnostics import SourceText


@dataclass(frozen=True)
class PromptNames:
    """What a prompt may name beside the bar and the account: signals, and series of `also:`.

    `resting` are the signals that rest on what a model answers: no prompt is told them.
    """

    signals: tuple[str, ...]
    series: tuple[str, ...]
    resting: tuple[str, ...] = ()


class PromptReader(Protocol):
    """Reads and checks the template that a strategy names by its path."""

    def __call__(self, prompt: SourceText, names: PromptNames) -> PromptTemplate:
        """Return the template; raise InvalidInput with what is wrong with it."""
        ...


@dataclass(frozen=True)
class Asking:
    """What stands outside of the strategy file: providers by signal, and the prompts."""

    providers: Mapping[str, LlmProviderDef]
    read_prompt: PromptReader
