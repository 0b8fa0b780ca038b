"""What a server has answered so far in this process, for messages when it stops answering."""

from __future__ import annotations

from collections import Counter

from lab.engine.openai.settings import ServerSettings
from lab.system import process


class ServerHistory:
    """The number of answered requests to one address, by HTTP status."""

    def __init__(self) -> None:
        self._statuses: Counter[int] = Counter()

    def add(self, status: int) -> None:
        """Counts one more answer."""
        self._statuses[status] += 1

    @property
    def answered(self) -> bool:
        """Whether the server has ever answered, in this process or before the stage was restarted."""
        return bool(self._statuses) or process.again

    def words(self) -> str:
        """What the server answered before it stopped, as a sentence; "" if it never answered."""
        if not self._statuses:
            before = "It answered before the stage was started again, and not since"
            return f" {before}: look at the server's own log." if process.again else ""
        counts = sorted(self._statuses.items())
        parts = [f"HTTP {status} to {n:,} request{'s' if n > 1 else ''}" for status, n in counts]
        said = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        return f" It answered {said}, then stopped: look at the server's own log."


def history_of(address: str) -> ServerHistory:
    """The history of an address, shared by all engines of this process that use it."""
    return _HISTORIES.setdefault(address, ServerHistory())


_HISTORIES: dict[str, ServerHistory] = {}


def advice(config: ServerSettings, fault: str, history: ServerHistory, *, silent: bool) -> str:
    """Why the stage ends, and what to do. `silent`: there was no reply to the last attempt."""
    attempts = f"{config.attempts} attempts" if config.attempts > 1 else "1 attempt"
    found = (
        f"the server at {config.address} did not answer correctly in {attempts}. Last error: {fault}."
        if history.answered
        else f"no server answers at {config.address}: {fault}."
    )
    return (
        f"{found}{history.words() if silent else ''} Start the server, for example with "
        "`python -m vllm.entrypoints.openai.api_server --model FOLDER`, or correct engine.base_url."
        f"{_SLOW if history.answered else ''} Everything finished so far is kept."
    )


_SLOW = " If it is slow or overloaded, raise engine.timeout or lower engine.concurrency."
