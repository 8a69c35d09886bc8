"""RT4xx: prompts and what they are made of."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
    Code(
        "RT401",
        "prompt template cannot be parsed",
        "The template breaks the syntax of Jinja: a brace or block that is never closed, a tag "
        "that does not exist, an expression cut short, or more levels than can be read.",
    ),
    Code(
        "RT402",
        "unknown name in a prompt template",
        "A template sees the values of the last closed bar, `bars`, `stats`, `signals`, the other "
        "series by name, and `position` and `portfolio`. Everything else is undefined, and an "
        "undefined name is an error instead of an empty place in the prompt.",
    ),
    Code(
        "RT403",
        "not allowed in a prompt template",
        "A prompt stands in one file and is made of plain values: no other files, no attributes "
        "that begin with `_`.",
    ),
    Code(
        "RT404",
        "unknown filter or test in a prompt template",
        "The filters are those of rtrade (`num`, `pct`, `signed`, `direction`, `words`, `change`, "
        "`clean`) and the ones of Jinja whose result depends on nothing but their input.",
    ),
    Code(
        "RT405",
        "prompt cannot be rendered",
        "The template fails on the values of a bar: an attribute that a value does not have, "
        "arithmetic on something unknown. What is not known yet is none: ask for it with "
        "`{% if x is none %}`, or write it with `words` or `num`, which say `unknown`.",
    ),
    Code(
        "RT406",
        "prompt takes too much",
        "Rendering took too much time or memory, or the prompt is too long. Loops within loops "
        "over many bars are the usual cause.",
    ),
    Code(
        "RT407",
        "not a recording of answers",
        "A line of the file is not what `rtrade llm export` writes, or the key of a row is not "
        "that of its request: somebody has changed one of the two.",
    ),
)
