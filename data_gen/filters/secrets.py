"""Finds credentials (keys, tokens, passwords) with the plugins of detect-secrets.

A model repeats what it was trained on, and documents hold what people forgot in them. Each plugin is asked
about each text; the scanner around them, with its global settings, files and network verification, is not
used. Plugins report for some tokens only their prefix ("ghp"), and of a private key its header: here the
whole token and the whole key are what is found. Plugins that guess (a word like "password" before a quoted
value; quoted strings of high entropy) get the library's heuristics against false alarms: a value without a
letter, a sequence, a reference or a template is no secret, nor is one with white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

from data_gen.filters.private import SHORTEST, Place, Private, apart
from lab.core.errors import nearest

MOST, LONGEST_LINE, OVERLAP = 20, 1000, 200
"""Bounds of what is asked of one line, for the library's patterns take long over long lines."""
_KEY_BLOCK = re.compile(
    r"-{0,5}BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY[A-Z ]{0,9}"
    r"(?:.*?-{1,5} ?END [A-Z0-9 ]{0,20}PRIVATE KEY[A-Z -]*|.*)"
    r"|PuTTY-User-Key-File-\d.*",
    re.DOTALL,
)
_TOKEN = re.compile(r"[\w+/=:.-]+")
_MARKS = ' \t\r\n"=:'
_REST = re.compile(r"[\w+/=-]*(?:\.[\w+/=-]+)*")


class Secrets(Private):
    """Drops or redacts examples with credentials in any of their texts."""

    kind: Literal["secrets"] = "secrets"
    off: tuple[str, ...] = ("IPPublicDetector", "Base64HighEntropyString", "HexHighEntropyString")
    """Plugins of detect-secrets that are not asked. By default: addresses, which are personal_data's, and
    quoted strings that look random, because hexadecimal numbers and hashes in a task look so too."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Names of plugins that there are not."""
        for name in self.off:
            if name not in plugins():
                yield "off", f"detect-secrets has no plugin '{name}'.{nearest(name, plugins())}"

    def places(self, text: str) -> tuple[Place, ...]:
        """Where the secrets are."""
        return _places(text, frozenset(self.off))

    def label(self, kind: str) -> str:
        """The same for all kinds."""
        return "[secret]"


@lru_cache(maxsize=256)
def _places(text: str, off: frozenset[str]) -> tuple[Place, ...]:
    found: list[Place] = []
    for name, plugin in plugins().items():
        if name not in off:
            spans = _matched(text, plugin) if hasattr(plugin, "denylist") else _guessed(text, plugin)
            found += [Place(start, end, plugin.secret_type.lower()) for start, end in spans]
    if "PrivateKeyDetector" not in off:
        found += [Place(*match.span(), "private key") for match in _KEY_BLOCK.finditer(text)]
    return tuple(apart(found))


def _matched(text: str, plugin: Any) -> Iterator[tuple[int, int]]:
    """Where its patterns match and it stands by it: a token to its end, else what the pattern singles out."""
    reported = set(plugin.analyze_string(text))
    if not reported:
        return
    for match in (m for pattern in plugin.denylist for m in pattern.finditer(text)):
        if reported.isdisjoint((match[0], *match.groups())):
            continue
        inner = max(range(len(match.groups()) + 1), key=lambda i: (i > 0) * len(match[i] or ""))
        start, end = _trimmed(match, 0 if _TOKEN.fullmatch(match[0].strip(_MARKS)) else inner)
        rest = _REST.match(text, end) if _TOKEN.match(text[end - 1]) else None
        yield start, rest.end() if rest else end


def _trimmed(match: re.Match[str], group: int) -> tuple[int, int]:
    """The span of a group without the marks around it, which some patterns match too."""
    start, end, found = *match.span(group), match[group]
    return start + len(found) - len(found.lstrip(_MARKS)), end - len(found) + len(found.rstrip(' \t\r\n"'))


def _guessed(text: str, plugin: Any) -> Iterator[tuple[int, int]]:
    """Where values stand that it guesses at."""
    values = {value for line in set(_lines(text)) for value in _values(line, plugin)}
    for value in sorted(values):
        yield from (match.span() for match in re.finditer(re.escape(value), text))


def _values(line: str, plugin: Any) -> Iterator[str]:
    """What it guesses at in a line. It may report one value at a time, so it is asked until it is done."""
    left, seen = line, set[str]()
    while len(seen) < MOST and (fresh := {v for v in plugin.analyze_string(left) if v} - seen):
        yield from (value for value in fresh if _likely(value, line, plugin))
        for value in sorted(fresh):
            left = left.replace(value, "")
        seen |= fresh


def _lines(text: str) -> Iterator[str]:
    """The lines; of one that is too long for the plugins' patterns, overlapping parts."""
    for line in text.splitlines():
        for start in range(0, max(1, len(line) - OVERLAP), LONGEST_LINE - OVERLAP):
            yield line[start : start + LONGEST_LINE]


def _likely(value: str, line: str, plugin: Any) -> bool:
    """Whether a guess is worth believing: the checks that the library's own scanner makes by default."""
    from detect_secrets.filters import heuristic

    limit = getattr(plugin, "entropy_limit", None)
    return not (
        (limit is not None and plugin.calculate_shannon_entropy(value) <= limit)
        or len(value) < SHORTEST
        or any(map(str.isspace, value))
        or "[secret]" in value
        or heuristic.is_not_alphanumeric_string(value)
        or heuristic.is_sequential_string(value)
        or heuristic.is_templated_secret(value)
        or heuristic.is_prefixed_with_dollar_sign(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_likely_id_string(value, line, plugin)
        or heuristic.is_indirect_reference(line)
    )


@lru_cache(maxsize=1)
def plugins() -> dict[str, Any]:
    """All plugins of the library with their default settings, by class name."""
    import pkgutil
    from importlib import import_module
    from inspect import isabstract

    import detect_secrets.plugins as package
    from detect_secrets.plugins.base import BasePlugin

    modules = [import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    classes = [c for module in modules for c in vars(module).values() if isinstance(c, type)]
    found = {c.__name__: c for c in classes if issubclass(c, BasePlugin) and not isabstract(c)}
    return {name: found[name]() for name in sorted(found)}
