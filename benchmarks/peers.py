"""Single runs side by side with peers: one strategy, the same bars, each peer at its own best.

Each peer is installed, pinned, into an environment of its own (`environments.py`) and run by a
script of `peers/`, in a new process every round. The bars are in memory in the form that the peer
wants; measured is from there to statistics and trades.

    python benchmarks/peers.py [--bars 525600] [--rounds 3] [--envs DIR] [--skip NAME] [--write]

Where rtrade's two engines, or rtrade and backtrader at a fixed size, do not make the same fills to
the bit, it says so and ends with 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bars import YEAR_OF_MINUTES, save, synthetic
from environments import PEERS, RTRADE, default_folder, import_seconds, python_of, run_script
from results import circumstances, figure, table, write

BY_HAND, OURS, COMPILED = "backtrader, by hand", "rtrade on backtrader", "rtrade, compiled"
HEAVY = ("--fast", 20, "--slow", 50)
LIGHT = ("--fast", 400, "--slow", 1000)
LEVELS = (*HEAVY, "--stop", 0.004, "--target", 0.008, "--trail", 0.006)
FIXED = (*HEAVY, "--units", 0.01)


@dataclass(frozen=True)
class Entrant:
    """A way to run the strategy; `calls` in each process, over `share` of the bars."""

    label: str
    peer: str
    calls: int = 1
    engine: str = ""
    share: float = 1.0


ALL = (
    Entrant(COMPILED, RTRADE, 7, "compiled"),
    Entrant(OURS, RTRADE, 3, "backtrader"),
    Entrant(BY_HAND, "backtrader"),
    Entrant("backtesting.py", "backtesting", 3),
    Entrant("vectorbt, warm", "vectorbt", 7),
    Entrant("vectorbt, `records_readable`", "vectorbt", 3, "readable"),
    Entrant("nautilus_trader", "nautilus"),
    Entrant("freqtrade", "freqtrade"),
    Entrant("bt", "bt"),
    Entrant("zipline-reloaded", "zipline", share=0.2),
)
# backtrader adds up a thousand closes in every bar here: fewer bars, counted per bar.
THIN = (*ALL[:2], Entrant(BY_HAND, "backtrader", share=0.2))
Rounds = dict[str, list[dict]]


class Contest:
    """Rounds of some entrants over the same bars, in turns, so that a busy minute hits all."""

    def __init__(self, file: Path, bars: int, envs: Path) -> None:
        self.file, self.bars, self.envs = file, bars, envs

    def run(self, entrants: tuple[Entrant, ...], settings: tuple, rounds: int) -> Rounds:
        found: Rounds = {one.label: [] for one in entrants}
        for turn in range(rounds):
            for one in entrants:
                print(f"round {turn + 1} of {rounds}: {one.label}", file=sys.stderr)
                found[one.label].append(self._once(one, settings))
        return found

    def _once(self, one: Entrant, settings: tuple) -> dict:
        count = int(self.bars * one.share)
        how = ("--count", count, "--calls", one.calls, *settings)
        engine = ("--engine", one.engine) if one.engine else ()
        python = python_of(one.peer, self.envs)
        return run_script(python, one.peer, self.file, *how, *engine)


def median(rounds: list[dict], name: str) -> float:
    return statistics.median(one[name] for one in rounds)


def per_bar(one: dict) -> float:
    return one["cpu"] / one["bars"]


def ratio(found: Rounds, label: str, base: str) -> str:
    """Return how many times as long as `base` it takes for a bar, round by round."""
    if base not in found:
        return ""
    pairs = zip(found[label], found[base], strict=True)
    return figure(statistics.median(per_bar(one) / per_bar(other) for one, other in pairs))


def differing(found: Rounds, labels: tuple[str, ...]) -> bool:
    """Tell whether entrants made different fills, of those that took part over the same bars."""
    here = [found[label][0] for label in labels if label in found]
    return len({(one["digest"], one["equity"]) for one in here}) > 1


def rows(found: Rounds) -> list[list[str]]:
    """Return what all tables show of an entrant."""
    lines = []
    for label, rounds in found.items():
        cpu, wall, bars = (median(rounds, name) for name in ("cpu", "wall", "bars"))
        lines.append([
            label, f"{bars:,.0f}", figure(cpu), figure(wall), figure(bars / cpu),
            ratio(found, label, OURS), ratio(found, label, COMPILED),
            f"{rounds[0]['trades']:,}", f"{rounds[0]['equity']:.6f}",
        ])  # fmt: skip
    return lines


HEADER = ("", "bars", "CPU s", "wall s", "bars/s", "x rtrade on backtrader", "x compiled", "trades",
          "final equity")  # fmt: skip


def around(found: Rounds, entrants: tuple[Entrant, ...], envs: Path) -> str:
    """Return a table of what a process of each entrant takes besides the run."""
    imports = {
        peer: import_seconds(peer, python_of(peer, envs), 5)
        for peer in dict.fromkeys(one.peer for one in entrants)
    }
    lines = []
    for one in entrants:
        rounds = found[one.label]
        bar, size, price = rounds[0]["first_fill"]
        lines.append([
            one.label, figure(imports[one.peer]), figure(median(rounds, "first_call")),
            figure(median(rounds, "peak_mib")), f"{bar}", f"{size:.8f}", f"{price:.2f}",
        ])  # fmt: skip
    header = ("", "import s", "first call s", "peak MiB", "first fill: bar", "size", "price")
    return table(header, lines)


def section(heavy: Rounds, light: Rounds, levels: Rounds, besides: str, same: str) -> str:
    rounds = len(heavy[OURS])
    pins = ", ".join(pin.replace("==", " ") for pins in PEERS.values() for pin in pins[:1])
    return TEXT.format(
        circumstances=circumstances(rounds),
        pins=pins,
        heavy=table(HEADER, rows(heavy)),
        light=table(HEADER, rows(light)),
        levels=table(HEADER, rows(levels)),
        besides=besides,
        same=same,
    )


TEXT = """
## Single runs: `benchmarks/peers.py`

{circumstances}
{pins}.

One-minute bars, a random walk from a fixed seed. Long from a cross of SMA 20 above SMA 50 to a
cross below, 95 % of the cash, at the next open, commission 0.1 %, fractional sizes, cash of 10^9: a
fill every 45 bars, which at 0.2 % a round trip costs nearly all of it. What is measured goes from
bars in memory, in the form that the peer wants, to trades and statistics: rtrade evaluates the
signals, runs, and measures all its metrics; vectorbt makes `stats()` and its trade records with
times (its `records_readable` in a row of its own); backtesting.py's `run()` has both; nautilus
makes its reports of account, fills and positions, freqtrade its statistics, zipline its frame of
results, over a fifth of the bars; by hand, backtrader has the final value and a list of its trades,
bt the values and transactions: both without statistics. "x" says how many times as long as rtrade
it takes for a bar.

{heavy}

What a process pays besides: importing, and the first call (on 5,000 bars) beyond what the same call
takes again, which is compiling or loading compiled code; and the first fill of the run.

{besides}

**A fill every 870 bars** (SMA 400/1000). backtrader by hand runs over a fifth of the bars, and is
counted per bar.

{light}

**With a stop-loss of 0.4 %, a take-profit of 0.8 % and a trailing stop of 0.6 %.** By hand these
are a Stop, a Limit and a StopTrail that cancel each other, placed at the close after the entry.

{levels}

Do they agree?

{same}
- rtrade, backtesting.py, vectorbt and bt size on the price of the fill, commission included: the
  same trades, and final equity equal to eight digits and more where a hundred-thousandth of the
  cash is left. rtrade rounds sizes down to lots of 1e-8.
- backtrader's sizer takes 95 % of the cash over the close that decided, and freqtrade 95 % over the
  price of the fill, both with nothing off for commission: sizes differ by a tenth of a percent, the
  bars and prices of fills do not.
- nautilus fills a market order at the close of the bar that decided it, there being no finer data,
  and its commission is rounded to the currency's digits: one bar earlier, the same crossings.
- bt has one price a bar; it is given opens, and the averages of closes from outside.
- zipline fills at the close of the next bar, in whole shares.
- By hand, protective orders work from the bar after the close that placed them, the trailing stop
  follows from there, and two of them touched in one bar fill in the order in which they were
  placed; rtrade's work from the entry bar on (`docs/fill-rules.md`). So those fills differ.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=YEAR_OF_MINUTES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=default_folder())
    parser.add_argument("--skip", action="append", default=[], help="an entrant to leave out")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    asked = parser.parse_args()
    entrants = tuple(one for one in ALL if one.label not in asked.skip)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "bars.npy"
        save(synthetic(asked.bars), file)
        contest = Contest(file, asked.bars, asked.envs)
        kin = tuple(one for one in entrants if one.label in (COMPILED, OURS, BY_HAND))
        thin = tuple(one for one in THIN if one.label not in asked.skip)
        fixed = contest.run(kin, FIXED, 1)
        heavy = contest.run(entrants, HEAVY, asked.rounds)
        light = contest.run(thin, LIGHT, asked.rounds)
        levels = contest.run(kin, LEVELS, asked.rounds)
    wrong = [
        what
        for what, differ in (
            ("rtrade and backtrader by hand at a fixed size", differing(fixed, tuple(fixed))),
            *(
                (f"rtrade's engines, {how}", differing(found, (OURS, COMPILED)))
                for how, found in (("SMA 20/50", heavy), ("400/1000", light), ("levels", levels))
            ),
        )
        if differ
    ]
    if wrong:
        print(f"the fills differ: {'; '.join(wrong)}")
        return 1
    same = (
        f"- With a fixed size of 0.01, backtrader by hand and both engines of rtrade make the same "
        f"fills\n  to the bit in bar, size and price: {fixed[OURS][0]['fills']:,} of them."
    )
    text = section(heavy, light, levels, around(heavy, entrants, asked.envs), same)
    print(text)
    if asked.write:
        write("peers", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
