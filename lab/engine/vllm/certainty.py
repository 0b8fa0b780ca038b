"""Measures confidence and certainty from vLLM's logits (imports vLLM; used by `engine` only).

A custom logits processor sees the raw logits of every step before temperature is applied. This one changes
nothing. It measures the rows of requests whose `SamplingParams.extra_args` have a key of the table `TRAILS`.
It supports both of vLLM's interfaces: the older model runner reports rows as they are added, moved and
removed (`update_state`), the newer one reports slots (`add_request`). A worker in another process cannot
access the table; then the numbers stay empty.
"""

from __future__ import annotations

from typing import Any

from vllm.v1.sample.logits_processor import LogitsProcessor as RowProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates
from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor as SlotProcessor

from lab.engine.certainty import Pairs, measure, unzipped

KEY, PROMPT = "lab_certainty", "lab_prompt_tokens"
"""Names in `extra_args`: the request's key, and the length of its prompt."""

Trail = dict[int, tuple[Any, int]]
"""Number of the generated token -> (the step's measurements, its row in them); a repeated token is replaced.
"""

TRAILS: dict[str, Trail] = {}
"""By request key, until `collect` removes it."""


def begin(key: str) -> None:
    """Starts to store measurements under this key, until they are collected."""
    TRAILS[key] = {}


def collect(key: str, tokens: int) -> Pairs:
    """(confidence, certainty) of the first `tokens` generated tokens; empty if any of them was not
    measured.
    """
    import torch

    trail = TRAILS.pop(key, {})
    if not tokens or any(number not in trail for number in range(tokens)):
        return (), ()
    steps = [trail[number] for number in range(tokens)]
    return unzipped(torch.stack([measures[row] for measures, row in steps]).tolist())


class Certainty(RowProcessor, SlotProcessor):  # type: ignore[misc]
    """The logits processor."""

    def __init__(self, vllm_config: Any, states: Any, is_pin_memory: bool = False) -> None:
        self.rows: dict[int, tuple[str, list[int]]] = {}
        """Older interface: batch row -> (key, the request's generated tokens, updated by vLLM)."""
        self.slots: dict[int, tuple[str, int]] = {}
        """Newer interface: slot -> (key, prompt tokens)."""

    def is_argmax_invariant(self) -> bool:
        """False, although it changes nothing: processors that return True run after temperature, and never
        for greedy.
        """
        return False

    def update_state(self, batch_update: Any) -> None:
        """Older interface: requests that were added, moved and removed."""
        process_dict_updates(self.rows, batch_update, self._row)

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Newer interface: a slot's new request. Returns whether it is measured."""
        extra = sampling_params.extra_args or {}
        self.slots.pop(req_idx, None)
        if KEY in extra:
            self.slots[req_idx] = (extra[KEY], extra[PROMPT])
        return KEY in extra

    def apply(self, logits: Any, ctx: Any = None) -> Any:
        """Measures the requested rows and returns the logits unchanged."""
        found = self._rows_now() if ctx is None else self._slots_now(ctx)
        if found:
            rows = [row for row, _, _ in found]
            measures = measure(logits if len(rows) == len(logits) else logits[rows])
            order = rows if len(rows) == len(logits) else range(len(rows))
            for at, (_, key, number) in zip(order, found, strict=True):
                if (trail := TRAILS.get(key)) is not None:
                    trail[number] = (measures, at)
        return logits

    @staticmethod
    def _row(params: Any, prompt: list[int] | None, output: list[int]) -> tuple[str, list[int]] | None:
        key = (params.extra_args or {}).get(KEY)
        return None if key is None else (key, output)

    def _rows_now(self) -> list[tuple[int, str, int]]:
        return [(row, key, len(output)) for row, (key, output) in self.rows.items()]

    def _slots_now(self, ctx: Any) -> list[tuple[int, str, int]]:
        """Computes token positions from row lengths, which count the prompt and every token before the next
        one.
        """
        lengths = ctx.seq_lens_upper_bound_np
        here = [(row, int(slot)) for row, slot in enumerate(ctx.idx_mapping_np) if int(slot) in self.slots]
        return [(row, self.slots[s][0], int(lengths[row]) - self.slots[s][1]) for row, s in here]
