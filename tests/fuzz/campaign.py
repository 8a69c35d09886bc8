"""Coverage-guided fuzzing of reader, loader, expression compiler and decoders, for `make nightly`.

    python tests/fuzz/campaign.py TARGET [--runs N] [--seed N]

TARGET is reader, strategy, source, expression, answer or message. Needs atheris; findings stop the
run, and their input is kept in the folder for temporary files. The seeds are the shipped files, and
answers as exchanges give them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["rtrade"]):
    from fuzz import answers, targets
    from fuzz.mutating import EXPRESSIONS, SOURCES, STRATEGIES, WORDS

# Seconds of processor time for one input, so that a busy machine finds nothing.
LIMIT = 1.0
FOUND = Path(tempfile.gettempdir()) / "rtrade-fuzz-"
TARGETS = {
    "reader": (targets.reads, STRATEGIES),
    "strategy": (targets.loads_strategy, STRATEGIES),
    "source": (lambda text: targets.loads_source(text, Path.cwd), SOURCES),
    "expression": (targets.compiles, EXPRESSIONS),
    "answer": (answers.decodes_body, answers.BODIES),
    "message": (answers.decodes_message, answers.MESSAGES),
}


def main() -> None:
    """Run a campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    target, seeds = TARGETS[given.target]
    taken = [0, 0]

    def one(content: bytes) -> None:
        before = time.process_time()
        taken[target(content.decode("utf-8", "replace"))] += 1
        spent = time.process_time() - before
        assert spent < LIMIT, f"{spent:.1f} s for one input"
        if sum(taken) == given.runs:
            # The fuzzer ends the process without returning here.
            sys.stdout.write(f"{given.target}: {given.runs:,} inputs, {taken[1]:,} taken\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "seeds").mkdir()
        for number, text in enumerate(seeds):
            (place / "seeds" / str(number)).write_text(text, encoding="utf-8")
        words = "".join(f'"{_escaped(word)}"\n' for word in WORDS if word)
        (place / "words").write_text(words, encoding="utf-8")
        options = [
            "campaign", f"-runs={given.runs}", f"-seed={given.seed}", "-max_len=4096",
            "-timeout=60", "-report_slow_units=60", f"-artifact_prefix={FOUND}",
            "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1",
            f"-dict={place / 'words'}", str(place / "seeds"),
        ]  # fmt: skip
        atheris.Setup(options, one)
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
