"""`rtrade llm analyze`: a dated analysis of the market by the model of a strategy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtrade.analysis.stored import ANALYSIS
from rtrade.config.llm_definitions import EnumField, IntegerField, TextField, VoteDef
from rtrade.config.overrides import Overrides
from rtrade.core.errors import LlmUnreachable, UsageError
from rtrade.core.timeframes import iso
from rtrade.workflow.consulting import consult
from rtrade.workflow.markets import FETCHED, Fetching
from rtrade.workflow.prompting import Inquiry, inquiry_of, named_run, open_inquiry
from rtrade.workflow.running import output_root

if TYPE_CHECKING:
    from rtrade.config.llm_definitions import AnswerField
    from rtrade.llm.decisions import Decision

# Distances are whole basis points of the last close: they mean the same with prices rebased.
_FARTHEST = 5_000
_BASIS_POINTS = 10_000
FIELDS: tuple[AnswerField, ...] = (
    EnumField("trend", ("up", "down", "sideways")),
    IntegerField("support", 0, _FARTHEST),
    IntegerField("resistance", 0, _FARTHEST),
    EnumField("risk", ("low", "medium", "high", "extreme")),
    EnumField("recommendation", ("buy", "hold", "sell")),
    IntegerField("confidence", 0, 100),
    TextField("summary", 160),
)
PROMPT = """\
You analyse a market for a trader. Judge by nothing but what stands here.
{{ symbol }}, bars of {{ timeframe }}: the last close is {{ close | num }}.
Over {{ bars | length }} bars: {{ stats.change | pct }}, highest {{ stats.high | num }}, \
lowest {{ stats.low | num }}, deviation per bar {{ stats.volatility | pct(2) }}, \
last volume {{ stats.volume_ratio | num(3) }} times the mean.
{% for name, value in signals.items() %}
{{ name }}: {{ value | words }}
{% endfor %}
Closes, the oldest first: {{ bars[-40:] | map(attribute="close") | map("num") | join(" ") }}
Answer with the trend, the distance of support below and of resistance above the last close in \
basis points (100 = 1 %), the risk, a recommendation, your confidence (0 to 100), and a summary of \
one sentence.
"""


@dataclass(frozen=True)
class Analysed:
    """An analysis as a document, and the file it is in; without one, `why` there is none."""

    document: Mapping[str, Any]
    file: Path | None
    why: str = ""


def analyse_market(
    name: str,
    overrides: Overrides,
    *,
    at: int | None = None,
    signal: str | None = None,
    output: Path | None = None,
    out: Path | None = None,
    fetching: Fetching = FETCHED,
) -> Analysed:
    """Ask a signal's model for an analysis at the close of a bar, and write it.

    `name` is a strategy file or a run; the bar is the last one of its range that opens at or
    before `at` (ms). `output` is the file; None: one in `analyses/` of the folder of runs. The
    analysis of a run goes into its folder and its report. Raises UsageError where no bar is that
    early, InvalidInput where a file is wrong, and WorldError where the world fails.
    """
    run = named_run(name, overrides, out)
    if run is None:
        inquiry = open_inquiry(Path(name), overrides, signal, fetching)
    else:
        inquiry = inquiry_of(run, signal)
    document, why = _asked(inquiry, _bar(inquiry, at), fetching)
    if why:
        return Analysed(document, None, why)
    folder = output_root(inquiry.compiled.workspace, out) / "analyses"
    file = output or (folder / _name(document) if run is None else run.folder / ANALYSIS)
    written = _written(file, document)
    if run is not None and output is None:
        from rtrade.workflow.reporting import write_report

        write_report(run.folder)
    return Analysed(document, written)


def _asked(inquiry: Inquiry, index: int, fetching: Fetching) -> tuple[dict[str, Any], str]:
    """Return the analysis at a bar as a document; or, without one, why there is none."""
    asked = inquiry.asking(_definition(inquiry), _template(inquiry))
    questions = asked.questions([index], weights=inquiry.weights())
    decision = consult(asked, questions, fetching).decisions[0]
    if decision.votes[0].reply is None:
        raise LlmUnreachable(
            f"`{asked.provider.name}` gave no reply: {decision.why}",
            hint="is it running, and is `base_url` of the source right?",
        )
    return _document(asked, index, decision), "" if decision.answer else decision.why


def _bar(inquiry: Inquiry, at: int | None) -> int:
    base, first = inquiry.market.base, inquiry.market.first
    last = len(base) - 1 if at is None else int(base.time.searchsorted(at, side="right")) - 1
    if last < first:
        raise UsageError(
            f"the range has no bar at or before {iso(at or 0)}: it begins at "
            f"{iso(int(base.time[first]))}",
            hint="begin earlier with `--start`",
        )
    return last


def _definition(inquiry: Inquiry) -> Any:
    return replace(inquiry.definition, answer=FIELDS, examples=(), vote=VoteDef())


def _template(inquiry: Inquiry) -> Any:
    from rtrade.llm.names import known_names
    from rtrade.llm.templates import parse_template

    plan = inquiry.compiled.plan
    known = known_names(plan.known_before_asking(), [need.name for need in plan.needs[1:]])
    return parse_template(PROMPT, "the prompt of analyses", known)


def _document(inquiry: Inquiry, index: int, decision: Decision) -> dict[str, Any]:
    market, provider = inquiry.market, inquiry.provider
    time, close = int(market.base.time[index]), float(market.base.close[index])
    cutoff = provider.knowledge_cutoff
    document: dict[str, Any] = {
        "strategy": inquiry.compiled.plan.name,
        "signal": inquiry.definition.name,
        "source": market.source,
        "synthetic": market.synthetic,
        "symbol": market.base.symbol,
        "timeframe": str(market.base.timeframe),
        "time": iso(time),
        "close_time": iso(market.base.timeframe.close(time)),
        "close": close,
        "provider": provider.name,
        "model": provider.model,
        "demonstration": provider.engine == "local",
        "knowledge_cutoff": None if cutoff is None else iso(cutoff),
        "before_cutoff": None if cutoff is None else time < cutoff,
        "anonymized": inquiry.definition.anonymize,
        "key": decision.votes[0].request.key,
    }
    if decision.answer is None:
        return document | {"analysis": None, "why": decision.why}
    return document | {"analysis": _analysis(dict(decision.answer.values), close)}


def _analysis(values: dict[str, Any], close: float) -> dict[str, Any]:
    """Return an answer with the levels as prices, beside their distances in basis points."""
    below, above = values["support"], values["resistance"]
    return {
        **values,
        "support": _rounded(close * (1 - below / _BASIS_POINTS)),
        "support_bps": below,
        "resistance": _rounded(close * (1 + above / _BASIS_POINTS)),
        "resistance_bps": above,
    }


def _rounded(price: float) -> float:
    return float(f"{price:.8g}")


def _name(document: Mapping[str, Any]) -> str:
    moment = str(document["close_time"]).replace("-", "").replace(":", "")
    return f"{document['strategy']}-{document['signal']}-{moment}.json"


def _written(file: Path, document: Mapping[str, Any]) -> Path:
    from rtrade.analysis.record import to_json
    from rtrade.analysis.run_folder import replace_file

    return replace_file(file.parent, file.name, to_json(dict(document))).resolve()
