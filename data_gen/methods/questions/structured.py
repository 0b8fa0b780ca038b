"""Structured output: a JSON object as a pydantic model says, asked for by schema and read with care.

The engine's guided decoding makes the completion match; a completion that was cut off, or an engine that only
promised, still gives text that does not parse. That is data about the model and never an error.
"""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def schema_of(model: type[BaseModel]) -> str:
    """The JSON text of a model's schema, for `Sampling.json_schema`: always the same for the same model.

    The fields keep their order: guided decoding writes them in the order of the schema.
    """
    return json.dumps(model.model_json_schema(), separators=(",", ":"))


def parsed(model: type[M], text: str) -> M | str:
    """The object that a completion holds, or why it holds none (for a person, one line)."""
    try:
        return model.model_validate_json(text.strip())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        return f"does not parse: {f'{place}: ' if place else ''}{first['msg']}"[:200]
