"""Read the folder of a run back: its result, its curves, its strategy, and how it was started."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rtrade.analysis.llm_decisions import DecisionRecord, read_lines
from rtrade.analysis.record import EQUITY_COLUMNS
from rtrade.analysis.schema import result_schema
from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.errors import UsageError, WorldError

Read = TypeVar("Read")

# A model's analysis of the market at a bar of the run, where one was asked for.
ANALYSIS = "analysis.json"
_SHOWN = 8


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run as its folder has it; arrays hold a value per close, `time` is of the bars' opens (ms).

    `document` is result.json, `plan` is plan.json, `lock` is run.lock, `strategy_yaml` the file as
    it was run. Where models were asked, `decisions` is decisions.jsonl and `prompts` prompts.json:
    the texts of the prompts by the path that the strategy names. `analysis` is analysis.json, which
    a model was asked for afterwards.
    """

    folder: Path
    document: Mapping[str, Any]
    plan: Mapping[str, Any]
    lock: Mapping[str, Any]
    strategy_yaml: str
    time: IntArray
    equity: FloatArray
    position: FloatArray
    benchmark: FloatArray
    decisions: tuple[DecisionRecord, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    analysis: Mapping[str, Any] | None = None

    @property
    def run_id(self) -> str:
        """The run's id, as in its result."""
        return str(self.document["run_id"])


def find_run(name: str, root: Path) -> Path:
    """Return the folder that `name` means: a path, or the beginning of an id in `root`.

    Raises UsageError where there is none, or more than one.
    """
    if (Path(name) / "result.json").is_file():
        return Path(name).resolve()
    known = _runs(root)
    found = [path for path in known if path.name.startswith(name)] if name else []
    exact = [path for path in found if path.name == name]
    if len(found) == 1 or exact:
        return (exact or found)[0].resolve()
    if found:
        raise UsageError(
            f"`{name}` begins the ids of {len(found)} runs: {_listed(found)}",
            hint="write more of the one that you mean",
        )
    there = f"there are {_listed(known)}" if known else "there are none yet"
    raise UsageError(
        f"no run `{name}` in {root}", hint=f"{there}; a path to a run's folder is fine"
    )


def _runs(root: Path) -> list[Path]:
    """Return the folders of runs in `root`, the last one written first."""
    if not root.is_dir():
        return []
    results = [(path, path / "result.json") for path in root.iterdir() if path.name[0] != "."]
    found = [(file.stat().st_mtime, path) for path, file in results if file.is_file()]
    return [path for _, path in sorted(found, key=lambda pair: (-pair[0], pair[1].name))]


def _listed(runs: list[Path]) -> str:
    names = ", ".join(f"`{path.name}`" for path in runs[:_SHOWN])
    return names if len(runs) <= _SHOWN else f"{names} and {len(runs) - _SHOWN} more"


def read_run(folder: Path) -> StoredRun:
    """Read the folder of a run; raise WorldError where a file is missing or not what it must be."""
    document = _read(folder, "result.json", _result)
    asked = "llm" in document
    columns = _read(folder, "equity.csv", lambda text: _curves(text, document["data"]["bars"]))
    return StoredRun(
        folder=folder,
        document=document,
        plan=_read(folder, "plan.json", _mapping),
        lock=_read(folder, "run.lock", _mapping),
        strategy_yaml=_read(folder, "strategy.yaml", str),
        time=columns[0].astype("datetime64[ms]").astype(np.int64),
        **dict(zip(EQUITY_COLUMNS[1:], columns[1:], strict=True)),
        decisions=_read(folder, "decisions.jsonl", read_lines) if asked else (),
        prompts=_read(folder, "prompts.json", _texts) if asked else {},
        analysis=_read(folder, ANALYSIS, _analysis) if (folder / ANALYSIS).is_file() else None,
    )


def _read(folder: Path, name: str, understand: Callable[[str], Read]) -> Read:
    path = folder / name
    try:
        return understand(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorldError(
            f"cannot read {path}: {error.strerror or error}",
            hint="a run's folder holds result.json, equity.csv, plan.json, strategy.yaml, run.lock",
        ) from error
    except ValueError as error:
        raise WorldError(
            f"{path} is not what a run writes: {_short(str(error))}",
            hint="it may have been changed by hand; run the strategy again",
        ) from error


def _short(text: str) -> str:
    line = text.splitlines()[0] if text else "not understood"
    return line if len(line) <= 200 else f"{line[:197]}..."


def _result(text: str) -> Mapping[str, Any]:
    from jsonschema import Draft7Validator

    document = _mapping(text)
    error = next(iter(Draft7Validator(result_schema()).iter_errors(document)), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "the document"
        raise ValueError(f"{place}: {error.message}")
    return document


def _analysis(text: str) -> Mapping[str, Any]:
    document = _mapping(text)
    wrong = [name for name, kind in _ANALYSIS.items() if not isinstance(document.get(name), kind)]
    found = document.get("analysis")
    answers = found if isinstance(found, dict) else {}
    wrong += [name for name, kind in _ANSWERS.items() if not isinstance(answers.get(name), kind)]
    if wrong:
        raise ValueError(f"`{wrong[0]}` is missing, or of another kind")
    return document


_ANALYSIS: Mapping[str, Any] = {
    "close_time": str,
    "close": float,
    "model": str,
    "provider": str,
    "demonstration": bool,
    "before_cutoff": bool | None,
    "knowledge_cutoff": str | None,
}
_ANSWERS: Mapping[str, Any] = {
    "trend": str,
    "support": float,
    "support_bps": int,
    "resistance": float,
    "resistance_bps": int,
    "risk": str,
    "recommendation": str,
    "confidence": int,
    "summary": str,
}


def _mapping(text: str) -> Mapping[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not a mapping")  # noqa: TRY004  # what is wrong is the file's value
    return document


def _texts(text: str) -> Mapping[str, str]:
    found = _mapping(text)
    if not all(isinstance(one, str) for one in found.values()):
        raise ValueError("not a mapping of texts")
    return found


def _curves(text: str, count: int) -> list[Any]:
    header, *lines = text.splitlines()
    if tuple(header.split(",")) != tuple(EQUITY_COLUMNS):
        raise ValueError(f"the columns are not {','.join(EQUITY_COLUMNS)}")
    rows = [line.split(",") for line in lines]
    if len(rows) != count or any(len(row) != len(EQUITY_COLUMNS) for row in rows):
        raise ValueError(f"not {count} rows of {len(EQUITY_COLUMNS)} cells")
    times, *numbers = zip(*rows, strict=True) if rows else [()] * len(EQUITY_COLUMNS)
    moments = np.array([text.removesuffix("Z") for text in times], dtype="datetime64[ms]")
    return [moments, *(np.array(column, dtype=np.float64) for column in numbers)]
