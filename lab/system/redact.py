"""Removes secrets (keys, passwords, tokens) from what is shown or stored.

This module knows this process's secrets (`learn`) and the patterns of secrets (`PATTERNS`). Everything shown
or stored goes through `redacted` (a text) or `redacted_data` (a value, in which entries with names such as
`api_key` are removed whatever their value). A secret of fewer than SHORTEST characters is not searched for in
texts, because it would match ordinary words.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

MARK = "[redacted]"
REVEAL = {"secrets": "reveal"}
"""The context of a `model_dump` that includes secrets: for the stage's own process."""
SHORTEST = 6
"""Minimum number of characters of a secret that is searched for in texts."""

_NAMES = (
    r"(?:[\w-]*[_-])?(?:api[_-]?key|secret(?:[_-]?key)?|password|passwd|passphrase|authorization|credentials?"
    r"|private[_-]?key|access[_-]?key|cookie)"
    r"|(?:(?:access|auth|api|bearer|refresh|session|id|hf|x)[_-])?token"
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
_ENVIRONMENT = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)$")
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=://)[^\s/@:\"']*:[^\s/@\"']+(?=@)"), MARK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MARK}"),
    (re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}"), MARK),
    (re.compile(r"\b(?:hf|gh[pousr]|github_pat|xox[abprs])[_-][A-Za-z0-9_-]{10,}"), MARK),
    (
        re.compile(
            r"(?i)((?:api[_-]?key|secret|passw(?:or)?d|passphrase|authorization|(?:access|auth)[_-]?token)"
            r"[\"']?\s*[:=]\s*[\"']?)(?!\[)[^\s\"',}\]]{4,}"
        ),
        rf"\1{MARK}",
    ),
)
"""URL credentials, Authorization headers, keys with a well-known beginning, and `api_key: ...` as text."""

_known: set[str] = set()


def learn(*secrets: str) -> None:
    """Adds secrets of this process, in all forms in which they may be repeated."""
    for secret in secrets:
        for form in (secret, secret.strip()):
            _known.update({form, quote(form, safe=""), unquote(form), json.dumps(form)[1:-1]})


def learn_environment() -> None:
    """Adds the values of environment variables whose names end in KEY, TOKEN, SECRET or PASSWORD."""
    learn(*(value for name, value in os.environ.items() if value and _ENVIRONMENT.search(name)))


def redacted(text: str) -> str:
    """The text without known secrets and without what looks like one."""
    return _patterned(hidden(text))


def hidden(text: str) -> str:
    """The text without known secrets; what only looks like one stays (a model may write `sk-...`)."""
    return without(text, _known)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, the longest first."""
    for secret in sorted((s for s in secrets if len(s) >= SHORTEST), key=len, reverse=True):
        text = text.replace(secret, MARK)
    return text


def redacted_data(value: Any, *, learnt: bool = True) -> Any:
    """Plain data without secrets, at any depth: entries with a secret's name, and secrets in texts.

    `learnt` False does not remove secrets from texts that only this process knows: equal data then always
    give equal results, whatever was learnt.
    """
    if isinstance(value, Mapping):
        return {
            key: MARK
            if is_secret_name(str(key)) and entry not in (None, "")
            else redacted_data(entry, learnt=learnt)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted_data(entry, learnt=learnt) for entry in value]
    if isinstance(value, str):
        return redacted(value) if learnt else _patterned(value)
    return value


def is_secret_name(name: str) -> bool:
    """Whether the value of a key with this name is a secret: api_key, auth_token, password, authorization,
    ...
    """
    return bool(_SECRET_NAME.fullmatch(name))


def secrets_in(value: Any, name: str = "") -> Iterable[str]:
    """The secrets in plain data: texts with a secret's name, and those that look like one."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from secrets_in(entry, name if is_secret_name(name) else str(key))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from secrets_in(entry, name)
    elif isinstance(value, str) and (is_secret_name(name) or _patterned(value) != value):
        yield value
        yield from value.split()[1:]  # the key itself in "Bearer KEY"


def split_url(url: str) -> tuple[str, tuple[str, str] | None]:
    """(the address without credentials, (user, password) or None)."""
    parts = urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    if not credentials:
        return url, None
    user, _, password = credentials.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(user), unquote(password))


def basic(user: str, password: str) -> str:
    """The credentials in the form of an Authorization header of type Basic."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


class Redacting:
    """A text stream that writes to another one without secrets; for standard output and error."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(redacted(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _patterned(text: str) -> str:
    for pattern, mark in PATTERNS:
        text = pattern.sub(mark, text)
    return text
