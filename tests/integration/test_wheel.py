"""The wheel: complete, installable into an empty environment, usable outside the checkout."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parents[2]
DATA_FOLDERS = ("strategies", "reports", "schemas", "datasources")


def call(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "RTRADE_")) and name != "VIRTUAL_ENV"
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the files that git tracks (and those about to be added)."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in tracked():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder,
         source, cwd=folder)  # fmt: skip
    return next(folder.glob("*.whl"))


def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def test_wheel_holds_every_file_of_the_data_folders(wheel: Path) -> None:
    shipped = {
        name.removeprefix("rtrade/_data/")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith("rtrade/_data/")
    }
    expected = {name for name in tracked() if name.split("/")[0] in DATA_FOLDERS}
    assert shipped == expected


def test_wheel_holds_every_module_and_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        name.removeprefix("framework/")
        for name in tracked()
        if name.startswith("framework/") and name.endswith((".py", "py.typed"))
    }
    assert modules <= names
    licences = [name for name in names if ".dist-info/licenses/" in name]
    assert any(name.endswith("licenses/LICENSE") for name in licences)
    assert any(name.endswith("NOTICE") for name in licences)


def test_setup_lists_every_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = {line for line in setup["options"]["packages"].split() if "._data." not in line}
    assert listed == set(find_packages(str(ROOT / "framework")))


def test_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    call(scripts / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    call(scripts / "rtrade", "init", "my-workspace", cwd=tmp_path)
    workspace = tmp_path / "my-workspace"
    done = call(scripts / "rtrade", "run", "strategies/sma_btc.yaml", "--json", cwd=workspace)
    document = json.loads(done.stdout)
    report = Path(document["report"])
    assert report.is_file()
    assert report.is_relative_to(workspace.resolve() / "runs" / document["run_id"])
    assert document["metrics"]["trades"] > 0
    call(scripts / "rtrade", "doctor", cwd=workspace)
