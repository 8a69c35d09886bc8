"""RT0xx: the file itself: reading, shape, units."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
    Code(
        "RT001",
        "no such file",
        "The file that was named does not exist. Paths count from the working folder.",
    ),
    Code(
        "RT002",
        "file cannot be read",
        "The path is a folder or a device, or its rights do not allow reading it.",
    ),
    Code(
        "RT003",
        "file too large",
        "Strategy and source files have 256 KiB at most. Bars belong into data files, which a "
        "source names.",
    ),
    Code(
        "RT004",
        "not a text file",
        "The file is not UTF-8 text: another encoding, a byte order mark, control characters, "
        "or not YAML at all. Save it as UTF-8 without a byte order mark.",
    ),
    Code("RT005", "empty file", "The file holds nothing but comments or white space."),
    Code(
        "RT006",
        "not valid YAML",
        "The text breaks the rules of YAML. The usual causes are indentation, a quote or "
        "bracket that is never closed, and a value with `: ` in it or a `%`, `@` or backquote "
        "at its start that is not in quotes.",
    ),
    Code(
        "RT007",
        "key given twice",
        "A mapping has the same key twice. Most readers of YAML would silently take the last one.",
    ),
    Code(
        "RT008",
        "feature of YAML that is not allowed",
        "Tags, merge keys (`<<`), directives and several documents in one file are refused: "
        "they hide what a file says, and some of them can run code in other programs.",
    ),
    Code(
        "RT009",
        "too deep or too large",
        "The file nests more than 50 levels deep, has more than 100 aliases, or stands for more"
        " than 100,000 values once its aliases are written out.",
    ),
    Code(
        "RT010",
        "key that is not text",
        "Keys are text. A key that reads as a number, as `true` or as `null` needs quotes.",
    ),
    Code(
        "RT011",
        "unreadable value",
        "A number of too many digits, or an escape for a control character.",
    ),
    Code(
        "RT020",
        "wrong type",
        "A value has another type than its key takes: a number where text is wanted, a list "
        "where keys and values are wanted, or nothing at all.",
    ),
    Code(
        "RT021", "unknown key", "A key that the schema does not know at this place. Often a typo."
    ),
    Code(
        "RT022",
        "missing key",
        "Something must be there and is not: a required key, an entry rule, a way of sizing.",
    ),
    Code("RT023", "unknown choice", "The value is none of those that the key takes."),
    Code(
        "RT024",
        "missing unit",
        "Units are part of a value: `2%`, `50 bps`, `48 bars`, `4h`. A bare number could be "
        "read in two ways, and both are shown.",
    ),
    Code(
        "RT025",
        "wrong form",
        "A text does not have the form that its key takes, such as a symbol, a timeframe, a "
        "date or a name.",
    ),
    Code(
        "RT026",
        "out of range",
        "A number is outside the range in which it makes sense, or not a finite number.",
    ),
    Code(
        "RT027",
        "not available in this version",
        "What the file asks for is planned. It is refused by name, so that no result leaves it "
        "out in silence.",
    ),
    Code(
        "RT028",
        "not safe to share",
        "A strategy file can be passed on, so it holds no `${env:...}`, URL or absolute path. "
        "Addresses and secrets belong into a source file; there `${env:NAME}` stands only for "
        "secret keys.",
    ),
    Code(
        "RT029",
        "values that contradict one another",
        "Each value is right by itself, but not beside another one: an `end` before the "
        "`start`, an amount in another currency, a duration that is no whole number of bars, "
        "two ways of sizing.",
    ),
    Code(
        "RT030",
        "wrong option",
        "`--set` takes `key.path=value` with a key that the schema knows, and `--last` a length"
        " such as `30d`.",
    ),
    Code(
        "RT031",
        "unknown source",
        "No file of that name is in the workspace's `datasources/`, and none ships with rtrade.",
    ),
    Code(
        "RT032",
        "source outside the workspace",
        "The name of a source leads out of the workspace through a link. Name the file itself "
        "with `--source`.",
    ),
    Code(
        "RT033",
        "secret written out",
        "A file is copied, committed and shown; a secret in it is soon no secret. A source file "
        "holds the name of a variable, `${env:NAME}`, and the value stands in the environment or "
        "in the workspace's `.env`. A secret that was written out is never shown.",
    ),
)
