"""compose.yaml: what can be said of it without Docker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rtrade.store.addresses import read_address

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_rtrade_waits_for_a_healthy_server_that_it_can_reach(services: dict[str, Any]) -> None:
    server, client = services["postgres"], services["rtrade"]
    assert client["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert server["healthcheck"]["test"][1] == "pg_isready"
    address = read_address(client["environment"]["DATABASE_URL"], ROOT)
    url = address.url
    assert (url.host, url.port) == ("postgres", 5432)
    assert (url.username, url.database) == (
        server["environment"]["POSTGRES_USER"], server["environment"]["POSTGRES_DB"],
    )  # fmt: skip


def test_no_password_is_written_down_and_no_port_is_opened(services: dict[str, Any]) -> None:
    passwords = [
        value
        for service in services.values()
        for name, value in service["environment"].items()
        if "PASSWORD" in name
    ]
    assert len(passwords) == 2
    assert all(re.fullmatch(r"\$\{POSTGRES_PASSWORD:\?[^}]+\}", value) for value in passwords)
    assert all("ports" not in service for service in services.values())


def test_volumes_are_declared_and_the_image_has_what_a_wheel_needs(
    services: dict[str, Any],
) -> None:
    whole = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    used = {volume.split(":")[0] for one in services.values() for volume in one["volumes"]}
    assert used == set(whole["volumes"])
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert kept >= {"framework", "schemas", "reports", "strategies", "datasources", "setup.cfg"}
    assert all((ROOT / name).exists() for name in kept)


def test_compiled_kernels_outlive_the_container(services: dict[str, Any]) -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (cache,) = [line.partition("=")[2] for line in lines if line.startswith("ENV RTRADE_CACHE=")]
    (volume,) = [line.split()[1] for line in lines if line.startswith("VOLUME ")]
    assert Path(cache).is_relative_to(volume)
    assert services["rtrade"]["volumes"] == [f"workspace:{volume}"]
