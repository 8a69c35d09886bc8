"""Print what workflow hands over: results, findings, explanations, checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rtrade.core.codes import Code
    from rtrade.plan.explain import Explanation
    from rtrade.workflow.cataloguing import Card
    from rtrade.workflow.diagnosing import Check
    from rtrade.workflow.running import RunOutcome


def show_run(outcome: RunOutcome, *, as_json: bool, quiet: bool) -> None:
    """Print the metrics beside buy and hold, the warnings, and where the report is."""
    document = outcome.document
    if as_json:
        print_json({**document, "report": str(outcome.report)})
        return
    if quiet:
        return
    from rtrade.catalog.metrics import METRICS
    from rtrade.report.formatting import format_metric

    data = document["data"]
    label = "  (SYNTHETIC DATA)" if data["synthetic"] else ""
    title = f"{document['strategy']}: {data['symbol']} {data['timeframe']}, "
    title += f"{data['start']} to {data['end']}, {data['bars']:,} bars{label}"
    rows = [
        (metric.title, format_metric(metric, document["metrics"][metric.name]))
        for metric in METRICS
    ]
    print_table(title, ("metric", "value"), rows)
    if "llm" in document:
        click.echo(_asked(document["llm"]))
    if "verified" in document:
        click.echo(_verified(document["verified"]))
    if document["refused"]:
        refused = ", ".join(f"{reason} {count:,}" for reason, count in document["refused"].items())
        click.echo(f"entries refused: {refused}")
    for warning in document["warnings"]:
        click.echo(f"warning: {warning}")
    for line in _diagnoses(document["diagnoses"]):
        click.echo(line)
    click.echo(f"report: {outcome.report}")


def _diagnoses(diagnoses: Sequence[Mapping[str, str]]) -> list[str]:
    """Return a line for each diagnosis that may undo a result, and one that names the others."""
    lines = [
        f"diagnosis[{one['code']}]: {one['title']}. {one['reason']}"
        for one in diagnoses
        if one["severity"] == "high"
    ]
    others = [f"{one['code']} {one['title']}" for one in diagnoses if one["severity"] == "medium"]
    if light := len(diagnoses) - len(lines) - len(others):
        others.append(f"{light} that {'is' if light == 1 else 'are'} good to know")
    return [*lines, *([f"diagnosed too: {', '.join(others)}"] if others else [])]


def _verified(verified: Mapping[str, Any]) -> str:
    """Return a line on the engine that was asked too; what differs is in the warnings."""
    from rtrade.analysis.verification import sentence_of

    if verified["equal"]:
        return f"verified: {sentence_of(verified)}"
    return "NOT VERIFIED: the engines differ, so this result cannot be believed"


def _asked(llm: Mapping[str, Any]) -> str:
    """Return a line on the models that were asked, and on what it took this time."""
    cost = "unknown" if llm["cost_usd"] is None else f"{llm['cost_usd']:.4f} USD"
    tokens = llm["prompt_tokens"] + llm["completion_tokens"]
    return (
        f"{llm['provider']} ({llm['model']}): {llm['decisions']:,} decisions, {llm['cached']:,} "
        f"stored before, {llm['abstained']:,} abstained; {llm['calls']:,} calls, {tokens:,} "
        f"tokens, {cost}"
    )


def show_explanation(explanation: Explanation, *, as_json: bool) -> None:
    """Print an explanation."""
    if as_json:
        print_json(explanation.as_dict())
    else:
        click.echo(explanation.as_text())


def show_code(code: Code, *, as_json: bool) -> None:
    """Print what a finding code means."""
    if as_json:
        print_json(asdict(code))
    else:
        click.echo(f"{code.code}: {code.title}\n\n{code.doc}")


def show_workspace(folder: Path, files: Sequence[Path], *, as_json: bool, quiet: bool) -> None:
    """Print what a new workspace holds and the next command."""
    if as_json:
        print_json({"folder": str(folder.resolve()), "files": [str(path) for path in files]})
    elif not quiet:
        click.echo(f"{folder}: {len(files)} files")
        click.echo(f"next: cd {folder} && rtrade run strategies/sma_btc.yaml")


def show_new(path: Path, *, as_json: bool, quiet: bool) -> None:
    """Print where a new strategy is and the next command."""
    if as_json:
        print_json({"file": str(path.resolve())})
    elif not quiet:
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"{shown}: edit it, then")
        click.echo(f"next: rtrade run {shown}")


def show_cards(shown: Sequence[Card], *, single: bool, as_json: bool) -> None:
    """Print one entry of the catalog in full, or all of them a line each."""
    from rtrade.workflow.cataloguing import as_text, drawn

    if as_json:
        print_json(asdict(shown[0]) if single else [asdict(one) for one in shown])
    elif single:
        click.echo(as_text(shown[0]))
        click.echo()
        for line in drawn(shown[0].name):
            click.echo(line)
    else:
        width = max(len(one.example) for one in shown)
        for group, members in groupby(shown, key=lambda one: one.group):
            click.echo(group)
            for one in members:
                click.echo(f"  {one.example.ljust(width)}  {one.doc}")


def show_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print what doctor saw, a line each, with a hint where something is wrong."""
    if as_json:
        ok = all(check.ok for check in checks)
        print_json({"ok": ok, "checks": [asdict(check) for check in checks]})
        return
    for check in checks:
        click.echo(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.seen}")
        if not check.ok and check.hint:
            click.echo(f"     help: {check.hint}")
