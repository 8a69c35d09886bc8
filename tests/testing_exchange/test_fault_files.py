"""Fault scripts that users write: what they mean, and what is said of wrong ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtrade.core.errors import InvalidInput
from rtrade.testing.fault_files import read_script
from rtrade.testing.kinds import KINDS, keys_of

GOOD = """\
seed: 3
faults:
  - {kind: rate_limit, endpoint: klines, nth: 5, seconds: 2}
  - {kind: hole, bars: 4, probability: 10%, count: 3}
  - kind: late_correction
    symbol: BTC/USDT
    timeframe: 1h
    time: 2024-01-01T00:00Z
    at: 1704100000000
    close: 5
  - {kind: closed, stream: "*@trade", code: 1008}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "faults.yaml"
    path.write_text(text)
    return path


def test_a_script_means_what_it_says(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, GOOD))
    assert script.seed == 3
    limit, hole, late, closed = script.faults
    assert (limit.endpoint, limit.nth, limit["seconds"], limit.count) == ("klines", 5, 2, 1)
    assert (hole.probability, hole.count, hole["bars"]) == (0.1, 3, 4)
    assert (late["time"], late["at"], late.values["close"]) == (1704067200000, 1704100000000, 5)
    assert (closed.stream, closed["code"]) == ("*@trade", 1008)


def test_json_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"faults": [{"kind": "ban", "nth": 2}]}))
    assert read_script(path).faults[0].nth == 2


LATE = "faults:\n  - {kind: late_correction"
BAD = [
    ("[]", "RT020", 1),
    ("seed: x\nfaults: []", "RT020", 1),
    ("seed: -1\nfaults: []", "RT026", 1),
    ("seed: 1", "RT022", 1),
    ("faults: {}", "RT020", 1),
    ("faults:\n  - ban", "RT020", 2),
    ("faults:\n  - {nth: 1}", "RT022", 2),
    ("faults:\n  - {kind: bam}", "RT023", 2),
    ("faults:\n  - {kind: ban, nht: 1}", "RT021", 2),
    ("faults:\n  - {kind: ban, nth: 0}", "RT026", 2),
    ("faults:\n  - {kind: ban, nth: 1.5}", "RT020", 2),
    ("faults:\n  - {kind: ban, nth: true}", "RT020", 2),
    ("faults:\n  - {kind: ban, probability: 0.5}", "RT024", 2),
    ("faults:\n  - {kind: ban, probability: 101%}", "RT026", 2),
    ("faults:\n  - {kind: ban, probability: 5%, nth: 2}", "RT029", 2),
    ("faults:\n  - {kind: ban, stream: x}", "RT021", 2),
    ("faults:\n  - {kind: hole, endpoint: depth}", "RT021", 2),
    ("faults:\n  - {kind: server_error, status: 501}", "RT023", 2),
    ("faults:\n  - {kind: slow, seconds: 99}", "RT026", 2),
    ("faults:\n  - {kind: ban, endpoint: 5}", "RT020", 2),
    (f"{LATE}, symbol: BTC/USDT}}", "RT022", 2),
    (f"{LATE}, symbol: A/B, timeframe: 1x, time: 1, at: 2}}", "RT023", 2),
    (f"{LATE}, symbol: A/B, timeframe: 1h, time: no, at: 1}}", "RT025", 2),
    ("faults: [", "RT006", 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line"), BAD)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, text: str, code: str, line: int
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_script(write(tmp_path, text))
    found = caught.value.diagnostics[0]
    assert found.code == code
    assert found.span is not None
    assert found.span.line == line


def test_all_findings_come_at_once_and_guess(tmp_path: Path) -> None:
    text = "faults:\n  - {kind: bann}\n  - {kind: ban, secnds: 1}\n"
    with pytest.raises(InvalidInput) as caught:
        read_script(write(tmp_path, text))
    assert [one.help for one in caught.value.diagnostics] == [
        "did you mean `ban`?", "did you mean `seconds`?",
    ]  # fmt: skip


def test_the_page_names_every_kind_and_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fake-exchange.md").read_text()
    for name, kind in KINDS.items():
        assert f"`{name}`" in page
        for key in keys_of(kind):
            assert f"`{key}`" in page, (name, key)
