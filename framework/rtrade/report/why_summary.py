"""One line on a bar of a run: what was done, and why; and a sentence on what came of each rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtrade.analysis.why import TRUE, UNKNOWN, Condition, RuleWhy, Why
from rtrade.analysis.why_conditions import because, missing
from rtrade.report import why_words as words
from rtrade.report.refusals import SENTENCES

SIDE = {"enter_long": "long", "exit_long": "long", "enter_short": "short", "exit_short": "short"}


def summary(why: Why) -> str:
    """Say in one line what was done at a bar, and why."""
    return " ".join([*_levels_reached(why), _main(why)])


def _levels_reached(why: Why) -> Iterator[str]:
    for one in why.fills:
        if one.level is not None:
            kind = "Target reached" if one.reason == "take_profit" else "Stopped"
            sold = "sold" if one.direction == "sell" else "bought back"
            yield (
                f"{kind} in the bar of {one.time}: {sold} {words.size(one.size)} at "
                f"{words.price(one.price)} ({one.reason} of {words.price(one.level)})."
            )


def _main(why: Why) -> str:
    decision, held = why.decision, why.position
    if decision.entry and not decision.refused:
        begun = f"{decision.entry.removeprefix('enter_').capitalize()} entry at {why.at}"
        if decision.exit:
            begun += " after leaving the position"
        return f"{begun}: {_true(why, decision.entry)}{_filled(why)}."
    if decision.exit:
        assert held is not None
        begun = f"{held.side.capitalize()} exit at {why.at}"
        return f"{begun}: {_left(why)}{_filled(why)}."
    begun = (
        f"No entry at {why.at}" if held is None else f"{held.side.capitalize()} kept at {why.at}"
    )
    said = list(_not_acting(why))
    return f"{begun}: {'; '.join(said)}." if said else f"{begun}: {_quiet(why)}."


def _rule(why: Why, name: str) -> RuleWhy:
    return next(rule for rule in why.rules if rule.name == name)


def _true(why: Why, name: str) -> str:
    condition = _rule(why, name).condition
    assert condition is not None
    said = [words.sentence(words.spelled(leaf)) for leaf in because(condition)]
    return f"`{name}` was true: {_first(said)}"


def _first(said: list[str]) -> str:
    """Return the first of several sentences and how many more there are."""
    told = [one for one in said if one]
    if not told:
        return "it holds"
    return told[0] if len(told) == 1 else f"{told[0]} (and {len(told) - 1} more)"


def _left(why: Why) -> str:
    decision, held = why.decision, why.position
    assert held is not None
    if decision.exit == "rule":
        return _true(why, f"exit_{held.side}")
    return exits(why)[decision.exit]


def exits(why: Why) -> Mapping[str, str]:
    """Say why a position leaves that no rule of its own closes, by the name of the reason."""
    held, account = why.position, why.account
    bars = 0 if held is None else held.bars
    limit = words.percent(account.max_drawdown or 0.0)
    return {
        "ruin": "equity fell to 0 or below, which ends trading",
        "max_drawdown": f"max_drawdown of {limit} ends trading: equity is "
        f"{words.percent(account.drawdown)} below its peak of {words.money(account.peak)}",
        "time_exit": f"time_exit: it was held for {bars:,} bar{'s' if bars != 1 else ''}",
    }


def _filled(why: Why) -> str:
    """Say what was filled at the next open."""
    done = [
        f"{'bought' if one.direction == 'buy' else 'sold'} {words.size(one.size)} at "
        f"{words.price(one.price)}"
        for one in why.next
    ]
    return f"; {' and '.join(done)} at the next open" if done else ""


def _not_acting(why: Why) -> Iterator[str]:
    """Yield why none of the rules acted that could have: entries while flat, else the exit."""
    if why.decision.refused:
        yield refusal(why)
        return
    held = why.position
    wanted = ["enter_long", "enter_short"] if held is None else [f"exit_{held.side}"]
    for rule in (_rule(why, name) for name in wanted):
        if rule.condition is None:
            continue
        if rule.state == TRUE:
            yield f"`{rule.name}` was true, but {_lowered(effect(rule, why)).rstrip('.')}"
            continue
        if rule.state == UNKNOWN:
            verb, leaves = "was unknown", because(rule.condition)
        else:
            verb, leaves = "failed", missing(rule.condition)
        yield f"`{rule.name}` {verb}: {_first([_lacking(leaf) for leaf in leaves])}"


def _lacking(leaf: Condition) -> str:
    return words.lacking(words.spelled(leaf)) or f"`{leaf.text}` was {leaf.state}"


def refusal(why: Why) -> str:
    """Say that an entry was refused, and why."""
    true = [f"`{one.name}`" for one in why.rules if one.effect == "refused"]
    verb = "was" if len(true) == 1 else "were"
    said = _lowered(SENTENCES[why.decision.refused]).rstrip(".")
    detail = _refusal_detail(why)
    return (
        f"{' and '.join(true)} {verb} true, but refused as {why.decision.refused}: "
        f"{said}{f' ({detail})' if detail else ''}"
    )


def _refusal_detail(why: Why) -> str:
    account, decision = why.account, why.decision
    match decision.refused:
        case "cooldown":
            left = account.cooldown_left
            return f"refused at {left:,} close{'s' if left != 1 else ''} from this one on"
        case "daily_loss":
            return (
                f"limit {words.percent(account.daily_loss or 0.0)}, reference "
                f"{words.money(account.day_reference)}, equity {words.money(account.equity)}"
            )
        case "max_drawdown":
            return f"limit {words.percent(account.max_drawdown or 0.0)}"
        case "warming_up":
            return ", ".join(decision.waiting)
        case "below_minimum":
            least = decision.minimum
            return "" if least is None else f"the least is {words.money(least)}"
    return ""


def _quiet(why: Why) -> str:
    if why.position is None:
        return "there is no entry rule"
    levels = [words.level(one) for one in why.position.levels if one.counts]
    return f"`exit_{why.position.side}` is not there; " + (", ".join(levels) or "no level is set")


def effect(rule: RuleWhy, why: Why) -> str:
    """Say what came of a rule at this close, in a sentence."""
    decision, held = why.decision, why.position
    side = SIDE[rule.name]
    if rule.condition is None:
        return "The strategy has no such rule."
    if rule.effect == "nothing":
        return "What is not known does not act." if rule.state == UNKNOWN else "It does not act."
    if not decision.carried:
        return "It is the run's last close: decisions at it are not carried out."
    if rule.effect == "refused":
        return f"Refused: {SENTENCES[decision.refused]}"
    if rule.effect == "acts":
        if rule.name.startswith("exit_"):
            return "The position leaves at the next open."
        return f"A {side} position is entered at the next open."
    if rule.name.startswith("enter_"):
        return f"{side.capitalize()} is held already."
    if held is None or held.side != side:
        return f"There is no {side} position to leave."
    return f"The position leaves anyway, by {decision.exit}."


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
