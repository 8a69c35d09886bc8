"""The process in which prompts are rendered, within bounds of time, memory and length.

It is started by `rendering` with an environment without secrets, and speaks JSON lines on its
standard streams: first the template and the limits, then one list of contexts after another; for
each context one line with the text, or with what went wrong. It ends with its input.
"""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType
from typing import Any

from jinja2 import Template, TemplateError

from rtrade.llm.environment import PromptEnvironment

FILE = "<prompt>"


class _OutOfTime(Exception):
    pass


class _TooLong(Exception):
    pass


def main() -> None:
    """Serve until the input ends."""
    setup = json.loads(sys.stdin.readline())
    _limit_memory(setup["memory"])
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, _out_of_time)
    template = _compiled(setup["template"])
    for line in sys.stdin:
        for context in json.loads(line):
            answer = _guarded(template, context, setup["cpu"], setup["size"])
            sys.stdout.write(json.dumps(answer) + "\n")
            # One by one: who reads must know which prompt a silence belongs to.
            sys.stdout.flush()


def _compiled(text: str) -> Template:
    environment = PromptEnvironment()
    code = environment.compile(text, filename=FILE)
    return environment.template_class.from_code(environment, code, environment.globals)


def _guarded(template: Template, context: Any, cpu: float, size: int) -> dict[str, Any]:
    try:
        _set_timer(cpu)
        return {"text": _rendered(template, context, size)}
    except _OutOfTime:
        return {"error": "time", "message": f"rendering takes over {cpu:g} s of computing"}
    except _TooLong:
        return {"error": "size", "message": f"the prompt is longer than {size:,} characters"}
    except MemoryError:
        return {"error": "memory", "message": "rendering takes too much memory"}
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as fault:
        return {"error": "fault", "message": str(fault)[:500], "line": _line(fault)}
    except RecursionError as fault:
        return {"error": "time", "message": "a macro calls itself", "line": _line(fault)}
    finally:
        _set_timer(0)


def _rendered(template: Template, context: Any, size: int) -> str:
    parts, length = [], 0
    for part in template.generate(context):
        length += len(part)
        if length > size:
            raise _TooLong
        parts.append(part)
    return "".join(parts)


def _line(fault: BaseException) -> int | None:
    """Return the line of the template on which it failed."""
    found, step = None, fault.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == FILE:
            found = step.tb_lineno
        step = step.tb_next
    return found


def _out_of_time(_: int, __: FrameType | None) -> None:
    raise _OutOfTime


def _set_timer(seconds: float) -> None:
    # Windows has no timer of computing time: there, only the other side's clock ends a loop.
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


if __name__ == "__main__":
    main()
