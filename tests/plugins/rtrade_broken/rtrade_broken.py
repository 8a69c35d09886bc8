"""Plug-ins that are at fault, each in its way."""

from dataclasses import replace

from rtrade.catalog.registry import Entry, Input, Output, Registry, Unit

ENTRY = Entry(
    name="late",
    group="oscillators",
    doc="Fails when it is computed.",
    outputs=(Output("value", Unit.NONE),),
    warmup=lambda params: 0,
    settle=lambda params: 0,
    inputs=(Input("x", "a number series"),),
    words="late of {x}",
    source="-",
    kernel=lambda x: x[:3],
)


def fails(registry: Registry) -> None:
    raise RuntimeError("no licence found")


def takes(registry: Registry) -> None:
    registry.add(replace(ENTRY, name="rsi"))


def late(registry: Registry) -> None:
    registry.add(ENTRY)
