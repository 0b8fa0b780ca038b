"""HTTP requests to an OpenAI-compatible server, with retries and limits.

If a server is busy or broken, a request is retried a limited number of times. `Later` means that a retry may
help; after the last attempt it says whether the server is at fault (busy, not responding, not there) or this
request (it makes the server fail). What no retry can fix (a refused key, an exhausted quota, an address or
model that does not exist) raises StageError at once. `timeout` covers the complete request. The size of a
reply is limited before and after decompression.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from lab.engine.openai.server_history import advice, history_of
from lab.engine.openai.settings import ServerSettings
from lab.errors import EngineError, InputError, StageError
from lab.system.imports import absent
from lab.system.redact import basic, redacted, split_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""HTTP statuses that are retried. After the last attempt the server is at fault, not the request."""
LONGEST_WAIT = 60.0
LONGEST_ASKED = 300.0
"""Maximum seconds between two attempts: for the doubling waits, and for waits that the server requests."""
GLANCE = 5.0
"""Maximum seconds for a request that the server need not answer."""
ABSENT = 2
"""Number of attempts if a connection is refused and the server has never answered: probably a wrong address.
"""
SMALL = 1 << 20
"""Maximum bytes of a reply that is not a completion (a list of models, an error)."""
_QUOTA = (
    "insufficient_quota",
    "billing",
    "exceeded your current quota",
    "credit balance",
    "payment required",
)
_SHOWN = 500


class Later(Exception):
    """A retry may help. `wait`: the server's Retry-After in seconds. `server`: whether the server is at
    fault.

    `silent`: there was no reply. `absent`: not even a connection was made, so there may be no server.
    """

    def __init__(self, message: str, *, server: bool, wait: float | None = None) -> None:
        super().__init__(message)
        self.server, self.wait = server, wait
        self.silent = self.absent = False


class Silence(Later):
    """No complete reply arrived in time."""

    def __init__(self, message: str, *, absent: bool = False) -> None:
        super().__init__(message, server=True)
        self.silent, self.absent = True, absent


class TooLarge(Exception):
    """The reply is larger than its limit."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The server's reply: its status and its JSON. If it is not JSON, that is None and `text` has its first
    words.
    """

    status: int
    data: Any
    text: str

    @property
    def words(self) -> str:
        """Status and message of the server, without secrets, shortened."""
        said = (_words(self.data) or self.text)[: 100 * _SHOWN]
        return f"HTTP {self.status}: {redacted(said).strip()[:_SHOWN]}"


class Transport:
    """One connection pool; its methods run on the engine's event loop."""

    def __init__(self, config: ServerSettings) -> None:
        with absent("httpx._main"):  # its command line
            import httpx

        self._config, self._history = config, history_of(config.address)
        self._client = httpx.AsyncClient(
            base_url=config.address.rstrip("/") + "/",
            headers={**_authorization(config), "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(config.timeout, connect=min(30.0, config.timeout)),
            limits=httpx.Limits(max_connections=config.concurrency),
            follow_redirects=False,
            trust_env=True,
        )

    async def close(self) -> None:
        """Closes every connection."""
        await self._client.aclose()

    async def request(
        self, method: str, path: str, fields: dict[str, Any] | None, *, limit: int = SMALL
    ) -> HttpReply:
        """The reply, after as many attempts as needed; the last Later if all failed.

        `limit`: maximum bytes of the reply. Raises StageError for what no retry can fix.
        """
        from tenacity import AsyncRetrying, retry_if_exception_type

        retrying = AsyncRetrying(
            stop=self._enough,
            wait=self._wait,
            retry=retry_if_exception_type(Later),
            reraise=True,
        )
        reply: HttpReply = await retrying(self._once, method, path, fields, limit)
        return reply

    async def glance(self, url: str) -> Any:
        """The JSON at an address of the same server, for optional information: one attempt, and errors are
        ignored. None if there is none.
        """
        import httpx

        try:
            async with asyncio.timeout(GLANCE), self._client.stream("GET", url) as response:
                body = await _bounded(response, SMALL)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, TooLarge, Later):
            return None
        return _parsed(response.status_code, body).data if response.status_code == 200 else None

    async def _once(self, method: str, path: str, fields: dict[str, Any] | None, limit: int) -> HttpReply:
        import httpx

        seconds = self._config.timeout if method == "POST" else min(30.0, self._config.timeout)
        try:
            async with asyncio.timeout(seconds), self._client.stream(method, path, json=fields) as response:
                status, headers = response.status_code, response.headers
                body = await _bounded(response, limit)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Silence(f"it sent no complete reply within {seconds:g} s") from error
        except httpx.TransportError as error:
            why = redacted(str(error)) or type(error).__name__
            absent = isinstance(error, httpx.ConnectError)
            raise Silence(f"it cannot be reached ({why[:_SHOWN]})", absent=absent) from error
        except TooLarge as error:
            if method == "POST":
                return HttpReply(200, None, f"{error}")
            raise Later(str(error), server=True) from None
        reply = _parsed(status, body)
        self._history.add(status)
        if method == "POST":
            self._refusals(reply, headers)
        if status in BUSY or status >= 500:
            raise Later(reply.words, server=status in BUSY, wait=retry_after(headers))
        if method == "POST" and status == 200:
            _sound(reply)
        return reply

    def _refusals(self, reply: HttpReply, headers: Mapping[str, str]) -> None:
        """Raises StageError for a refusal that every request to this server would get."""
        at, status, key = self._config.address, reply.status, self._config.api_key_env
        if status in {401, 403}:
            has = "replace the key in" if self._config.key() else "no key was sent; put one in"
            message = (
                f"the server at {at} rejected the API key ({reply.words}): {has} the "
                f"environment variable {key}"
            )
        elif status == 402 or (status == 429 and any(word in reply.words.lower() for word in _QUOTA)):
            message = (
                f"the account at {at} has no quota left ({reply.words}); retrying does not "
                "help. Add quota or use another key"
            )
        elif status in {404, 405}:
            message = (
                f"the server at {at} has no such model or address ({reply.words}). Correct `model:` "
                "or engine.base_url, which usually ends in /v1"
            )
        elif 300 <= status < 400:
            to = redacted(split_url(headers.get("location", ""))[0])[:_SHOWN]
            message = (
                f"the server at {at} redirects to another address (HTTP {status} to '{to}'). The lab "
                "does not follow redirects, so that your key is not sent elsewhere. Set "
                "engine.base_url to the right address"
            )
        else:
            return
        raise StageError(f"{message}. Everything finished so far is kept.")

    def _wait(self, state: Any) -> float:
        """Seconds until the next attempt: as the server requested, else doubling; limited in both cases."""
        doubled = min(LONGEST_WAIT, self._config.backoff * 2.0 ** min(30, state.attempt_number - 1))
        asked: float | None = state.outcome.exception().wait
        return doubled if asked is None else min(LONGEST_ASKED, asked)

    def _enough(self, state: Any) -> bool:
        """Whether no attempt is left. There are fewer attempts if there was no connection and never a
        reply.
        """
        fault = state.outcome.exception()
        nothing = isinstance(fault, Later) and fault.absent and not self._history.answered
        most = min(ABSENT, self._config.attempts) if nothing else self._config.attempts
        return int(state.attempt_number) >= most

    def given_up(self, fault: Later) -> EngineError | StageError:
        """The error after the last attempt. Only an EngineError restarts the stage: if the server has
        answered before and more than one attempt is allowed.
        """
        again = self._history.answered and self._config.attempts > 1
        text = advice(self._config, str(fault), self._history, silent=fault.silent)
        return EngineError(text) if again else StageError(text)


def _authorization(config: ServerSettings) -> dict[str, str]:
    """The Authorization header with the key, else with the address's user and password. Raises InputError."""
    if key := config.key():
        if not key.isascii() or not key.isprintable() or " " in key:
            raise InputError(
                f"the environment variable {config.api_key_env} does not hold a valid API key: it "
                "contains a space, a line break or another character that keys never have"
            )
        return {"Authorization": f"Bearer {key}"}
    _, credentials = split_url(config.base_url)
    return {"Authorization": f"Basic {basic(*credentials)}"} if credentials else {}


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    """The decompressed bytes of the reply. Raises TooLarge as soon as there are more than `limit`."""
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) > limit:
            if response.status_code >= 400:
                return bytes(found[:limit])
            raise TooLarge(f"its reply is larger than {limit / 2**20:.1f} MiB")
    coding = response.headers.get("content-encoding", "identity").lower()
    if coding == "identity":
        return bytes(found)
    if coding not in ("gzip", "deflate"):
        raise Later(f"its reply uses the encoding '{coding[:20]}', which was not requested", server=False)
    try:
        unpacked = zlib.decompressobj(47).decompress(bytes(found), limit + 1)
    except zlib.error as error:
        raise Later(f"its reply cannot be decompressed ({error})", server=False) from error
    if len(unpacked) > limit:
        raise TooLarge(f"its decompressed reply is larger than {limit / 2**20:.1f} MiB")
    return unpacked


def _parsed(status: int, body: bytes) -> HttpReply:
    text = body.decode("utf-8", "replace")
    try:
        return HttpReply(status, json.loads(text), "")
    except (ValueError, RecursionError):
        return HttpReply(status, None, text[: 4 * _SHOWN])


def _sound(reply: HttpReply) -> None:
    """Raises Later if a reply of status 200 contains an error or is not JSON."""
    if reply.data is None:
        raise Later(f"its reply is not valid JSON: {reply.words.partition(': ')[2][:100]!r}", server=False)
    if isinstance(reply.data, dict) and reply.data.get("error") and not reply.data.get("choices"):
        raise Later(reply.words, server=False)


def _words(data: Any) -> str:
    """The message in an error's JSON, in the formats that servers use."""
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return _said(error)
    words = _said(error.get("message") or error.get("detail") or error)
    kind = error.get("code") or error.get("type") or ""
    return f"{words} ({kind})" if isinstance(kind, str) and kind and kind not in words else words


def _said(value: Any) -> str:
    try:
        return value if isinstance(value, str) else "" if value is None else json.dumps(value)
    except (ValueError, RecursionError):
        return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header requests, as a number or a date; None if it is neither."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            seconds = float(milliseconds) / 1000
        else:
            seconds = _seconds(headers["retry-after"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return max(0.0, seconds) if isfinite(seconds) else None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return parsedate_to_datetime(text).timestamp() - time.time()
