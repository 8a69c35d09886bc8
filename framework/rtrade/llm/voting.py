"""Several answers to one question: the majority counts, a tie abstains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from types import MappingProxyType

from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField
from rtrade.llm.answers import Answer


@dataclass(frozen=True)
class Tally:
    """What a vote came to: the answer, or None, and how many votes stood behind each choice."""

    answer: Answer | None
    counts: Mapping[str, Mapping[str, int]]
    votes: int

    @property
    def reason(self) -> str:
        """Why there is no answer."""
        return "" if self.answer is not None else "no majority"


def tally(
    fields: Sequence[AnswerField], votes: Sequence[Answer | None], agree: float = 0.5
) -> Tally:
    """Return the answer of the majority; None for each vote that is no valid answer.

    The first choice of the form decides. A value of it wins that has more votes than every other
    and at least `agree` of all votes, abstentions included. Of the answers that chose it come the
    rest: the further choices by majority (a tie: the one that its earliest vote named), whole
    numbers by their lower median, text from the earliest vote. A form without a choice has the
    lower median of each number where at least `agree` of the votes are valid.
    """
    valid = [vote for vote in votes if vote is not None]
    choices = [one.name for one in fields if isinstance(one, EnumField)]
    counts = {name: Counter(str(vote.values[name]) for vote in valid) for name in choices}
    winners = valid if not choices else _winners(valid, choices[0], counts[choices[0]])
    # In exact arithmetic: 2 of 3 votes are at least a share that was given as 2/3.
    enough = len(winners) >= Fraction(agree).limit_denominator(10_000) * len(votes)
    answer = _merged(fields, winners) if winners and enough else None
    frozen = {name: MappingProxyType(dict(count)) for name, count in counts.items()}
    return Tally(answer, MappingProxyType(frozen), len(votes))


def _winners(valid: Sequence[Answer], name: str, count: Counter[str]) -> list[Answer]:
    ranked = count.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return []
    return [vote for vote in valid if vote.values[name] == ranked[0][0]]


def _merged(fields: Sequence[AnswerField], winners: Sequence[Answer]) -> Answer:
    values = {}
    for one in fields:
        given = [vote.values[one.name] for vote in winners]
        if isinstance(one, EnumField):
            # Counter keeps the order of first appearance, and so does the ranking of equals.
            values[one.name] = Counter(given).most_common(1)[0][0]
        elif isinstance(one, IntegerField):
            values[one.name] = sorted(given, key=int)[floor((len(given) - 1) / 2)]
        else:
            values[one.name] = given[0]
    notes = dict.fromkeys(note for vote in winners for note in vote.notes)
    return Answer(MappingProxyType(values), tuple(notes))
