"""One shard in progress: its log, and where the completions of its problems are in it.

Only keys and offsets are in memory; the log has the completions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab.core.bank.cluster.committed import stored_of
from lab.core.bank.cluster.log import ShardLog, scan_file
from lab.core.bank.cluster.places import LOG, problem_of
from lab.core.bank.cluster.shard_file import ProblemEntry, write_shard_file
from lab.core.bank.entry import Entry
from lab.core.bank.samples import Stored


class OpenShard:
    """The log in `folder` of a shard of `stage`. It begins with what an earlier log there has.

    Raises OSError.
    """

    def __init__(self, stage: Path, folder: Path) -> None:
        self._stage = stage
        self.damaged = 0
        """The number of damaged entries that were found in logs."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / LOG
        self._log = ShardLog(self._path)
        self._places: dict[bytes, tuple[str, int]] = {}
        for at, entry in self._log.entries():
            problem = None if entry is None else problem_of(entry[1], stage)
            self.damaged += problem is None
            if entry is not None and problem is not None:
                self._places[entry[0]] = problem, at

    def take_over(self, path: Path, problems: frozenset[str] | None) -> None:
        """Copies the completions of these problems (None: of all) from the log of another worker."""
        try:
            for entry in scan_file(path):
                problem = None if entry is None else problem_of(entry[1], self._stage)
                self.damaged += problem is None
                if entry is not None and problem is not None and (problems is None or problem in problems):
                    self._take(problem, entry)
        except FileNotFoundError:
            return
        finally:
            self._log.flush()

    def _take(self, problem: str, entry: Entry) -> None:
        """Copies an entry, unless it is here, or one with numbers that it lacks."""
        mine, other = self.find(entry[0]), stored_of(entry)
        if other is None:
            self.damaged += 1
        elif not mine or (mine[0] != other and other.asked() == mine[0].asked() | other.asked()):
            self.put(problem, entry)

    def put(self, problem: str, entry: Entry) -> None:
        """Appends a completion of this problem."""
        self._places[entry[0]] = problem, self._log.append(entry)

    def find(self, key: bytes) -> list[Stored]:
        """The completion under this key, or none."""
        place = self._places.get(key)
        if place is None:
            return []
        entry = self._log.at(place[1])
        found = stored_of(entry) if entry is not None and entry[0] == key else None
        if found is None:
            self.damaged += 1
            del self._places[key]
            return []
        return [found]

    def flush(self) -> None:
        """Writes what was appended, so that it survives this process."""
        self._log.flush()

    def finish(self, destination: Path) -> None:
        """Writes all completions to a file, unless it is there already, and removes the log."""
        self._log.flush()
        if self._places and not destination.exists():
            write_shard_file(destination, self._sorted())
        self._log.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the log and keeps it."""
        self._log.close()

    def _sorted(self) -> Iterator[ProblemEntry]:
        places = sorted((problem, key, at) for key, (problem, at) in self._places.items())
        for problem, key, at in places:
            entry = self._log.at(at)
            if entry is not None and entry[0] == key:
                yield problem, entry
            else:
                self.damaged += 1
