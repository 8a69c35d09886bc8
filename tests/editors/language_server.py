"""A client for yaml-language-server: enough of the protocol to edit a file and ask about it."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SERVER = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
_PATIENCE = 60


class LanguageServer:
    """A running server; `settings` are what an editor would hand over, by section."""

    def __init__(self, node: str, workspace: Path, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._numbers = itertools.count(1)
        self._process = subprocess.Popen(
            [node, str(SERVER), "--stdio"], cwd=workspace,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._answers: dict[int, queue.Queue[Any]] = {}
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.ask("initialize", {
            "processId": None,
            "rootUri": workspace.as_uri(),
            "workspaceFolders": [{"uri": workspace.as_uri(), "name": workspace.name}],
            "capabilities": {
                "workspace": {"configuration": True, "workspaceFolders": True},
                "textDocument": {
                    "completion": {"completionItem": {"snippetSupport": True}},
                    "hover": {"contentFormat": ["markdown"]},
                    "publishDiagnostics": {},
                },
            },
        })  # fmt: skip
        self._send({"method": "initialized", "params": {}})

    def open(self, file: Path, text: str) -> list[dict[str, Any]]:
        """Open a file with a text; return the diagnostics that the server publishes."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return self._diagnostics(file)

    def complete(self, file: Path, line: int, column: int) -> dict[str, dict[str, Any]]:
        """Return the completions at a place (from 0) by label."""
        found = self.ask("textDocument/completion", self._place(file, line, column))
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"]: item for item in items}

    def hover(self, file: Path, line: int, column: int) -> str:
        """Return the text that the server shows at a place (from 0)."""
        found = self.ask("textDocument/hover", self._place(file, line, column))
        return "" if found is None else str(found["contents"]["value"])

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Send a request and return its result."""
        number = next(self._numbers)
        self._answers[number] = queue.Queue()
        self._send({"id": number, "method": method, "params": params})
        answer = self._answers[number].get(timeout=_PATIENCE)
        assert "error" not in answer, answer
        return answer["result"]

    def close(self) -> None:
        """End the server."""
        self.ask("shutdown", {})
        self._send({"method": "exit"})
        self._process.wait(timeout=_PATIENCE)
        self._reader.join(timeout=_PATIENCE)
        self._process.stdin.close()
        self._process.stdout.close()

    def _diagnostics(self, file: Path) -> list[dict[str, Any]]:
        while True:
            told = self._told.get(timeout=_PATIENCE)
            if told["params"]["uri"] == file.as_uri():
                return told["params"]["diagnostics"]

    @staticmethod
    def _place(file: Path, line: int, column: int) -> dict[str, Any]:
        return {
            "textDocument": {"uri": file.as_uri()},
            "position": {"line": line, "character": column},
        }

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            if "method" not in message:
                self._answers[message["id"]].put(message)
            elif message["method"] == "workspace/configuration":
                items = message["params"]["items"]
                result = [self._settings.get(item.get("section")) for item in items]
                self._send({"id": message["id"], "result": result})
            elif "id" in message:
                self._send({"id": message["id"], "result": None})
            elif message["method"] == "textDocument/publishDiagnostics":
                self._told.put(message)
