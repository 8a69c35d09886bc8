"""Print what is asked of models, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_json
from rtrade.core.timeframes import iso

if TYPE_CHECKING:
    from rtrade.llm.recordings import Imported
    from rtrade.llm.replies import Request
    from rtrade.workflow.analysing import Analysed
    from rtrade.workflow.exchanging import Exported
    from rtrade.workflow.prompting import Prompted

_FLAT = "the prompt sees the account: shown is the run's beginning, flat, with all the cash"


def show_prompt(found: Prompted, *, as_json: bool) -> None:
    """Print the messages of a decision point, each request of a vote with what is new in it."""
    if as_json:
        print_json(_prompt_document(found))
        return
    moments = f"at the bar {iso(found.time)}, asked at its close, {iso(found.close)}"
    click.echo(f"{found.signal} {moments}")
    click.echo(f"model: {found.provider.model} ({found.provider.name})")
    if found.in_run:
        click.echo(f"note: {_FLAT}")
    for place, request in enumerate(found.requests):
        click.echo()
        if len(found.requests) > 1:
            click.echo(f"vote {place + 1} of {len(found.requests)}")
        for line in _request_lines(found, place, request):
            click.echo(line)


def _request_lines(found: Prompted, place: int, request: Request) -> Iterator[str]:
    if found.keys is None or found.stored is None:
        yield "key: not known before `rtrade llm install`"
    else:
        row = found.stored[place]
        yield f"key: {found.keys[place]}"
        yield "answer: not stored" if row is None else f"answer: {_line(_said(row.answer))}"
    earlier = found.requests[:place]
    if any(one.messages == request.messages for one in earlier):
        yield "the same messages as before, with another seed"
        return
    for message in request.messages:
        yield f"--- {message.role}"
        yield message.content


def _prompt_document(found: Prompted) -> dict[str, Any]:
    first = found.requests[0]
    return {
        "signal": found.signal,
        "time": iso(found.time),
        "close": iso(found.close),
        "provider": found.provider.name,
        "model": found.provider.model,
        "schema": json.loads(first.schema),
        "sampling": dict(first.sampling),
        "account_of_the_beginning": found.in_run,
        "requests": [
            {
                "vote": request.vote,
                "key": None if found.keys is None else found.keys[place],
                "stored": None if found.stored is None else found.stored[place] is not None,
                "answer": _stored(found, place),
                "sampling": dict(request.sampling),
                "messages": [
                    {"role": one.role, "content": one.content} for one in request.messages
                ],
            }
            for place, request in enumerate(found.requests)
        ],
    }


def _stored(found: Prompted, place: int) -> str | None:
    row = None if found.stored is None else found.stored[place]
    return None if row is None else _said(row.answer)


def _said(answer: bytes) -> str:
    return answer.decode("utf-8", "replace")


def show_analysed(done: Analysed, *, as_json: bool, quiet: bool) -> None:
    """Print an analysis and how far it can be believed; or the document with its file."""
    if as_json:
        print_json({**done.document, "file": None if done.file is None else str(done.file)})
        return
    if done.file is None:
        click.echo(f"no valid answer: {_line(done.why)}", err=True)
    elif not quiet:
        for line in _analysis_lines(done.document):
            click.echo(line)
        click.echo(f"analysis: {done.file}")


def _analysis_lines(document: Mapping[str, Any]) -> Iterator[str]:
    from rtrade.report.analyses import caution

    found = document["analysis"]
    label = "  (SYNTHETIC DATA)" if document["synthetic"] else ""
    yield (
        f"{document['symbol']} {document['timeframe']} at {document['close_time']}: "
        f"{document['close']:,.8g}{label}"
    )
    yield f"trend           {found['trend']}"
    yield f"support         {found['support']:,.8g}  ({found['support_bps'] / 100:.2f} % below)"
    yield (
        f"resistance      {found['resistance']:,.8g}  ({found['resistance_bps'] / 100:.2f} % above)"
    )
    yield f"risk            {found['risk']}"
    yield f"recommendation  {found['recommendation']}, confidence {found['confidence']}"
    yield f"summary         {_line(found['summary'])}"
    yield f"by              {document['model']}: {caution(document)}"


def _line(text: str) -> str:
    """Return what a model says as one line without control characters."""
    from rtrade.llm.filters import clean

    return clean(text, 2_000)


def show_exported(done: Exported, *, as_json: bool, quiet: bool) -> None:
    """Print how many answers a recording holds, and how many it lacks."""
    if as_json:
        print_json({"file": str(done.file), "answers": done.answers, "missing": done.missing})
    elif not quiet:
        click.echo(f"{done.file}: {done.answers:,} answers")
        if done.missing:
            click.echo(f"not stored: {done.missing:,}; run the strategy, and export again")


def show_imported(done: Imported, *, as_json: bool, quiet: bool) -> None:
    """Print how many answers were new."""
    if as_json:
        print_json({"added": done.added, "present": done.present})
    elif not quiet:
        click.echo(f"{done.added:,} answers added, {done.present:,} there already")
