"""Decode a strategy document of the right shape: units resolved, relations checked.

Everything that is wrong is reported together, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.catalog.risk import RISK_RULES
from rtrade.catalog.sizing import SIZERS
from rtrade.config.decoding_llm import is_llm, llm_signals
from rtrade.config.definitions import (
    AlsoDef,
    BacktestDef,
    CostsDef,
    DataDef,
    Distance,
    ParamDef,
    RiskDef,
    RiskLevelsDef,
    RulesDef,
    SignalDef,
    SizingDef,
    StrategyDef,
)
from rtrade.config.document import Document, Path
from rtrade.config.formats import plain
from rtrade.config.origins import origins
from rtrade.config.params import Refusal, outside, taken
from rtrade.config.schema import CASH, COMMISSION, RULES, SLIPPAGE
from rtrade.config.validation import in_order
from rtrade.config.values import Values
from rtrade.core.diagnostics import Span
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import Timeframe, iso

_RISK: Mapping[str, Quantity] = {rule.name: rule for rule in RISK_RULES}


@dataclass(frozen=True)
class Given:
    """What the command line says that is no value of the file: all may be absent.

    `params` are values by name with their places, `last` a length in ms, `source` a name or path.
    """

    params: Mapping[str, tuple[Any, Span]] = field(default_factory=dict)
    source: str | None = None
    last: int | None = None


NOTHING = Given()


def decode_strategy(document: Document, given: Given = NOTHING) -> StrategyDef:
    """Return the definition in a document that has passed its schema; raise InvalidInput."""
    values = Values(document)
    data = _data(values, given)
    quote = data.symbol.partition("/")[2].partition(":")[0]
    definition = StrategyDef(
        name=values.get(("name",)),
        description=values.get(("description",)),
        data=data,
        params=_params(values, given),
        signals=_signals(values),
        rules=RulesDef(**{rule: values.expression(("rules", rule)) for rule in RULES}),
        sizing=_sizing(values, data.timeframe, quote),
        risk=_risk(values, data.timeframe),
        costs=_costs(values),
        backtest=BacktestDef(values.money(("backtest", "cash"), CASH, quote)),
        document=document,
        origins=origins(document, given.params, source=given.source, last=given.last),
        llm=llm_signals(values, data.timeframe),
    )
    if values.findings:
        raise InvalidInput(in_order(values.findings))
    return definition


def _data(values: Values, given: Given) -> DataDef:
    symbol = values.symbol(("data", "symbol"))
    timeframe = values.timeframe(("data", "timeframe"))
    if timeframe.months:
        message = f"a strategy cannot run on bars of {timeframe}: months differ in length"
        minutes = f"`{str(timeframe).lower()}` are minutes, `4w` is four weeks"
        advice = f"{minutes}; read months beside shorter bars, as a series of `also:`"
        values.find("RT029", ("data", "timeframe"), message, advice)
    start, end = values.time(("data", "start")), values.time(("data", "end"))
    if start is not None and end is not None and end <= start:
        message = f"`end` ({iso(end)}) is not after `start` ({iso(start)})"
        values.find("RT029", ("data", "end"), message, "`end` is the first moment left out")
    return DataDef(
        source=given.source or values.get(("data", "source")),
        symbol=symbol,
        timeframe=timeframe,
        start=start,
        end=end,
        last=given.last,
        also=tuple(
            _also(values, name, symbol, timeframe) for name in values.keys(("data", "also"))
        ),
    )


def _also(values: Values, name: str, symbol: str, timeframe: Timeframe) -> AlsoDef:
    path = ("data", "also", name)
    keys = values.keys(path)
    return AlsoDef(
        name=name,
        symbol=values.symbol((*path, "symbol")) if "symbol" in keys else symbol,
        timeframe=values.timeframe((*path, "timeframe")) if "timeframe" in keys else timeframe,
        span=values.document.key_span(path),
    )


def _params(values: Values, given: Given) -> tuple[ParamDef, ...]:
    return tuple(_param(values, name, given) for name in values.keys(("params",)))


def _param(values: Values, name: str, given: Given) -> ParamDef:
    path = ("params", name)
    declared: dict[str, Any] = values.get(path)
    whole = all(isinstance(number, int) for number in declared.values())
    numbers = {key: number if whole else float(number) for key, number in declared.items()}
    low, high, default = numbers.get("min"), numbers.get("max"), numbers["default"]
    if low is not None and high is not None and low > high:
        message = f"`min` ({plain(low)}) is above `max` ({plain(high)})"
        values.find("RT029", (*path, "min"), message, "exchange the two")
    elif problem := outside(default, low, high):
        message = f"`default` of `{name}` is {plain(default)}, {problem}"
        values.find("RT026", (*path, "default"), message, "change it, or the range")
    span = values.document.key_span(path)
    param = ParamDef(name, default, default, low, high, numbers.get("step"), span)
    return _set_param(values, param, *given.params[name]) if name in given.params else param


def _set_param(values: Values, param: ParamDef, given: Any, span: Span) -> ParamDef:
    value = taken(param, given)
    if isinstance(value, Refusal):
        values.find_at(value.code, span, value.message, value.help)
        return param
    return replace(param, value=value)


def _signals(values: Values) -> tuple[SignalDef, ...]:
    texts, document = values.document.texts, values.document
    return tuple(
        SignalDef(name, texts["signals", name], document.key_span(("signals", name)))
        for name in values.keys(("signals",))
        if not is_llm(values, name)
    )


def _sizing(values: Values, timeframe: Timeframe, quote: str) -> SizingDef:
    scale_by = values.expression(("sizing", "scale_by"))
    levels = _risk_levels(values)
    chosen = [sizer for sizer in SIZERS if sizer.name in values.keys(("sizing",))]
    if len(chosen) != 1:
        _refuse_sizers(values, [sizer.name for sizer in chosen])
        return SizingDef("equity", 1.0, scale_by=scale_by)
    sizer = chosen[0]
    path: Path = ("sizing", sizer.name)
    if not sizer.parameters:
        value = _size(values, path, sizer.value, quote)
        return SizingDef(sizer.name, value, scale_by=scale_by, risk_levels=levels)
    value = _size(values, (*path, sizer.value.name), sizer.value, quote)
    lookback = sizer.parameters[0]
    bars = values.bars((*path, lookback.name), lookback, timeframe)
    return SizingDef(sizer.name, value, bars or 0, scale_by, levels)


def _risk_levels(values: Values) -> RiskLevelsDef | None:
    path: Path = ("sizing", "risk_levels")
    signal = values.expression((*path, "signal"))
    if signal is None:
        return None
    given = values.get(path)
    return RiskLevelsDef(
        signal, tuple((name, float(given[name])) for name in given if name != "signal")
    )


def _size(values: Values, path: Path, declared: Quantity, quote: str) -> float:
    if declared.measure is Measure.FRACTION:
        return values.fraction(path, declared)
    if declared.measure is Measure.MONEY:
        return values.money(path, declared, quote)
    return values.amount(path, declared)


def _refuse_sizers(values: Values, chosen: list[str]) -> None:
    if not chosen:
        known = ", ".join(f"`{sizer.name}`" for sizer in SIZERS)
        message = "`sizing` does not say how much"
        values.find("RT022", ("sizing",), message, f"give it one of {known}", key=True)
        return
    given = [name for name in values.keys(("sizing",)) if name in chosen]
    message = f"`sizing` names {len(given)} ways: " + ", ".join(f"`{name}`" for name in given)
    help_text = "keep one of them"
    if any(_by_option(values, ("sizing", name)) for name in given):
        help_text = "replace the whole of it: `--set 'sizing={quote: 1000}'`"
    values.find("RT029", ("sizing", given[-1]), message, help_text, key=True)


def _by_option(values: Values, path: Path) -> bool:
    span = values.document.key_span(path)
    return span is not None and span.file != values.document.file


def _risk(values: Values, timeframe: Timeframe) -> RiskDef:
    def distance(name: str) -> Distance | None:
        return values.distance(("risk", name), _RISK[name])

    def bars(name: str) -> int | None:
        return values.bars(("risk", name), _RISK[name], timeframe)

    def fraction(name: str) -> float | None:
        path = ("risk", name)
        return None if values.get(path) is None else values.fraction(path, _RISK[name])

    return RiskDef(
        stop_loss=distance("stop_loss"),
        take_profit=distance("take_profit"),
        trailing_stop=distance("trailing_stop"),
        time_exit=bars("time_exit"),
        cooldown=bars("cooldown"),
        max_drawdown=fraction("max_drawdown"),
        daily_loss=fraction("daily_loss"),
    )


def _costs(values: Values) -> CostsDef:
    path: Path = ("costs", "commission")
    taker, maker = COMMISSION
    if isinstance(values.get(path), dict):
        fees = [values.fraction((*path, one.name), one) for one in (taker, maker)]
    else:
        fees = [values.fraction(path, taker)] * 2
    slippage = values.fraction(("costs", "slippage"), SLIPPAGE)
    return CostsDef(taker=fees[0], maker=fees[1], slippage=slippage)
