"""A model's FLOPs from its config.json.

By a formula for the families it is verified for (`closed`), for all others from torch's own counter
(`counted`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.core.flops.closed import closed_form
from lab.core.flops.config import decoder_config
from lab.core.flops.counted import counted
from lab.core.flops.model import FlopsModel


def read_flops(config: Mapping[str, Any]) -> FlopsModel:
    """Read a Hugging Face `config.json`; what no formula covers is counted by torch, once per machine.

    Raises InputError where a dimension is missing or out of bounds, and for what cannot be counted.
    """
    config = decoder_config(config)
    fields = closed_form(config)
    return FlopsModel(**(counted(config) if fields is None else fields))
