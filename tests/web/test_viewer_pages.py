"""The viewer's pages over HTTP: what they show, what they refuse, and that they change things."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time
from urllib.parse import urlencode

import pytest

from rtrade.core.resources import data_folder
from rtrade.web import jobs
from rtrade.web.jobs import Job
from rtrade.web.pages.assets import HTMX
from rtrade.web.site import site_of
from rtrade.web.templates import sentence
from web.serving import TOKEN, Served, copy_run, make_run, make_workspace, served

VENDOR = data_folder("reports") / "static" / "vendor" / HTMX
BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = make_workspace(tmp_path_factory.mktemp("viewer"))
    make_run(folder, last="20d")
    return folder


@pytest.fixture(scope="module")
def run(workspace):
    return next((workspace / "runs").glob("sma_btc-*"))


@pytest.fixture(scope="module")
def viewer(workspace):
    with served(workspace) as here:
        reply = here.get("/", **BROWSER)
        here.headers["Cookie"] = reply.headers["set-cookie"].partition(";")[0]
        yield here


def look(viewer: Served, path: str, status: int = 200) -> str:
    reply = viewer.get(path, **BROWSER)
    assert reply.status == status, reply.body[:600]
    assert reply.headers["content-type"].startswith("text/html")
    return reply.body.decode()


def send(viewer: Served, path: str, *, piece: bool = False, **given: str):
    headers = {**BROWSER, "Origin": viewer.url, "Sec_Fetch_Site": "same-origin"}
    headers["Content_Type"] = "application/x-www-form-urlencoded"
    if piece:
        headers["HX_Request"] = "true"
    return viewer.ask("POST", path, urlencode(given).encode(), **headers)


def words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_the_list_shows_a_run_with_its_line_and_its_metrics(viewer, run):
    page = look(viewer, "/")
    assert f'href="/runs/{run.name}"' in page
    assert re.search(r'<svg class="spark \w+"', page)
    assert "1 run" in words(page)


def test_runs_are_shown_though_the_store_is_damaged(run, tmp_path):
    folder = make_workspace(tmp_path / "w")
    copy_run(run, "alpha-0123456789").rename(folder / "alpha-0123456789")
    (folder / "runs").mkdir()
    (folder / "alpha-0123456789").rename(folder / "runs" / "alpha-0123456789")
    (folder / ".rtrade").mkdir()
    (folder / ".rtrade" / "rtrade.db").write_bytes(b"\xa5" * 8192)
    with served(folder) as here:
        page = words(look(here, "/"))
        assert "1 run" in page
        assert "Tags and notes are not known" in page
        assert "move this one away" in page
        assert "Tags and note are not known." in words(look(here, "/runs/alpha-0123456789"))
        # A program is told, since it would take none for the truth.
        for path in ("/api/v1/runs", "/api/v1/runs/alpha-0123456789/summary"):
            answer = here.get(path)
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            assert "not a database" in answer.json["detail"]
        assert here.get("/api/v1/runs/alpha-0123456789").status == 200


def test_an_empty_workspace_says_what_to_do_next(tmp_path):
    with served(make_workspace(tmp_path, "sma_btc")) as here:
        assert "There are no runs yet" in look(here, "/")
        assert "It has not been run yet" in look(here, "/strategies/sma_btc")
        assert "Nothing was started yet" in look(here, "/jobs")


def test_a_job_under_way_says_for_how_long_it_has_been(tmp_path):
    with served(make_workspace(tmp_path, "sma_btc")) as here:
        started = time.time_ns() // 1_000_000 - 75_500
        job = Job("0123456789abcdef", "run", "sma_btc", started, jobs.RUNNING, started)
        site_of(here.app).jobs._jobs[job.id] = job
        page = look(here, f"/jobs/{job.id}")
        job.state, job.ended = jobs.DONE, started
    # Whole seconds, however long the page took.
    assert int(re.search(r'data-seconds="(\d+)">for \1 s<', page)[1]) in range(75, 75 + 60)


def test_tags_and_a_note_are_given_in_place_and_found_again(viewer, run):
    reply = send(viewer, f"/runs/{run.name}/marks", piece=True, tags="keep, btc", note="a note")
    assert reply.status == 200
    assert reply.body.lstrip().startswith(b'<div class="marks">')
    assert run.name in look(viewer, "/?tag=keep")
    assert "No run is like that" in look(viewer, "/?tag=other")
    plain = send(viewer, f"/runs/{run.name}/marks", tags="", note="")
    assert (plain.status, plain.headers["location"]) == (303, f"/runs/{run.name}")


def test_a_change_from_elsewhere_is_refused(viewer, run):
    path = f"/runs/{run.name}/delete"
    foreign = viewer.ask("POST", path, b"", Origin="https://example.org", **BROWSER)
    unsaid = viewer.ask("POST", path, b"", **BROWSER)
    assert (foreign.status, unsaid.status) == (403, 403)
    assert run.is_dir()


def test_a_run_is_deleted_after_a_question(viewer, run):
    other = copy_run(run, "gone-0123456789")
    question = look(viewer, f"/runs/{other.name}/delete?back=/?tag=x")
    assert "Delete this run for good?" in question
    assert 'name="back" value="/?tag=x"' in question
    reply = send(viewer, f"/runs/{other.name}/delete", back="//example.org/")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert not other.exists()


def test_the_report_of_a_run_is_in_the_frame_and_its_files_have_addresses(viewer, run):
    page = look(viewer, f"/runs/{run.name}")
    assert "Price and trades" in page
    assert f'href="/api/v1/runs/{run.name}/trades?format=csv"' in page
    assert 'href="trades.csv"' not in page
    assert "<style" not in page
    loaded = re.findall(r"<(?:script src|link rel=.stylesheet.)[^>]*>", page)
    assert len(loaded) > 5
    assert all('nonce="' in one for one in loaded)


@pytest.mark.parametrize(
    "planted",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<p onclick="alert(1)">x</p>',
        '<div hx-post="/runs/x/delete" hx-trigger="load"></div>',
        '<form action="/"><button>x</button></form>',
        '<a href="javascript:alert(1)">x</a>',
        "<p style='color:red'>x</p>",
        "<iframe src=/></iframe>",
        "<p",
    ],
)
def test_a_report_that_holds_what_no_report_does_is_not_shown(viewer, run, planted):
    other = copy_run(run, "planted-0123456789")
    try:
        report = other / "report.html"
        text = report.read_text()
        report.write_text(text.replace("<main>", f"<main>{planted}", 1))
        page = look(viewer, f"/runs/{other.name}")
        assert "which no report does" in page
        assert "Price and trades" not in page
    finally:
        send(viewer, f"/runs/{other.name}/delete")


def test_a_strategy_is_shown_in_plain_words_with_its_runs(viewer, run):
    page = look(viewer, "/strategies/sma_btc")
    assert "Enter long when the 20-bar average of close" in page
    assert f"/runs/{run.name}" in page
    assert run.name in look(viewer, "/strategies")


def test_findings_stand_at_their_lines(viewer, workspace):
    text = (workspace / "strategies/sma_btc.yaml").read_text()
    wrong = workspace / "strategies/wrong.yaml"
    wrong.write_text(text.replace("timeframe: 1h", "timeframe: 1 hour"))
    try:
        page = look(viewer, "/strategies/wrong")
        line = text.splitlines().index("  timeframe: 1h") + 1
        assert re.search(rf'class="line found" id="L{line}"', page)
        assert "^^^^^^" in page
        assert "error RT025" in page
        assert "cannot be run" in page
        assert "1 error" in look(viewer, "/strategies")
    finally:
        wrong.unlink()


@pytest.mark.parametrize(
    ("path", "status", "heading", "said", "way"),
    [
        ("/nothing", 404, "Not found", "There is nothing at this address.", "/"),
        ("/runs/x-0123456789", 404, "Not found", "There is no run x-0123456789 .", "/"),
        ("/strategies/none", 404, "Not found", "There is no strategy none in", "/strategies"),
        ("/jobs/0123456789abcdef", 404, "Not found", "", "/jobs"),
        ("/?page=x", 422, "Not understood", "page is no number of a page.", "/"),
        ("/data/series?source=nowhere&symbol=A/B&timeframe=1h", 422, "Not understood", "", "/data"),
    ],
)
def test_what_is_not_there_is_said_within_the_viewer(viewer, path, status, heading, said, way):
    page = look(viewer, path, status)
    assert f"<h1>{heading}</h1>" in page
    assert 'aria-label="Parts of the viewer"' in page
    assert said in " ".join(words(page).split())
    assert "`" not in words(page)
    assert f'class="button" href="{way}"' in page


def test_who_has_no_token_sees_nothing_of_the_viewer(workspace):
    with served(workspace, token=TOKEN) as here:
        page = here.ask("POST", "/login", b"token=x", Accept="text/html")
        assert page.status in (401, 403)
        for reply in (page, here.get("/nothing", Host="evil.example", Accept="text/html")):
            assert b"Parts of the viewer" not in reply.body
        inside = here.get("/nothing", Accept="text/html", Authorization=f"Bearer {TOKEN}")
        assert inside.status == 404
        assert b"Parts of the viewer" in inside.body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("there is no run", "There is no run."),
        ("`at` is no time", "`at` is no time."),
        ("binance@host has no symbol", "binance@host has no symbol."),
        ("sma_btc is broken", "sma_btc is broken."),
        ("did you mean `x`?", "Did you mean `x`?"),
        ("", ""),
    ],
)
def test_a_message_becomes_a_sentence_and_names_stay(text, expected):
    assert sentence(text) == expected


def test_a_form_that_cannot_be_run_says_why_and_keeps_what_was_written(viewer):
    reply = send(viewer, "/strategies/sma_btc/runs", sets="params.fast=many", last="30d")
    page = reply.body.decode()
    assert reply.status == 422
    assert "The run was not started" in page
    assert "params.fast=many" in page
    assert 'value="30d"' in page
    spoken = send(viewer, "/strategies/sma_btc/runs", last="some")
    assert spoken.status == 422


@pytest.mark.parametrize(
    "query", ["order=__class__", "page=0", "page=x", "since=yesterday", "metric=sharpe&least=nan",
              "metric=size", "until=99999-01-01"]
)  # fmt: skip
def test_a_query_that_says_what_cannot_be_is_refused(viewer, query):
    assert "is no" in look(viewer, f"/?{query}", 422)


def test_assets_are_kept_for_good_and_named_by_their_bytes(viewer):
    page = look(viewer, "/")
    for address in set(re.findall(r'"(/static/[^"]+)"', page)):
        reply = viewer.get(address)
        assert reply.status == 200
        assert "immutable" in reply.headers["cache-control"]
        name = address.rpartition("/")[2]
        assert viewer.get(f"/static/{'0' * 32}/{name}").status == 404


def test_runs_are_compared_number_by_number(viewer, run):
    other = make_run(run.parents[1], "params.fast=10", last="20d")
    page = look(viewer, f"/compare?run={run.name}&run={other.name}")
    text = words(page)
    assert "params.fast" in page
    assert "Trades that only one made" in text
    assert re.search(r"Only A: \d+", text)
    assert page.count('class="sheet ') == 2
    third = make_run(run.parents[1], "params.fast=12", last="20d")
    three = look(viewer, f"/compare?run={run.name}&run={other.name}&run={third.name}")
    assert "Three runs" in three
    assert 'class="third"' in three
    assert "Trades that all of them began" in words(three)
    coarse = make_run(run.parents[1], "data.timeframe=4h", last="20d")
    notes = words(look(viewer, f"/compare?run={run.name}&run={coarse.name}"))
    assert "They traded another timeframe: 1h and 4h." in notes
    assert "Their bars are not the same" not in notes
    twin = copy_run(run, "twin-0123456789")
    both = words(look(viewer, f"/compare?run={run.name}&run={other.name}&run={twin.name}"))
    assert "The lines of A and C are one: only that of C is seen." in both
    assert "are one" not in words(three)


def test_a_comparison_of_one_run_says_how_to_choose_more(viewer, run):
    assert "One run alone" in look(viewer, f"/compare?run={run.name}")
    assert "No runs were chosen" in look(viewer, "/compare")
    many = "&".join(f"run=a-{at:010x}" for at in range(7))
    assert "at most can be told apart" in look(viewer, f"/compare?{many}", 422)


def test_a_bar_is_explained_on_a_page_and_as_a_part_of_one(viewer, run):
    page = look(viewer, f"/runs/{run.name}/why?at=entry:1")
    assert "enter_long</code> is true" in page
    assert "crosses_above(fast_ma, slow_ma)" in page
    part = viewer.get(f"/runs/{run.name}/why?at=entry:1", HX_Request="true", **BROWSER)
    assert part.body.lstrip().startswith(b"<nav")
    assert b"<html" not in part.body
    assert "is not a time" in words(look(viewer, f"/runs/{run.name}/why?at=soon", 422))


def test_files_and_generators_have_a_page_each(viewer):
    page = look(viewer, "/data")
    assert "Nothing is stored yet" in page
    assert "/data/series?source=sample&amp;symbol=BTC%2FUSDT&amp;timeframe=5m" in page
    series = look(viewer, "/data/series?source=sample&symbol=BTC/USDT&timeframe=5m")
    assert '<svg class="cells"' in series
    assert "315,360" in series
    look(viewer, "/data/series?source=none&symbol=BTC/USDT&timeframe=5m", 422)
    look(viewer, "/data/series?source=sample&symbol=X/Y&timeframe=5m", 404)


def test_a_sync_that_cannot_be_says_why(viewer):
    reply = send(viewer, "/data/syncs", source="sample", symbols="BTC/USDT", timeframe="1h",
                 **{"from": "2024-01-01"})  # fmt: skip
    assert reply.status == 422
    assert "only an exchange can be synced" in words(reply.body.decode())


def test_no_more_bars_are_explained_at_a_time_than_may(viewer, run):
    room = site_of(viewer.app).explainers._room
    taken = 0
    while room.acquire(blocking=False):
        taken += 1
    try:
        assert taken > 0
        reply = viewer.get(f"/runs/{run.name}/why?at=last", HX_Request="true", **BROWSER)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    finally:
        for _ in range(taken):
            room.release()
    look(viewer, f"/runs/{run.name}/why?at=last")


def test_the_vendored_script_is_the_one_published():
    said = dict(line.split(": ", 1) for line in (VENDOR / "SOURCE").read_text("utf-8").splitlines())
    content = (VENDOR / "htmx.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == said["file-sha256"]
    sha512 = base64.b64encode(hashlib.sha512(content).digest()).decode()
    assert said["file-integrity"] == f"sha512-{sha512}"
    assert f"htmx-{said['version']}" == HTMX
    assert "Zero-Clause BSD" in (VENDOR / "LICENSE").read_text("utf-8")


def test_a_report_of_another_version_is_written_anew(viewer, run):
    report = run / "report.html"
    current = report.read_bytes()
    report.write_bytes(current.replace(b"script-src &#39;sha256-", b"script-src &#39;sha256-x", 1))
    assert "Another version of rtrade wrote this report" in look(viewer, f"/runs/{run.name}")
    reply = send(viewer, f"/runs/{run.name}/report")
    assert (reply.status, reply.headers["location"]) == (303, f"/runs/{run.name}")
    assert report.read_bytes() == current
    report.unlink()
    assert "There is no report to show" in look(viewer, f"/runs/{run.name}")
    send(viewer, f"/runs/{run.name}/report")
    assert report.read_bytes() == current
