"""HTTP to an OpenAI-compatible server, with patience: a busy or broken one is asked again, within bounds.

`Later` is what is worth another attempt; after the last one it says whose fault it is: the server's (busy,
hanging, not there) or this request's (it makes the server fail). A refused key raises EngineError at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lab.core.errors import EngineError

if TYPE_CHECKING:
    import httpx

    from lab.engine.openai import OpenAIConfig

BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that say "later": tried again, and in the end the server's fault, not the request's."""
LONGEST_WAIT = 60.0


class Later(Exception):
    """Worth another attempt; `wait` is the server's Retry-After in seconds, `server` whose fault it is."""

    def __init__(self, message: str, *, server: bool, wait: float | None = None) -> None:
        super().__init__(message)
        self.server, self.wait = server, wait


class Transport:
    """One connection pool; its methods belong to the engine's event loop."""

    def __init__(self, config: OpenAIConfig) -> None:
        import httpx

        self._config = config
        key = os.environ.get(config.api_key_env, "")
        self._client = httpx.AsyncClient(
            base_url=config.base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(config.timeout, connect=min(30.0, config.timeout)),
            limits=httpx.Limits(max_connections=config.concurrency),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def request(self, method: str, path: str, fields: dict[str, Any] | None) -> httpx.Response:
        """The reply, after as many attempts as it takes; the last Later if all were in vain."""
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._config.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(Later),
            reraise=True,
        )
        reply: httpx.Response = await retrying(self._once, method, path, fields)
        return reply

    async def _once(self, method: str, path: str, fields: dict[str, Any] | None) -> httpx.Response:
        import httpx

        try:
            reply = await self._client.request(method, path, json=fields)
        except httpx.TimeoutException as error:
            raise Later(f"no answer within {self._config.timeout:g} s", server=True) from error
        except httpx.TransportError as error:
            raise Later(f"cannot be reached ({error or type(error).__name__})", server=True) from error
        if reply.status_code in {401, 403}:
            raise EngineError(
                f"the server at {self._config.base_url} refuses the key ({message(reply)}): put a valid one "
                f"into the environment variable {self._config.api_key_env}"
            )
        if reply.status_code in BUSY or reply.status_code >= 500:
            raise Later(message(reply), server=reply.status_code in BUSY, wait=_retry_after(reply))
        if method == "POST" and reply.status_code == 200:
            json_of(reply)
        return reply

    def _wait(self, state: Any) -> float:
        """Seconds until the next attempt: the server's Retry-After, else doubling."""
        fault = state.outcome.exception()
        doubled: float = self._config.backoff * 2.0 ** (state.attempt_number - 1)
        asked: float | None = fault.wait
        return min(LONGEST_WAIT, doubled if asked is None else max(asked, 0.0))

    def advice(self, fault: str) -> str:
        return (
            f"the server at {self._config.base_url} is of no use: {fault} "
            f"({self._config.attempts} attempts). Start it, for example with "
            "`python -m vllm.entrypoints.openai.api_server --model FOLDER`, or correct engine.base_url; "
            "if it is slow or overloaded, raise engine.timeout or lower engine.concurrency. "
            "Everything finished so far is kept."
        )


def json_of(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError as error:
        raise Later(f"its reply is not JSON ({error})", server=False) from error


def message(reply: httpx.Response) -> str:
    """Status and the server's own words, shortened."""
    try:
        data = reply.json()
        error = data.get("error", data)
        text = error.get("message", error) if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        text = reply.text
    return f"HTTP {reply.status_code}: {str(text).strip()[:500]}"


def _retry_after(reply: httpx.Response) -> float | None:
    """Seconds from a Retry-After header (the date form is left to our own backoff)."""
    try:
        return float(reply.headers["retry-after"])
    except (KeyError, ValueError):
        return None
