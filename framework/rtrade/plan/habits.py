"""What traders write by habit of other languages, and what to write here."""

from __future__ import annotations

# What is not in the language, and what to write for it.
WAY_OUT = {
    "&": "write `and`",
    "&&": "write `and`",
    "|": "write `or`",
    "||": "write `or`",
    "!": "write `not`",
    "~": "write `not`",
    "^": "for `one or the other` write `(a and not b) or (b and not a)`; for a power multiply",
    "**": "multiply: `x * x`",
    "//": "divide with `/`",
    "=": "to compare write `==`",
    ":=": "give the value a name under `signals:`",
    "===": "write `==`",
    "!==": "write `!=`",
    "<>": "write `!=`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "\u2260": "write `!=`",
    "\u2265": "write `>=`",
    "\u2264": "write `<=`",
    "\u00d7": "write `*`",
    "\u00f7": "write `/`",
    "\u2212": "write `-`",
    "\u2013": "write `-`",
    "\u2018": "write a straight quote: `'`",
    "\u2019": "write a straight quote: `'`",
    "\u201c": 'write a straight quote: `"`',
    "\u201d": 'write a straight quote: `"`',
    "\u00a0": "it is a space that does not break; write an ordinary one",
    "?": "there is no `a ? b : c`; write two conditions with `and` and `or`",
    ":": "there are no ranges; `x[3]` is the value three bars ago",
    ";": "one expression is one value; name others under `signals:`",
    "#": "put comments outside of the expression",
    "{": "group with `(` and `)`",
    "}": "group with `(` and `)`",
    "if": "there is no `if`; write two conditions with `and` and `or`",
    "else": "there is no `else`; write two conditions with `and` and `or`",
    "IF": "there is no `if`; write two conditions with `and` and `or`",
    "is": "write `==`",
    "in": "compare with each: `x == 'a' or x == 'b'`",
    "lambda": "call a function of the catalog",
    "for": "windows are functions: `highest(close, 20)`, `count_true(c, 10)`",
    "None": "unknown values make conditions unknown by themselves",
    "True": "write `true`",
    "False": "write `false`",
    "AND": "write `and`",
    "And": "write `and`",
    "OR": "write `or`",
    "Or": "write `or`",
    "NOT": "write `not`",
    "Not": "write `not`",
    "TRUE": "write `true`",
    "FALSE": "write `false`",
}

# What other platforms call `x[3]`.
HISTORY = {"ref", "shift", "lag", "prev", "previous", "delay", "offset"}

# What other platforms put before their functions.
LIBRARIES = {"ta", "talib", "math"}

# What pandas calls windows.
WINDOWS = {"rolling", "ewm", "expanding"}

# What YAML once took for truth values.
SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
