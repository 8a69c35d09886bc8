"""Prompt templates: read, checked on their syntax tree, never rendered here.

The tree tells which names of the context a template uses, so that a prompt which sees the
position is known as one before anything runs, and a name that does not exist is a finding with a
place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.llm_definitions import PromptTemplate
from rtrade.config.reader import MAX_BYTES
from rtrade.config.wording import similar
from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput

if TYPE_CHECKING:
    from jinja2 import nodes

    from rtrade.llm.environment import PromptEnvironment

__all__ = ["Known", "PromptTemplate", "finding", "load_template", "parse_template"]

# The attributes that a name of the context has; None: a single value.
Known = Mapping[str, Collection[str] | None]

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def load_template(
    path: Path, known: Known, *, label: str | None = None, resting: Collection[str] = ()
) -> PromptTemplate:
    """Read and check the template at `path`, called `label` in messages; raise InvalidInput."""
    file = str(path) if label is None else label
    return parse_template(_read(path, file), file, known, resting)


def parse_template(
    text: str, file: str, known: Known, resting: Collection[str] = ()
) -> PromptTemplate:
    """Check the text of a template; raise InvalidInput with everything that is wrong with it.

    `resting` are signals that no prompt is told, because they rest on what a model answers.
    """
    checker = _Checker(text, file, known, resting)
    checker.check()
    if checker.findings:
        raise InvalidInput(sorted(checker.findings, key=_place))
    return PromptTemplate(file, text, frozenset(checker.used))


def _place(found: Diagnostic) -> tuple[int, int]:
    return (0, 0) if found.span is None else (found.span.line, found.span.column)


def _read(path: Path, file: str) -> str:
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise _unreadable("RT001", f"the prompt template `{file}` {what}", file)
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as fault:
        message = f"`{file}` cannot be read: {fault.strerror or fault}"
        raise _unreadable("RT002", message, file) from None
    if len(content) > MAX_BYTES:
        raise _unreadable("RT003", f"`{file}` is larger than {MAX_BYTES:,} bytes", file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable("RT004", f"`{file}` is not UTF-8 text", file) from None


def _unreadable(code: str, message: str, file: str) -> InvalidInput:
    advice = "a prompt is a text file in UTF-8; its path counts from the strategy file"
    return InvalidInput([Diagnostic(code, message, Span(file, 1, 1, 1, 2), advice)])


class _Checker:
    """One pass over one template; `findings` and `used` hold what it saw."""

    def __init__(self, text: str, file: str, known: Known, resting: Collection[str]) -> None:
        self.text, self.file, self.known, self.resting = text, file, known, resting
        self.lines = _LINE_BREAK.split(text)
        self.findings: list[Diagnostic] = []
        self.used: set[str] = set()

    def check(self) -> None:
        """Parse the template, and look at every node of it."""
        from jinja2 import TemplateError, TemplateSyntaxError

        from rtrade.llm.environment import PromptEnvironment

        environment = PromptEnvironment()
        try:
            tree = environment.parse(self.text)
            # Unknown filters and tests have findings of their own, and would end the search.
            self.used = _undeclared(tree, _forgiving(tree))
        except TemplateSyntaxError as fault:
            self._find("RT401", fault.message or "the template ends too early", fault.lineno, "",
                       "a prompt is a template of Jinja")  # fmt: skip
            return
        except (RecursionError, TemplateError):
            self._find("RT401", "the template nests too deep", 1, "", "write it flatter")
            return
        self._look(tree, environment)
        self.used &= set(self.known)

    def _look(self, tree: nodes.Template, environment: PromptEnvironment) -> None:
        from jinja2 import nodes

        elsewhere = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
        for node in _walk(tree):
            match node:
                case nodes.Filter(name=name) if name not in environment.filters:
                    self._unknown("filter", name, node.lineno, environment.filters)
                case nodes.Test(name=name) if name not in environment.tests:
                    self._unknown("test", name, node.lineno, environment.tests)
                case nodes.Name(name=name, ctx="load") if name in self.used:
                    self._name(name, node.lineno)
                case nodes.Getattr(node=owner, attr=str(attribute)):
                    self._attribute(owner, attribute, node.lineno)
                case nodes.Getitem(node=owner, arg=nodes.Const(value=str(attribute))):
                    self._attribute(owner, attribute, node.lineno)
                case _ if isinstance(node, elsewhere):
                    self._find("RT403", "a prompt stands in one file", node.lineno,
                               type(node).__name__.lower().removeprefix("from"),
                               "write the text out here")  # fmt: skip

    def _name(self, name: str, line: int) -> None:
        if name in self.known:
            return
        guess = similar(name, self.known)
        listed = ", ".join(sorted(self.known))
        advice = f"did you mean `{guess}`?" if guess else f"there are {listed}"
        self._find("RT402", f"a prompt knows no `{name}`", line, name, advice)

    def _attribute(self, owner: nodes.Node, attribute: str, line: int) -> None:
        from jinja2 import nodes

        if attribute.startswith("_"):
            message = f"`{attribute}`: attributes that begin with `_` are out of reach"
            self._find("RT403", message, line, attribute, "a prompt is made of plain values")
            return
        if not isinstance(owner, nodes.Name) or owner.name not in self.used:
            return
        attributes = self.known.get(owner.name)
        # Methods of lists and mappings (`signals.items()`) are the sandbox's to judge.
        if (
            attributes is None
            or attribute in attributes
            or attribute in ("items", "keys", "values")
        ):
            return
        if owner.name == "signals" and attribute in self.resting:
            message = f"the signal `{attribute}` rests on what a model answers"
            advice = "a prompt is told signals that are computed from bars alone"
            self._find("RT413", message, line, attribute, advice)
            return
        guess = similar(attribute, attributes)
        listed = ", ".join(sorted(attributes)) or "nothing"
        advice = f"did you mean `{guess}`?" if guess else f"it has {listed}"
        self._find("RT402", f"`{owner.name}` has no `{attribute}`", line, attribute, advice)

    def _unknown(self, kind: str, name: str, line: int, known: Collection[str]) -> None:
        guess = similar(name, known)
        advice = f"did you mean `{guess}`?" if guess else f"there are {', '.join(sorted(known))}"
        self._find("RT404", f"there is no {kind} `{name}`", line, name, advice)

    def _find(self, code: str, message: str, line: int, token: str, advice: str) -> None:
        self.findings.append(finding(self, code, message, line, token, advice))


def finding(
    template: PromptTemplate | _Checker, code: str, message: str, line: int, token: str = "",
    advice: str | None = None,
) -> Diagnostic:  # fmt: skip
    """Make a finding about `token` on a line of a template, or about the line's code."""
    lines = _LINE_BREAK.split(template.text)
    number = min(max(line, 1), len(lines))
    source = lines[number - 1]
    word = rf"(?<!\w){re.escape(token)}(?!\w)" if token else r"\{[{%#].*"
    found = re.search(word, source) or re.search(r"\S.*", source)
    start, end = found.span() if found else (0, max(len(source), 1))
    span = Span(template.file, number, start + 1, number, max(end, start + 1) + 1)
    return Diagnostic(code, message, span, advice, source=source)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(here.iter_child_nodes())


def _forgiving(tree: nodes.Template) -> PromptEnvironment:
    """Return an environment in which every filter and test of the tree exists."""
    from jinja2 import nodes

    from rtrade.llm.environment import PromptEnvironment

    environment = PromptEnvironment()
    for one in tree.find_all(nodes.Filter):
        environment.filters.setdefault(one.name, str)
    for other in tree.find_all(nodes.Test):
        environment.tests.setdefault(other.name, lambda _: False)
    return environment


def _undeclared(tree: nodes.Template, environment: PromptEnvironment) -> set[str]:
    """Return the names that a template takes from its context, as jinja2.meta finds them."""
    from jinja2.meta import TrackingCodeGenerator

    from rtrade.llm.environment import UnfoldedCode

    class Tracking(UnfoldedCode, TrackingCodeGenerator):
        pass

    generator = Tracking(environment)
    generator.optimizer = None
    generator.visit(tree)
    return generator.undeclared_identifiers
