"""Nothing in these tests may reach beyond this machine."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTRADE_LOOPBACK", "1")
    monkeypatch.delenv("DATABASE_URL", raising=False)
