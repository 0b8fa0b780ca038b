"""Components on the command line: `self_consistency:n=16`, `reasoning_gym:gcd,limit=8`, or JSON.

A text is `kind`, or `kind:` with `key=value` pairs; a value without a key is for the component's first
required field (else its first field). If a component is expected as a value, its kind is enough:
`best_of_n:n=16,scorer=mean_logprob`. Its options follow with dots (`checker=numeric,checker.tolerance=0.1`)
or in braces (`scorer={kind: ..., ...}`).
"""

from __future__ import annotations

from typing import Any

from lab.errors import InputError
from lab.run.source import schema
from lab.run.source.messages import unknown_kind
from lab.run.source.yaml_source import scalar

_OPEN, _CLOSE = "[{(", ")}]"
_COMMON = ("kind", "name", "model", "max_samples", "max_tokens", "budget_flops")
"""Fields of every component of a union; a value without a key is never for them."""


def parse(text: str, union: Any, where: str) -> dict[str, Any]:
    """The data of one component of `union`, which is validated later. Raises InputError at `where`."""
    if text.lstrip().startswith("{"):
        data = scalar(text, where)
        if not isinstance(data, dict):
            raise InputError("expected a mapping", where=where)
        return data
    kind, _, rest = text.partition(":")
    members = schema.kinds(union)
    if kind not in members:
        raise InputError(unknown_kind(kind, members), where=where)
    out: dict[str, Any] = {"kind": kind}
    for i, part in enumerate(split(rest)):
        key, sign, value = part.partition("=")
        if not sign and i:
            raise InputError(f"expected key=value, found '{part}'", where=where)
        if not sign:
            key, value = _first_field(members[kind], where, part), part
        _put(out, members[kind], key.strip(), value, where)
    return out


def _put(out: dict[str, Any], member: Any, key: str, text: str, where: str) -> None:
    """Sets a value; dots in its key separate levels: `checker.kind=numeric`."""
    *parents, last = key.split(".")
    here, annotation = out, member
    for parent in parents:
        annotation, above = schema.step(annotation, here, parent), here
        here = above.setdefault(parent, {})
        if not isinstance(here, dict):
            raise InputError(f"'{parent}' already has a value, so it cannot have keys", where=where)
    here[last] = _value(text, schema.step(annotation, here, last), where)


def split(text: str) -> list[str]:
    """The parts between commas outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        depth += (c in _OPEN) - (c in _CLOSE) if not quote else 0
        if c == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts if part.strip()]


def _first_field(member: Any, where: str, part: str) -> str:
    fields = {name: info for name, info in member.model_fields.items() if name not in _COMMON}
    if not fields:
        raise InputError(f"this kind takes no value; found '{part}'", where=where)
    required = [name for name, info in fields.items() if info.is_required()]
    return str((required or list(fields))[0])


def _value(text: str, annotation: Any, where: str) -> Any:
    value = scalar(text, where)
    if isinstance(value, str) and value in schema.kinds(annotation):
        return {"kind": value}
    return value
