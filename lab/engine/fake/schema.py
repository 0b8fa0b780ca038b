"""The fake engine's reply to a JSON schema: a small valid value, determined by the state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

WORDS = ("river", "seven", "because", "table", "the", "north", "slowly", "green", "and", "twelve")


def json_text(schema: str, state: int) -> str:
    """A JSON text that matches the schema; a pure function of both. Raises ValueError for an unsupported
    schema.

    Supported: type, properties, items, minItems, enum, const, anyOf, local $ref, minimum and maximum.
    """
    whole = json.loads(schema)
    return json.dumps(_value(whole, whole, state))


def _value(schema: Any, whole: Any, state: int) -> Any:
    if not isinstance(schema, Mapping):
        raise ValueError("json_schema: expected an object")
    if "$ref" in schema:
        return _value(_followed(str(schema["$ref"]), whole), whole, state)
    if "const" in schema:
        return schema["const"]
    for key in ("enum", "anyOf", "oneOf"):
        if key in schema:
            picked = schema[key][state % len(schema[key])]
            return picked if key == "enum" else _value(picked, whole, _next(state, key))
    return _typed(schema, whole, state)


def _typed(schema: Mapping[str, Any], whole: Any, state: int) -> Any:
    kind = schema.get("type", "object")
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: _value(field, whole, _next(state, name)) for name, field in fields.items()}
    if kind == "array":
        count = max(int(schema.get("minItems", 1)), 1 + state % 2)
        item = schema.get("items", {"type": "string"})
        return [_value(item, whole, _next(state, str(i))) for i in range(count)]
    return _plain(kind, schema, state)


def _plain(kind: str, schema: Mapping[str, Any], state: int) -> Any:
    low = int(schema.get("minimum", 0))
    if kind in ("integer", "number"):
        whole = low + state % (int(schema.get("maximum", low + 18)) - low + 1)
        return whole if kind == "integer" else float(whole)
    if kind in ("boolean", "null"):
        return state % 2 == 0 if kind == "boolean" else None
    return " ".join(WORDS[_next(state, str(i)) % len(WORDS)] for i in range(3 + state % 4))


def _followed(reference: str, whole: Any) -> Any:
    found = whole
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def _next(state: int, name: str) -> int:
    return int.from_bytes(blake2b(f"{state} {name}".encode(), digest_size=8).digest(), "little")
