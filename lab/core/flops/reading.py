"""A model's FLOPs from its config.json.

By a formula for verified families (`closed`), by torch's counter for all others (`counted`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.core.flops.closed import closed_form
from lab.core.flops.config import decoder_config
from lab.core.flops.counted import counted
from lab.core.flops.model import FlopsModel


def read_flops(config: Mapping[str, Any]) -> FlopsModel:
    """Reads a Hugging Face `config.json`. If no formula covers the model, torch counts it, once per machine.

    Raises InputError if a dimension is missing or out of bounds, or if the model cannot be counted.
    """
    config = decoder_config(config)
    fields = closed_form(config)
    return FlopsModel(**(counted(config) if fields is None else fields))
