"""Look an expression over, token by token, before Python's parser sees it.

The grammar has two states: a value must come next, or an operator. That is enough to find every
mistake of form with its exact place and to name what traders write by habit (`&&`, `=`, `2%`).
What passes is short, shallow and made of known tokens, so Python's parser cannot be overrun.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from rtrade.plan.findings import Fault
from rtrade.plan.habits import WAY_OUT

MAX_LENGTH = 2000
MAX_BRACKETS = 50
MAX_PREFIXES = 20
MAX_NODES = 500

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>'[^'\\\x00-\x1f\ud800-\udfff]*'|"[^"\\\x00-\x1f\ud800-\udfff]*")
    | (?P<op>===|!==|\*\*|//|&&|\|\||:=|=>|=<|<>|<=|>=|==|!=|<<|>>|[-+*/%<>()\[\],.=])
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_BINARY = {"+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "and", "or"}
_CLOSING = {"(": ")", "[": "]"}
_SHIFTS = {"<<", ">>"}
_KEYWORDS = set(keyword.kwlist) - {"and", "or", "not"}


@dataclass(frozen=True)
class Token:
    """A word of an expression; `kind` is number, name, string, op, or other: no such word."""

    kind: str
    text: str
    start: int
    end: int


def scan(text: str) -> list[Token]:
    """Return the tokens of an expression; raise Fault where they do not make one."""
    if len(text) > MAX_LENGTH:
        raise Fault(
            "RT103",
            f"the expression is {len(text):,} characters long; {MAX_LENGTH:,} are allowed",
            0,
            1,
            help="give parts of it names under `signals:`",
        )
    tokens = _tokens(text)
    if not tokens:
        raise Fault("RT101", "the expression is empty", 0, max(len(text), 1))
    if sum(token.kind != "op" for token in tokens) > MAX_NODES:
        raise too_complex()
    _Form(text, tokens).check()
    return tokens


def too_complex() -> Fault:
    """Return the finding about an expression of too many parts."""
    return Fault(
        "RT103",
        f"the expression has more than {MAX_NODES} parts",
        0,
        1,
        help="give parts of it names under `signals:`",
    )


def _tokens(text: str) -> list[Token]:
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        assert kind is not None
        token = Token(kind, match[0], match.start(), match.end())
        if kind != "space":
            tokens.append(token)
    return tokens


def _stray(text: str, token: Token) -> Fault:
    """Return the finding about a character that no token starts with."""
    character = token.text
    if character in "'\"":
        closed = text.find(character, token.end)
        if closed < 0:
            return Fault("RT101", "the text is never closed", token.start, token.end)
        what = "a text holds no line ends, no `\\` and no control characters"
        return Fault("RT101", what, token.start, closed + 1)
    if character in WAY_OUT:
        return _refusal(token)
    return Fault("RT101", f"{_shown(character)} cannot stand here", token.start, token.end)


def _shown(text: str) -> str:
    visible = text.isprintable() and not text.isspace()
    return f"`{text}`" if visible else f"the character U+{ord(text[0]):04X}"


def _refusal(token: Token) -> Fault:
    return Fault(
        "RT102",
        f"{_shown(token.text)} is not part of the language",
        token.start,
        token.end,
        help=WAY_OUT.get(token.text),
    )


@dataclass
class _Bracket:
    """An open bracket; `call` where it holds arguments."""

    token: Token
    call: bool


class _Form:
    """The two states of the grammar, the open brackets, and how many signs came in a row."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.open: list[_Bracket] = []
        self.prefixes = 0

    def check(self) -> None:
        """Raise Fault at the first token that cannot stand where it stands."""
        value_next = True
        at = 0
        while at < len(self.tokens):
            step = self._value if value_next else self._operator
            at, value_next = step(at)
        last = self.tokens[-1]
        if value_next:
            self._percent(len(self.tokens))
            raise Fault("RT101", f"nothing follows `{last.text}`", last.start, last.end)
        if self.open:
            token = self.open[-1].token
            raise Fault("RT101", f"`{token.text}` is never closed", token.start, token.end)

    def _before(self, at: int) -> Token | None:
        return self.tokens[at - 1] if at else None

    def _value(self, at: int) -> tuple[int, bool]:
        """Take a token where a value must come; return the next place and state."""
        token, before = self.tokens[at], self._before(at)
        if token.kind == "other":
            raise _stray(self.text, token)
        if token.text in {"-", "+", "not"}:
            return self._prefix(at)
        self.prefixes = 0
        if token.text == "(":
            self._push(_Bracket(token, call=False))
            return at + 1, True
        if token.kind == "name" and token.text not in _BINARY:
            return self._named(at)
        if token.kind == "number":
            return self._number(at)
        if token.kind == "string":
            return at + 1, False
        if token.text == ")" and before is not None and before.text == "(" and self.open[-1].call:
            self.open.pop()
            return at + 1, False
        raise self._missing(token, before, at)

    def _prefix(self, at: int) -> tuple[int, bool]:
        token, before = self.tokens[at], self._before(at)
        self.prefixes += 1
        if self.prefixes > MAX_PREFIXES:
            raise Fault(
                "RT103",
                f"more than {MAX_PREFIXES} `{token.text}` stand in a row",
                token.start,
                token.end,
            )
        loose = {"(", "[", ",", "=", "and", "or", "not"}
        if token.text == "not" and before is not None and before.text not in loose:
            raise Fault(
                "RT101",
                f"`not` cannot follow `{before.text}`",
                token.start,
                token.end,
                help="put it in parentheses: `(not ...)`",
            )
        return at + 1, True

    def _named(self, at: int) -> tuple[int, bool]:
        token = self.tokens[at]
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        plain = following is None or following.text not in {"(", "="}
        if token.text in _KEYWORDS or (plain and token.text in WAY_OUT):
            raise _refusal(token)
        return at + 1, False

    def _number(self, at: int) -> tuple[int, bool]:
        token = self.tokens[at]
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        if following is not None and following.start == token.end and following.kind == "name":
            raise Fault(
                "RT101",
                f"`{token.text}{following.text}` is not a number",
                token.start,
                following.end,
                help="numbers have no units here; windows count bars: `sma(close, 20)`",
            )
        if re.match(r"0[0-9]", token.text):
            raise Fault(
                "RT101",
                f"`{token.text}` starts with a zero",
                token.start,
                token.end,
                help=f"write `{token.text.lstrip('0') or '0'}`",
            )
        return at + 1, False

    def _push(self, bracket: _Bracket) -> None:
        self.open.append(bracket)
        if len(self.open) > MAX_BRACKETS:
            raise Fault(
                "RT103",
                f"more than {MAX_BRACKETS} brackets are open at once",
                bracket.token.start,
                bracket.token.end,
                help="give parts of it names under `signals:`",
            )

    def _missing(self, token: Token, before: Token | None, at: int) -> Fault:
        """Return the finding about a token that stands where a value is missing."""
        self._percent(at)
        if token.text in WAY_OUT or token.text in _SHIFTS:
            return _refusal(token)
        if token.text == "[":
            return Fault(
                "RT102",
                "there are no lists in the language",
                token.start,
                token.end,
                help="`x[3]` is the value of x three bars ago",
            )
        if token.text in ")]" and (before is None or not self.open):
            return _unopened(token)
        if before is None:
            return Fault("RT101", f"nothing precedes `{token.text}`", token.start, token.end)
        return Fault(
            "RT101",
            f"a value is missing between `{before.text}` and `{token.text}`",
            token.start,
            token.end,
        )

    def _percent(self, at: int) -> None:
        """Raise Fault where a number and a `%` stand before `at`."""
        if at < 2 or self.tokens[at - 1].text != "%" or self.tokens[at - 2].kind != "number":
            return
        number = self.tokens[at - 2]
        raise Fault(
            "RT101",
            f"`{number.text}%` is not a number here",
            number.start,
            self.tokens[at - 1].end,
            help=f"write the fraction: `{float(number.text) / 100:.12g}`",
        )

    def _operator(self, at: int) -> tuple[int, bool]:
        """Take a token where an operator must come; return the next place and state."""
        token, before = self.tokens[at], self.tokens[at - 1]
        self.prefixes = 0
        if token.kind == "other":
            raise _stray(self.text, token)
        if token.text in _BINARY:
            return at + 1, True
        if token.text in {"(", "["}:
            if token.text == "(" and before.kind != "name":
                raise self._adjacent(token, before)
            self._push(_Bracket(token, call=token.text == "("))
            return at + 1, True
        if token.text in {")", "]"}:
            return self._close(at)
        if token.text == ",":
            return self._comma(at)
        if token.text == ".":
            return self._member(at)
        if token.text == "=" and self._keyword(at):
            return at + 1, True
        if token.text in WAY_OUT or token.text in _SHIFTS or token.text in _KEYWORDS:
            raise _refusal(token)
        raise self._adjacent(token, before)

    def _close(self, at: int) -> tuple[int, bool]:
        token = self.tokens[at]
        if not self.open:
            raise _unopened(token)
        opener = self.open.pop().token
        if _CLOSING[opener.text] != token.text:
            raise Fault(
                "RT101",
                f"`{token.text}` closes a `{opener.text}`",
                token.start,
                token.end,
                help=f"write `{_CLOSING[opener.text]}`",
            )
        return at + 1, False

    def _comma(self, at: int) -> tuple[int, bool]:
        token = self.tokens[at]
        if not self.open or not self.open[-1].call:
            raise Fault(
                "RT101",
                "`,` separates arguments of a call and nothing else",
                token.start,
                token.end,
                help="a decimal number is written with a point: `0.5`",
            )
        return at + 1, True

    def _member(self, at: int) -> tuple[int, bool]:
        token, before = self.tokens[at], self.tokens[at - 1]
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        if following is None or following.kind != "name" or following.text in _KEYWORDS:
            raise Fault("RT101", "a name is missing after `.`", token.start, token.end)
        if before.kind in {"number", "string"}:
            raise self._adjacent(token, before)
        return at + 2, False

    def _keyword(self, at: int) -> bool:
        """Tell whether the `=` at `at` names an argument."""
        if at < 2 or not self.open or not self.open[-1].call:
            return False
        return self.tokens[at - 1].kind == "name" and self.tokens[at - 2].text in {"(", ","}

    def _adjacent(self, token: Token, before: Token) -> Fault:
        """Return the finding about two values without an operator between them."""
        advice = "write an operator, `and` or `or` between them"
        if token.text in {"above", "below", "over", "under"} or before.text.startswith("cross"):
            advice = "write `crosses_above(a, b)` or `crosses_below(a, b)`, or `a > b`"
        return Fault(
            "RT101",
            f"an operator is missing between `{before.text}` and `{token.text}`",
            token.start,
            token.end,
            help=advice,
        )


def _unopened(token: Token) -> Fault:
    return Fault("RT101", f"`{token.text}` closes nothing", token.start, token.end)
