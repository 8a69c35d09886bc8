"""Make a workspace of the user's own: strategies, sources, schemas, editor settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from rtrade.core.errors import UsageError, WorldError
from rtrade.core.resources import data_folder

_GITIGNORE = """\
# Made by rtrade run; can be made again.
runs/
.rtrade/
# Keys belong into the environment, or here, but never into git.
.env
"""


def initialise(folder: Path, *, templates: bool = False) -> list[Path]:
    """Write a workspace into `folder` and return its files, sorted.

    Raises UsageError where the folder holds something already: nothing is ever overwritten.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"`{folder}` exists and is not an empty folder", hint="name a folder that is new"
        )
    kinds = ("strategies", "datasources", "schemas", *(("reports",) if templates else ()))
    try:
        for kind in kinds:
            shutil.copytree(
                data_folder(kind), folder / kind, ignore=shutil.ignore_patterns("__pycache__")
            )
        (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
        (folder / ".vscode").mkdir()
        for name, content in _EDITOR.items():
            text = json.dumps(content, indent=2) + "\n"
            (folder / ".vscode" / name).write_text(text, encoding="utf-8")
    except OSError as fault:
        raise WorldError(
            f"cannot write the workspace `{folder}`: {fault.strerror or fault}",
            hint="choose a folder that you may write to",
        ) from fault
    return sorted(path for path in folder.rglob("*") if path.is_file())


_EDITOR: dict[str, dict[str, object]] = {
    "settings.json": {
        "yaml.schemas": {
            "./schemas/strategy.schema.json": "strategies/*.yaml",
            "./schemas/datasource.schema.json": "datasources/*.yaml",
        },
        "yaml.yamlVersion": "1.2",
    },
    "extensions.json": {"recommendations": ["redhat.vscode-yaml"]},
}
