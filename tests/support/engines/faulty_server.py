"""A server on loopback that speaks the chat-completions protocol, well or badly, as its path says.

It writes to bare sockets, so that it can also break off, drip, answer garbage or a bomb. Every mode gets the
number of the request (from 1), its headers and its JSON, and gives a `Said`. Some repeat the keys they were
sent, as careless servers do.
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

USAGE = {"prompt_tokens": 10, "completion_tokens": 5}
DEAD_FOR = 0.6
"""Seconds for which the mode "dies" is gone."""


@dataclass
class Said:
    """One reply: `body` as JSON, or bytes as they are; `raw` replaces all of it.

    Seconds: `wait` before it, `drip` after each byte. `reset` breaks the connection off instead.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    drip: float = 0.0
    wait: float = 0.0
    reset: bool = False


def chat(content: Any = "The answer is 7.", usage: Any = USAGE, **choice: Any) -> dict[str, Any]:
    """A well-formed reply; `choice` adds to its only choice, `message` to that one's message."""
    message = {"role": "assistant", "content": content, **choice.pop("message", {})}
    entry = {"index": 0, "message": message, "finish_reason": "stop", **choice}
    return {"choices": [entry], **({} if usage is None else {"usage": usage})}


def error(status: int, message: Any, **more: Any) -> Said:
    """An error in the protocol's form."""
    headers = more.pop("headers", {})
    return Said({"error": {"message": message, **more}}, status, headers)


def scored(value: Any, count: int = 5) -> dict[str, Any]:
    """A choice's log-probabilities, all of one value."""
    return {"content": [{"token": "x", "logprob": value, "top_logprobs": []}] * count}


def text(body: str) -> Said:
    """JSON that Python would not write."""
    return Said(body.encode())


def used(prompt: str, completion: str) -> Said:
    return text(
        '{"choices":[{"message":{"content":"7"},"finish_reason":"stop"}],'
        f'"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion}}}}}'
    )


class FaultyServer:
    """Serves until the block ends; `count` is how often each mode was asked, `bodies` what was asked."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._lock, self._died = threading.Lock(), 0.0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._socket.getsockname()[1]
        self._closing = threading.Event()

    def __enter__(self) -> FaultyServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._socket.close()

    def url(self, mode: str, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.port}/{mode}/v1"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            connection.settimeout(60)
            path, headers, body = _read(connection)
            mode = path.split("/")[1]
            if path.endswith("/models"):
                self._send(connection, self._models(mode))
                return
            if path.endswith("/version"):
                self._send(connection, error(404, "not found"))
                return
            with self._lock:
                self.count[mode] += 1
                number = self.count[mode]
                self.bodies.append(json.loads(body))
                self.keys.append(headers.get("authorization", ""))
            self._send(connection, self._reply(mode, number, headers, json.loads(body)))

    def _models(self, mode: str) -> Said:
        if mode == "models-deep":
            return Said(b"[" * 200_000)
        if mode == "models-weird":
            return Said({"data": {"a": [1]}})
        return Said({"data": [{"id": "gpt-tiny", "owned_by": "me"}, {"id": "other"}]})

    def _reply(self, mode: str, number: int, headers: dict[str, str], body: dict[str, Any]) -> Said:
        if mode == "dies":
            if number > 3 and not self._died:
                self._died = time.monotonic()
            gone = self._died and time.monotonic() - self._died < DEAD_FOR
            return Said(reset=True) if gone else Said(chat())
        return MODES[mode](number, headers, body)

    def _send(self, connection: socket.socket, said: Said) -> None:
        self._closing.wait(said.wait)
        if said.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        data = said.raw or _http(said)
        if not said.drip:
            connection.sendall(data)
            return
        for byte in data:
            connection.sendall(bytes([byte]))
            if self._closing.wait(said.drip):
                return


def _read(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    """Path, headers by lower-case name, and body of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += (more := connection.recv(65536))
        if not more:
            raise ValueError
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return first.split(" ")[1], headers, body


def _http(said: Said) -> bytes:
    data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **said.headers}.items())
    return f"HTTP/1.1 {said.status} X\r\n{lines}\r\n".encode() + data


@cache
def bomb() -> bytes:
    """200 MB of nothing, in 200 KB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(10_000_000)) for _ in range(20)), packer.flush()])


def _echo(status: int) -> Callable[..., Said]:
    def reply(number: int, headers: dict[str, str], body: dict[str, Any]) -> Said:
        sent = f"{headers.get('authorization', '')} {json.dumps(body.get('api_key', ''))}"
        if status == 200:
            return Said(chat(f"I was sent {sent}. The answer is 1.", message={"reasoning": f"hm, {sent}"}))
        return error(status, f"Incorrect API key provided: {sent}")

    return reply


def _fixed(said: Said | dict[str, Any]) -> Callable[..., Said]:
    return lambda number, headers, body: said if isinstance(said, Said) else Said(said)


def _without(field: str, message: str) -> Callable[..., Said]:
    """Refuses a field wherever it is sent."""
    return lambda number, headers, body: error(400, message) if field in body else Said(chat())


def _after(retry: Callable[[], str], status: int = 429) -> Callable[..., Said]:
    """Busy once, with a Retry-After."""

    def reply(number: int, headers: dict[str, str], body: dict[str, Any]) -> Said:
        again = {"Retry-After": retry()}
        return error(status, "slow down", headers=again) if number == 1 else Said(chat())

    return reply


def _date() -> str:
    return email.utils.formatdate(time.time() + 2, usegmt=True)


HALF = json.dumps(chat()).encode()
MODES: dict[str, Callable[..., Said]] = {
    "ok": _fixed(chat()),
    # refused, busy, gone
    "401": _echo(401),
    "403": _fixed(error(403, "not yours")),
    "400": _fixed(error(400, "the request is wrong")),
    "400-weird": _fixed(error(400, {"a": [1] * 1000})),
    "404": _fixed(Said(b"<html>404 not found</html>", 404)),
    "quota": _fixed(error(429, "You exceeded your current quota", code="insufficient_quota")),
    "429": _fixed(error(429, "slow down")),
    "429-nan": _fixed(error(429, "slow down", headers={"Retry-After": "nan"})),
    "429-negative": _fixed(error(429, "slow down", headers={"Retry-After": "-1e9"})),
    "429-date": _after(_date),
    "429-garbage": _after(lambda: "soon"),
    "500": _fixed(Said(b"oops", 500)),
    "500-half": lambda n, h, b: Said(b"oops", 500) if n % 2 else Said(chat()),
    "503": _fixed(Said(b"\x1b[31mred\x1b[0m" + b"y" * 5000, 503)),
    "hang": _fixed(Said(chat(), wait=30)),
    "drip": _fixed(Said(chat(), drip=0.05)),
    "reset": _fixed(Said(reset=True)),
    "half": _fixed(Said(raw=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * len(HALF)) + HALF)),
    "garbage": _fixed(Said(raw=b"\x00\xff" * 1000)),
    "long-headers": _fixed(Said(raw=b"HTTP/1.1 200 OK\r\nX-A: " + b"y" * 500_000 + b"\r\n\r\n")),
    "continue": _fixed(Said(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    "redirect": _fixed(Said(b"", 302, {"Location": "http://127.0.0.2:9/steal"})),
    # not an answer
    "html": _fixed(Said(b"<html>gateway</html>")),
    "bad-json": _fixed(text('{"choices": [')),
    "empty": _fixed(Said(b"")),
    "204": _fixed(Said(b"", 204)),
    "list": _fixed(Said([1, 2, 3])),
    "null": _fixed(text("null")),
    "error-200": _fixed(Said({"error": {"message": "upstream overloaded", "code": 502}})),
    "no-choices": _fixed({"choices": [], "usage": USAGE}),
    "deep": _fixed(Said(b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    "many-digits": _fixed(used("9" * 5000, "5")),
    "large": _fixed(chat("x" * 10_000_000)),
    "gzip-bomb": lambda n, h, b: Said(bomb(), headers={"Content-Encoding": "gzip"}),
    "brotli": _fixed(Said(b"\x0b\x02\x80", headers={"Content-Encoding": "br"})),
    "dict-content": _fixed(chat({"a": 1})),
    "int-content": _fixed(chat(7)),
    "tool-call": _fixed(chat(None, finish_reason="tool_calls", message={"tool_calls": [{"id": "1"}]})),
    "filter": _fixed(chat("I", finish_reason="content_filter")),
    "finish-unknown": _fixed(chat(finish_reason="tired")),
    "finish-list": _fixed(chat(finish_reason=["stop"])),
    "finish-none": _fixed(chat(None, finish_reason=None)),
    # numbers that cannot be
    "usage-none": _fixed(chat(usage=None)),
    "usage-zero": _fixed(chat(usage={"prompt_tokens": 0, "completion_tokens": 0})),
    "usage-negative": _fixed(used("-10", "-5")),
    "usage-huge": _fixed(used("10", str(10**25))),
    "usage-int64": _fixed(used(str(2**62), str(2**62))),
    "usage-text": _fixed(used('"ten"', "5")),
    "usage-float": _fixed(used("1e308", "1.5")),
    "usage-infinite": _fixed(used("Infinity", "NaN")),
    "usage-second": lambda n, h, b: used("10", str(10**25)) if n == 2 else Said(chat()),
    "usage-once": lambda n, h, b: used("10", str(10**25)) if n == 2 else Said(chat()),
    "ids-large": _fixed(chat(token_ids=[2**40])),
    "ids-negative": _fixed(chat(token_ids=[-1])),
    # odd, but an answer
    "list-content": _fixed(
        chat(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "9?"}]},
                {"type": "text", "text": "7"},
            ]
        )
    ),
    "eos": _fixed(chat(finish_reason="eos_token")),
    "upper": _fixed(chat(finish_reason="STOP")),
    "finish-null": _fixed(chat(finish_reason=None)),
    "surrogate": _fixed(
        text(
            '{"choices":[{"message":{"content":"\\ud800 7\\u0000"},"finish_reason":"stop"}],"usage":'
            '{"prompt_tokens":10,"completion_tokens":5}}'
        )
    ),
    "logprob-nan": _fixed(chat(logprobs=scored(float("nan")))),
    "logprob-infinite": _fixed(chat(logprobs=scored(float("-inf")))),
    "logprob-positive": _fixed(chat(logprobs=scored(3.0))),
    "logprob-none": _fixed(chat(logprobs=None)),
    "models-deep": _fixed(chat()),
    "models-weird": _fixed(chat()),
    # parameters
    "no-max-tokens": _without(
        "max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."
    ),
    "no-seed": _without("seed", "Unrecognized request argument supplied: seed"),
    "no-logprobs": _without("logprobs", "logprobs is not supported for this model"),
    "no-temperature": lambda n, h, b: (
        error(400, "Unsupported value: 'temperature' does not support 0.8 with this model.")
        if b.get("temperature", 1) != 1
        else Said(chat())
    ),
    "context": _fixed(error(400, "This model's maximum context length is 16 tokens.")),
    "echo": _echo(200),
    "echo-400": _echo(400),
    "echo-500": _echo(500),
}


def serving() -> Iterator[FaultyServer]:
    """For a fixture."""
    with FaultyServer() as server:
        yield server
