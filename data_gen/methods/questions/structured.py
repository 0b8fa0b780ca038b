"""Structured output: a JSON object of a pydantic model, requested by its schema and parsed with care.

The engine's guided decoding makes the completion match the schema. A completion that was cut off, or an
engine that does not enforce the schema, can still give text that does not parse. Such replies are data about
the model and not an error.
"""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def schema_of(model: type[BaseModel]) -> str:
    """The JSON text of a model's schema, for `Sampling.json_schema`; the same for the same model.

    The fields keep their order, because guided decoding writes them in the order of the schema.
    """
    return json.dumps(model.model_json_schema(), separators=(",", ":"))


def parsed(model: type[M], text: str) -> M | str:
    """The object in a completion, or why there is none (one line for people)."""
    try:
        return model.model_validate_json(text.strip())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        return f"does not parse: {f'{place}: ' if place else ''}{first['msg']}"[:200]
