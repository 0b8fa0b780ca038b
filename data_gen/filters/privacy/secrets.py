"""Finds credentials (keys, tokens, passwords) with the plugins of detect-secrets.

A model repeats its training data, and documents contain forgotten credentials. Each plugin is called for each
text; the scanner around them, with its global settings, files and network verification, is not used. For some
tokens the plugins report only the prefix "ghp", and for a private key its header: here the complete token and
the complete key are found. Plugins that guess (a word like "password" before a quoted value; quoted strings
of high entropy) are combined with the library's heuristics against false alarms: a value without a letter, a
sequence, a reference or a template is not a secret, nor is one with white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

from data_gen.filters.privacy.private import SHORTEST, Private, PrivateSpan
from lab.errors import nearest

MOST_VALUES = 20
"""Maximum guesses in one line; a line with more is one match."""
LINE, TEXT = (1000, 200), (2000, 1000)
"""Characters that a guessing plugin and any other gets at a time, and the overlap of two such parts: some of
the library's patterns take quadratic time.
"""
_HEAP = re.compile(r"\w{65,}")
_KEYWORD = re.compile(r"key|pass|pwd|secret|contrase", re.IGNORECASE)
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
    """Drops or redacts examples that contain credentials in any of their texts."""

    kind: Literal["secrets"] = "secrets"
    off: tuple[str, ...] = ("IPPublicDetector", "Base64HighEntropyString", "HexHighEntropyString")
    """Plugins of detect-secrets that are not used. By default: addresses, which `personal_data` finds, and
    quoted strings that look random, because hexadecimal numbers and hashes in a task look the same.
    """

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields names of plugins that do not exist."""
        for name in self.off:
            if name not in plugins():
                yield "off", f"detect-secrets has no plugin '{name}'.{nearest(name, plugins())}"

    def search(self, text: str) -> Iterator[PrivateSpan]:
        """The spans of the secrets."""
        for name, plugin in plugins().items():
            if name not in self.off:
                spans = _matched(text, plugin) if hasattr(plugin, "denylist") else _guessed(text, plugin)
                yield from (PrivateSpan(start, end, plugin.secret_type.lower()) for start, end in spans)
        if "PrivateKeyDetector" not in self.off:
            yield from (PrivateSpan(*match.span(), "private key") for match in _KEY_BLOCK.finditer(text))

    def label(self, kind: str) -> str:
        """The same for all kinds."""
        return "[secret]"


def _matched(text: str, plugin: Any) -> Iterator[tuple[int, int]]:
    """Where its patterns match and it confirms the match, each span once."""
    found = dict.fromkeys(
        (start + a, _end_of(text, start + b))
        for start, part in _parts(text, *TEXT)
        for a, b in _matched_in(part, plugin)
    )
    yield from found


def _matched_in(part: str, plugin: Any) -> Iterator[tuple[int, int]]:
    """The token that the pattern matches, or the group of the pattern in a longer match."""
    reported = set(plugin.analyze_string(part))
    if not reported:
        return
    for match in (m for pattern in plugin.denylist for m in pattern.finditer(part)):
        if not reported.isdisjoint((match[0], *match.groups())):
            inner = max(range(len(match.groups()) + 1), key=lambda i: (i > 0) * len(match[i] or ""))
            yield _trimmed(match, 0 if _TOKEN.fullmatch(match[0].strip(_MARKS)) else inner)


def _end_of(text: str, end: int) -> int:
    """The end of the token that ends here according to a pattern."""
    rest = _REST.match(text, end) if _TOKEN.match(text[end - 1]) else None
    return rest.end() if rest else end


def _trimmed(match: re.Match[str], group: int) -> tuple[int, int]:
    """The span of a group without surrounding marks, which some patterns also match."""
    start, end, found = *match.span(group), match[group]
    return start + len(found) - len(found.lstrip(_MARKS)), end - len(found) + len(found.rstrip(' \t\r\n"'))


def _guessed(text: str, plugin: Any) -> Iterator[tuple[int, int]]:
    """The spans of the values at which it guesses."""
    lines = [line for long in text.splitlines() for _, line in _parts(long, *LINE)]
    seen: set[str] = set()
    for line in dict.fromkeys(lines):
        for value in sorted(set(_values(line, plugin)) - seen):
            seen.add(value)
            yield from (match.span() for match in re.finditer(re.escape(value), text))


def _values(line: str, plugin: Any) -> Iterator[str]:
    """Its guesses in a line. It may report one value at a time, so it is called until there are no more."""
    left, seen = _HEAP.sub(_shortened, line), set[str]()
    while fresh := {v for v in plugin.analyze_string(left) if v} - seen:
        yield from (value for value in fresh if _likely(value, line, plugin))
        for value in sorted(fresh):
            left = left.replace(value, "")
        seen |= fresh
        if len(seen) > MOST_VALUES:
            yield line
            return


def _shortened(heap: re.Match[str]) -> str:
    """The end of a long word with many keywords, at each of which the plugin would start."""
    return heap[0][-64:] if len(_KEYWORD.findall(heap[0])) > 3 else heap[0]


def _parts(text: str, size: int, overlap: int) -> Iterator[tuple[int, str]]:
    """The text in overlapping parts, each with its start."""
    for start in range(0, max(1, len(text) - overlap), size - overlap):
        yield start, text[start : start + size]


def _likely(value: str, line: str, plugin: Any) -> bool:
    """Whether a guess is plausible: the checks that the library's own scanner makes by default."""
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
