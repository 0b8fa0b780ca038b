"""`lab estimate --device`: another machine, as far as an estimate needs it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.errors import InputError, nearest
from lab.system.machine import Gpu, Machine, detect


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU by its data sheet: memory in GiB, dense bfloat16 (or float16) TFLOP/s, compute capability."""

    memory: int
    teraflops: float
    capability: tuple[int, int]


CARDS = {
    "t4": Card(16, 65, (7, 5)),
    "v100": Card(32, 125, (7, 0)),
    "rtx3090": Card(24, 71, (8, 6)),
    "rtx4090": Card(24, 165, (8, 9)),
    "l4": Card(24, 121, (8, 9)),
    "l40s": Card(48, 362, (8, 9)),
    "a100": Card(80, 312, (8, 0)),
    "h100": Card(80, 989, (9, 0)),
    "h200": Card(141, 989, (9, 0)),
    "b200": Card(180, 2250, (10, 0)),
}
"""NVIDIA's data sheets, without sparsity."""
REFERENCE = CARDS["a100"].teraflops
"""The GPU for which speeds are assumed."""


def machine_of(device: str | None) -> Machine:
    """This machine, or one like it without a GPU ("cpu"), with an A100 ("cuda") or with a card of CARDS."""
    here = detect()
    if device is None:
        return here
    name = device.lower().replace(" ", "").replace("-", "")
    if name == "cpu":
        return replace(here, gpus=())
    card = CARDS.get("a100" if name == "cuda" else name)
    if card is None:
        known = ("cpu", "cuda", *CARDS)
        raise InputError(f"unknown device.{nearest(name, known)}", where=f"--device {device}")
    label = "a100" if name == "cuda" else name
    return replace(here, gpus=(Gpu(label, card.memory * 2**30, card.capability),))


def strength(name: str) -> float:
    """The speed of a GPU relative to the one for which speeds are assumed; 1 if it is unknown."""
    plain = name.lower().replace(" ", "").replace("-", "")
    found = [card for key, card in CARDS.items() if key in plain]
    return max((card.teraflops for card in found), default=REFERENCE) / REFERENCE
