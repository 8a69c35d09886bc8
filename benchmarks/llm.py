"""What asking a model takes beside the model: the client alone, the framework, the stored answers.

Each figure is taken over the same decisions: contexts from hourly bars, prompts of ten bars,
answers of three fields, on an endpoint of loopback that waits as long as is said.

    python benchmarks/llm.py [--decisions 1000] [--latency 0.3] [--concurrency 16] [--local 8]

1. the openai client alone, its answers neither read nor kept: processor time a decision
2. the framework on the same endpoint without a wait, stored answers written: the same, and the
   difference
3. a thousand decisions at the stated latency and concurrency: seconds in all
4. the same again, all answers stored: milliseconds a decision, from bars to series
5. with --local N: N decisions of the embedded model on one thread: seconds, tokens
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from llm.cases import FIELDS, PROVIDER, SIGNAL
from llm.endpoint import StandIn, says
from rtrade.config.llm_definitions import EnumField, ExampleDef, IntegerField, LlmProviderDef
from rtrade.core.bars import Bars
from rtrade.core.timeframes import Timeframe
from rtrade.llm.asking import Asker
from rtrade.llm.cache import AnswerCache
from rtrade.llm.cadence import points_every
from rtrade.llm.columns import answer_columns
from rtrade.llm.contexts import ContextBuilder, known_names
from rtrade.llm.endpoint import Access, Endpoint
from rtrade.llm.local import MODEL, local_model
from rtrade.llm.opening import open_endpoint
from rtrade.llm.prompting import Prompter
from rtrade.llm.questions import Questioner
from rtrade.llm.templates import parse_template
from rtrade.store.opening import open_store

TEXT = (
    "Bars, oldest first:\n{% for bar in bars[-10:] %}{{ bar.open | num }} {{ bar.high | num }} "
    "{{ bar.low | num }} {{ bar.close | num }}\n{% endfor %}"
    "Change: {{ stats.change | pct }}. Decide: buy, sell or hold."
)
SHORT = (
    "The price is {{ stats.change | direction }} ({{ stats.change | pct }}), volatility "
    "{{ stats.volatility | pct }} a bar. Decide."
)


def bars(count: int) -> Bars:
    draw = np.random.default_rng(1)
    close = 40_000 * np.exp(np.cumsum(draw.normal(0, 0.01, count)))
    frame = Timeframe.parse("1h")
    opened = np.concatenate([close[:1], close[:-1]])
    return Bars(
        "BTC/USDT", frame, frame.ms * np.arange(count), opened, np.maximum(opened, close) * 1.001,
        np.minimum(opened, close) * 0.999, close, draw.random(count),
    )  # fmt: skip


def serve(latency: float, ready: object) -> None:
    """Serve in a process of its own, so that its work is not counted."""
    with StandIn(says(), delay=latency) as server:
        ready.send(server.url)
        ready.recv()


class Served:
    def __init__(self, latency: float) -> None:
        self.here, there = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(latency, there))

    def __enter__(self) -> str:
        self.process.start()
        return self.here.recv()

    def __exit__(self, *_: object) -> None:
        self.here.send(None)
        self.process.join()


def processor() -> float:
    """Processor time of this process and of those it has waited for: the renderer is one."""
    return sum(
        sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


async def by_client(url: str, requests: list, concurrency: int) -> None:
    endpoint = Endpoint(PROVIDER, Access(url, ""))
    client, waiting = endpoint.open(), iter(requests)

    async def work() -> None:
        for request in waiting:
            sent = endpoint._parameters(request, request.messages, "json_schema")
            await client.chat.completions.create(**sent)

    await asyncio.gather(*(work() for _ in range(concurrency)))
    await endpoint.close()


def whole(
    url: str | None, series: Bars, first: int, store: object, concurrency: int
) -> tuple[float, float]:
    """From bars to series; return seconds and processor seconds."""
    signal = replace(SIGNAL, concurrency=concurrency)
    provider = replace(PROVIDER, base_url=url or "http://127.0.0.1:9")
    template = parse_template(TEXT, "benchmark.j2", known_names({}, {}))
    points = points_every(series, 1, first)
    with (
        open_endpoint(provider, {}) as endpoint,
        Asker(signal, endpoint, AnswerCache(store)) as asker,
    ):
        endpoint.open()
        begun, used = time.perf_counter(), processor()
        prompter = Prompter([template], ContextBuilder(series), Questioner(signal, provider))
        with prompter:
            questions = prompter.questions(points)
        decisions = asker.ask(questions)
        answers = [decision.answer for decision in decisions]
        answer_columns(FIELDS, answers, points, len(series))
        assert all(answers), "the stand-in answers everything"
        return time.perf_counter() - begun, processor() - used


def local(count: int) -> None:
    series = bars(200)
    form = (EnumField("action", ("buy", "sell", "hold")), IntegerField("confidence", 0, 100),
            EnumField("risk", ("low", "medium", "high", "extreme")))  # fmt: skip
    example = ExampleDef(
        "The price is falling (-3.0%), volatility +1.0% a bar. Decide.",
        (("action", "sell"), ("confidence", 60), ("risk", "medium")),
    )
    signal = replace(SIGNAL, answer=form, examples=(example,), window=24)
    provider = LlmProviderDef(
        name="local_llm", engine="local", model=MODEL, temperature=0.0, seed=1, max_tokens=60
    )
    begun = time.perf_counter()
    with local_model() as access:
        print(f"local model: started in {time.perf_counter() - begun:.2f} s")
        template = parse_template(SHORT, "short.j2", known_names({}, {}))
        questioner = Questioner(signal, provider, access.weights)
        with Prompter([template], ContextBuilder(series, window=24), questioner) as prompter:
            questions = prompter.questions(range(100, 100 + count))
        folder = tempfile.TemporaryDirectory()
        with (
            folder,
            open_store("", Path(folder.name)) as store,
            Asker(signal, Endpoint(provider, access), AnswerCache(store)) as asker,
        ):
            begun, used = time.perf_counter(), processor()
            decisions = asker.ask(questions)
            took, used = time.perf_counter() - begun, processor() - used
    said = asker.counters
    actions = [one.answer.values["action"] if one.answer else None for one in decisions]
    print(
        f"local model: {took / count:.2f} s, {used / count:.2f} processor s a decision; "
        f"{said.prompt_tokens / said.calls:.0f} tokens in, "
        f"{said.completion_tokens / said.calls:.0f} out; "
        f"{count - said.abstained} of {count} valid; {actions}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decisions", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--local", type=int, default=0)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    if given.local:
        local(given.local)
        return
    measure(given.decisions, given.latency, given.concurrency)


def measure(count: int, latency: float, concurrency: int) -> None:
    first = 100
    series = bars(first + count)
    template = parse_template(TEXT, "benchmark.j2", known_names({}, {}))
    with Prompter([template], ContextBuilder(series), Questioner(SIGNAL, PROVIDER)) as prompter:
        questions = prompter.questions(points_every(series, 1, first))
    requests = [question.requests[0] for question in questions]
    clients, wholes = [], []
    with Served(0.0) as url:
        asyncio.run(by_client(url, requests[:50], concurrency))
        for _ in range(3):
            used = processor()
            asyncio.run(by_client(url, requests, concurrency))
            clients.append(processor() - used)
            with tempfile.TemporaryDirectory() as folder, open_store("", Path(folder)) as store:
                wholes.append(whole(url, series, first, store, concurrency)[1])
    client, ours = (1000 * min(one) / count for one in (clients, wholes))
    print(f"openai client alone: {client:.2f} processor ms a decision (best of 3)")
    print(f"framework with client, store and rendering: {ours:.2f}; beside it {ours - client:.2f}")
    folder = tempfile.TemporaryDirectory()
    with Served(latency) as url, folder, open_store("", Path(folder.name)) as store:
        took, _ = whole(url, series, first, store, concurrency)
        waiting = count * latency / concurrency
        print(f"{count} decisions at {latency:g} s, {concurrency} at once: {took:.1f} s "
              f"({waiting:.1f} s of waiting)")  # fmt: skip
        again = [whole(None, series, first, store, concurrency) for _ in range(3)]
        took, used = (1000 * min(one) / count for one in zip(*again, strict=True))
        print(f"all stored: {took:.2f} ms a decision, {used:.2f} of the processor (best of 3)")


if __name__ == "__main__":
    main()
