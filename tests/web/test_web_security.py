"""Who may ask the server, and what browsers may do with its answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtrade.core.errors import UsageError
from rtrade.web.security import COOKIE, LOOPBACK, Doors, check_token
from web.serving import TOKEN, Served, make_workspace, served

NAME = "trade.example"
VALIDATE = {"yaml": "rtrade: 1"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("security"))


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[Served]:
    with served(workspace) as one:
        yield one


@pytest.fixture(scope="module")
def guarded(workspace: Path) -> Iterator[Served]:
    with served(workspace, token=TOKEN) as one:
        yield one


@pytest.fixture(scope="module")
def proxied(workspace: Path) -> Iterator[Served]:
    with served(workspace, token=TOKEN, hosts=(*LOOPBACK, NAME), secure=True) as one:
        yield one


def origin(server: Served) -> str:
    return f"http://127.0.0.1:{server.port}"


# Names


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:1", 200),
        ("LOCALHOST:8000", 200),
        ("[::1]:8000", 200),
        ("", 421),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:127.0.0.1", 421),
        ("localhost.", 421),
        ("localhost:80:80", 421),
        ("localhost:x", 421),
        ("user@localhost", 421),
        ("localhost/evil", 421),
        ("localhost, evil.example", 421),
        ("[::1", 421),
        ("[::1]x", 421),
        (NAME, 421),
    ],
)
def test_only_requests_under_its_own_names_are_answered(
    server: Served, host: str, status: int
) -> None:
    assert server.get("/healthz", Host=host).status == status


def test_a_proxy_does_not_speak_for_another_name(proxied: Served) -> None:
    asked = {"Authorization": f"Bearer {TOKEN}"}
    assert proxied.get("/readyz", Host=NAME, **asked).status == 200
    more = {"X_Forwarded_Host": NAME, "Forwarded": f"host={NAME}"}
    assert proxied.get("/readyz", Host="evil.example", **asked, **more).status == 421


# The token


def test_without_the_token_nothing_is_told(guarded: Served) -> None:
    for path in ("/", "/readyz", "/metrics", "/api/openapi.json", "/api/docs", "/api/v1/runs",
                 "/api/v1/nothing", "/nothing"):  # fmt: skip
        found = guarded.get(path)
        assert found.status == 401, path
        assert found.headers["www-authenticate"] == 'Bearer realm="rtrade"'
        assert found.json["type"] == "/api/docs#problem-unauthorized"
    assert guarded.get("/healthz").status == 200
    assert guarded.post("/api/v1/validate", VALIDATE).status == 401


@pytest.mark.parametrize(
    "sent",
    [
        f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Bearer {TOKEN.lower()}", "Bearer ", "Bearer",
        TOKEN, f"Basic {TOKEN}", f"Bearer: {TOKEN}", f"Bearer {TOKEN} {TOKEN}", "Bearer \xe9\xff",
    ],
)  # fmt: skip
def test_what_is_not_the_token_is_refused(guarded: Served, sent: str) -> None:
    assert guarded.get("/readyz", Authorization=sent).status == 401


def test_the_token_opens_and_is_not_taken_from_an_address(guarded: Served) -> None:
    assert guarded.get("/readyz", Authorization=f"Bearer {TOKEN}").status == 200
    assert guarded.get("/readyz", authorization=f"bearer  {TOKEN} ").status == 200
    assert guarded.get(f"/readyz?token={TOKEN}&access_token={TOKEN}").status == 401
    assert guarded.get("/readyz", X_Token=TOKEN).status == 401


@pytest.mark.parametrize("token", ["", "short", "a" * 64, "ab" * 32, "0123456789abcdef" * 1,
                                   "tab\there-and-long-enough-to-pass-otherwise",
                                   "naïve-and-long-enough-to-pass-otherwise-123"])  # fmt: skip
def test_a_token_that_can_be_guessed_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="RTRADE_TOKEN"):
        check_token(token)


def test_tokens_as_the_hint_makes_them_are_good() -> None:
    for token in (TOKEN, "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "xY_z-0123456789abcdefgh"):
        check_token(token)


# The viewer's cookie


def cookie_of(headers: dict[str, str] | object) -> str:
    assert isinstance(headers, dict)
    return headers["set-cookie"].partition(";")[0]


def test_a_browser_is_asked_for_the_token_once(guarded: Served) -> None:
    first = guarded.get("/", Accept="text/html")
    assert (first.status, first.headers["location"]) == (303, "/login")
    page = guarded.get("/login", Accept="text/html")
    assert (page.status, b'name="token"' in page.body) == (200, True)
    form = {"Content_Type": "application/x-www-form-urlencoded", "Origin": origin(guarded)}
    wrong = guarded.ask("POST", "/login", b"token=wrong", **form)
    assert (wrong.status, "set-cookie" in wrong.headers) == (403, False)
    right = guarded.ask("POST", "/login", f"token={TOKEN}".encode(), **form)
    assert (right.status, right.headers["location"]) == (303, "/")
    given = right.headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    assert TOKEN not in given
    cookie = cookie_of(right.headers)
    assert guarded.get("/readyz", Cookie=cookie).status == 200
    for forged in (f"{COOKIE}={TOKEN}", f"{cookie}0", cookie[:-1], f"{COOKIE}=.", f"{COOKIE}=a.b"):
        assert guarded.get("/readyz", Cookie=forged).status == 401, forged


def test_the_cookie_goes_by_tls_only_where_there_is_tls(proxied: Served) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded", "Host": NAME}
    right = proxied.ask(
        "POST", "/login", f"token={TOKEN}".encode(), Origin=f"https://{NAME}", **form
    )
    assert right.status == 303
    assert "Secure" in right.headers["set-cookie"]
    plain = proxied.ask(
        "POST", "/login", f"token={TOKEN}".encode(), Origin=f"http://{NAME}", **form
    )
    assert plain.status == 403


def test_a_cookie_outlives_a_restart_with_the_same_token_alone() -> None:
    cookie = Doors(LOOPBACK, TOKEN).cookie()
    assert Doors(LOOPBACK, TOKEN).is_cookie(cookie)
    assert not Doors(LOOPBACK, TOKEN[::-1]).is_cookie(cookie)
    assert not Doors(LOOPBACK, None).is_cookie(Doors(LOOPBACK, None).cookie())


def test_there_is_no_login_without_a_token(server: Served) -> None:
    assert server.get("/login").status == 404
    assert server.ask("POST", "/login", b"token=x").status == 404


# Changes


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "own"}, 200),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "own", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": ""}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "own", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"}, 403),
    ],
)
def test_what_changes_something_must_not_come_from_elsewhere(
    server: Served, headers: dict[str, str], status: int
) -> None:
    sent = {name: origin(server) if value == "own" else value for name, value in headers.items()}
    assert server.post("/api/v1/validate", VALIDATE, **sent).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "own", "Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}, 200),
        ({"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Origin": "https://evil.example", "Sec_Fetch_Mode": "cors"}, 403),
    ],
)
def test_a_page_of_another_site_has_no_data_asked_for(
    server: Served, headers: dict[str, str], status: int
) -> None:
    sent = {name: origin(server) if value == "own" else value for name, value in headers.items()}
    assert server.get("/api/v1/runs", **sent).status == status
    assert server.get("/", Accept="text/html", **sent).status == 200


def test_with_a_cookie_the_browser_has_to_say_where_it_comes_from(guarded: Served) -> None:
    cookie = f"{COOKIE}={Doors(LOOPBACK, TOKEN).cookie()}"
    assert guarded.post("/api/v1/validate", VALIDATE, Cookie=cookie).status == 403
    said = {"Cookie": cookie, "Origin": origin(guarded)}
    assert guarded.post("/api/v1/validate", VALIDATE, **said).status == 200
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.post("/api/v1/validate", VALIDATE, **token).status == 200
    elsewhere = {**token, "Origin": "https://evil.example"}
    assert guarded.post("/api/v1/validate", VALIDATE, **elsewhere).status == 403


def test_a_form_of_another_site_cannot_send_json(server: Served) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        found = server.ask("POST", "/api/v1/validate", b'{"yaml":"x"}', Content_Type=kind)
        assert found.status == 415, kind


def test_a_page_that_is_no_api_needs_the_cookie_too(server: Served) -> None:
    for headers in ({}, {"Origin": origin(server)}, {"Sec_Fetch_Site": "same-origin"}):
        assert server.ask("POST", "/anything", b"", **headers).status == 403
    given = server.get("/nothing", Accept="text/html")
    cookie = cookie_of(given.headers)
    assert server.ask("POST", "/anything", b"", Cookie=cookie).status == 403
    assert server.ask("POST", "/anything", b"", Cookie=cookie, Origin=origin(server)).status == 404


def test_there_is_no_cors(server: Served) -> None:
    asked = {"Origin": "https://evil.example", "Access_Control_Request_Method": "DELETE"}
    for method in ("OPTIONS", "GET"):
        found = server.ask(method, "/api/v1/runs", **asked)
        assert not [name for name in found.headers if name.startswith("access-control")]


# What browsers may do


def test_every_answer_has_a_policy(server: Served) -> None:
    paths = ("/healthz", "/metrics", "/api/openapi.json", "/api/docs", "/api/v1/runs", "/nothing")
    for path in paths:
        for accept in ("text/html", "application/json"):
            found = server.get(path, Accept=accept)
            policy = found.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; "), path
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert found.headers["x-content-type-options"] == "nosniff"
            assert found.headers["x-frame-options"] == "DENY"
            assert found.headers["cross-origin-resource-policy"] == "same-origin"
            assert "server" not in found.headers


def test_nonces_are_drawn_anew_and_name_all_that_runs(server: Served) -> None:
    nonces = set()
    for _ in range(3):
        page = server.get("/api/docs")
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"]))
        nonces.add(nonce)
        for element in re.findall(rb"<(?:script|style)[^>]*>", page.body):
            assert f'nonce="{nonce}"'.encode() in element
        assert not re.findall(rb"\son\w+=|javascript:|\sstyle=", page.body)
    assert len(nonces) == 3
