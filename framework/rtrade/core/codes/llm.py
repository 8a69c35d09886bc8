"""RT4xx: models: what they are asked with, and what they answer."""

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
    Code(
        "RT408",
        "wrong kind of source",
        "`data.source` names a source of bars, `provider` one of answers (`kind: llm`).",
    ),
    Code(
        "RT409",
        "prompt outside the workspace",
        "A prompt is a file of the workspace: its path counts from the strategy file, and leads "
        "out of the workspace neither by `..` nor by a link. So a strategy that was passed on "
        "sends no other file of yours to a model.",
    ),
    Code(
        "RT410",
        "form of an answer",
        "A field of an answer is a list of different choices, a range of whole numbers from a "
        "lower to a higher one, or `text`, and its name is no word of the language.",
    ),
    Code(
        "RT411",
        "example that does not fit",
        "An example shows the model what an answer looks like, so it has a value for each field, "
        "and each value is one that the field allows.",
    ),
    Code(
        "RT412",
        "text in a rule",
        "A field of the form `text` is for people: no rule reads it, because there is nothing to "
        "compare prose with. What a rule shall go by is a field with choices or a range.",
    ),
    Code(
        "RT413",
        "an answer where there is none yet",
        "When a model is asked, and what its prompt is told, cannot rest on what a model answers.",
    ),
    Code(
        "RT414",
        "not one of the choices",
        "A rule compares a choice of a model's answer with a text that the model never answers, "
        "or with something that is no text.",
    ),
    Code(
        "RT415",
        "model that is not asked",
        "No rule and no size rests on the answer, so the model is not asked.",
    ),
    Code(
        "RT416",
        "question that cannot be useful",
        "A prompt that uses no value of the market is the same at every bar. Several samples of "
        "one prompt are all the same at a temperature of 0.",
    ),
    Code(
        "RT417",
        "risk level without a factor",
        "`risk_levels` has a factor for each choice of its signal, and for nothing else.",
    ),
)
