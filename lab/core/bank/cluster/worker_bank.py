"""The bank of one worker on a cluster.

Completions of the shards that it has open are appended to one log per shard. A finished shard becomes a
Parquet file, which never changes. When a shard is opened, the worker takes over what others left in logs of
the same problems, and looks up which files of finished shards have these problems. Nothing is shared but
files, none of which has two writers, so any shared file system is good enough.

Lost or damaged files only cost time: what is not found is generated again. Memory: the keys of open shards,
and a cache of fixed size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab.core.bank.cluster.beside import BesideBank
from lab.core.bank.cluster.catalogue import BankCatalogue
from lab.core.bank.cluster.committed import CommittedShards
from lab.core.bank.cluster.open_shard import OpenShard
from lab.core.bank.cluster.places import bank_file, finished_shards, logs, problem_of
from lab.core.bank.entry import entry_of, rounded
from lab.core.bank.samples import Asked, Banked, Stored, asked_by, first_giving
from lab.core.shards import Shard
from lab.core.types import Completion
from lab.errors import BankError


class ShardBank:
    """The `CompletionStore` of a worker that does shards of the stage in the folder `stage`.

    `beside`: the SQLite bank of the same runs, which is read if it is on a disk of this computer. `tell`
    receives each message for the user. Only one thread may use it. Methods that write raise OSError, for
    example for a full disk.
    """

    def __init__(
        self, stage: Path, *, beside: Path | None = None, tell: Callable[[str], None] = lambda text: None
    ) -> None:
        self._stage, self._tell = stage, tell
        self._beside = BesideBank(beside, tell)
        self._catalogue = BankCatalogue(stage.parent.parent, without=stage)
        self._finished = finished_shards(stage)
        self._committed = CommittedShards()
        self._open: dict[Shard, OpenShard] = {}
        self._files: dict[Shard, dict[str, list[Path]]] = {}
        self._homes: dict[str, list[Shard]] = {}
        self._closed_damaged = self._homeless = 0

    @property
    def former(self) -> bool:
        """See `CompletionStore`; only an SQLite bank can have older keys."""
        return self._beside.former

    @property
    def damaged(self) -> int:
        """The number of damaged files and entries found so far; each is treated as absent."""
        read = self._beside.damaged + self._catalogue.damaged + self._committed.damaged
        return read + self._closed_damaged + sum(opened.damaged for opened in self._open.values())

    def open_shard(self, shard: Shard, problems: Sequence[str], folder: Path) -> None:
        """From now on, completions of these problems are stored in `folder`, the worker's own for this
        shard.
        """
        if shard in self._open:
            raise BankError(f"the shard {shard} is open already")
        opened = OpenShard(self._stage, folder)
        try:
            wanted = frozenset(problems)
            for log in self._logs_for(shard):
                if log.parent != folder:
                    opened.take_over(log, wanted)
            files = self._files_for(shard, problems)
        except BaseException:
            opened.close()
            raise
        self._open[shard], self._files[shard] = opened, files
        for problem in wanted:
            self._homes.setdefault(problem, []).append(shard)

    def finish_shard(self, shard: Shard) -> None:
        """Writes the completions of a shard to its file and forgets them. The file of another worker that
        has finished the same shard stays.
        """
        opened = self._of(shard)
        opened.finish(bank_file(self._stage, shard))
        self._forget(shard)

    def abandon_shard(self, shard: Shard) -> None:
        """Forgets a shard that another worker does, too. Its log stays until its folder is removed."""
        try:
            self._of(shard).close()
        finally:
            self._forget(shard)

    def get(
        self,
        key: bytes,
        *,
        problem: str,
        logprobs: bool = False,
        certainty: bool = False,
        former: bytes | None = None,
    ) -> Banked | None:
        """See `CompletionStore`."""
        found = first_giving(self._stored(key, problem), logprobs, certainty)
        if found is None and former is not None and self.former:
            found = first_giving(self._beside.find(former), logprobs, certainty)
        return found

    def asked(self, key: bytes, *, problem: str) -> Asked:
        """See `CompletionStore`."""
        return asked_by(self._stored(key, problem))

    def put(
        self,
        key: bytes,
        completion: Completion,
        owner: str,
        *,
        certainty: bool = False,
        logprobs: bool = False,
    ) -> Completion:
        """See `CompletionStore`. A completion of a shard that is no longer open is not stored."""
        entry = entry_of(key, completion, owner, certainty, logprobs)
        problem = problem_of(owner, self._stage)
        if problem is None:
            raise BankError(f"a completion of '{owner}' does not belong to the stage in {self._stage}")
        if homes := self._homes.get(problem):
            self._open[homes[-1]].put(problem, entry)
        else:
            self._homeless += 1
        return rounded(completion)

    def commit(self) -> None:
        """See `CompletionStore`."""
        for opened in self._open.values():
            opened.flush()

    def close(self) -> None:
        """Abandons all open shards and reports what was damaged. It can be called more than once."""
        for shard in list(self._open):
            self.abandon_shard(shard)
        if damaged := self.damaged:
            self._tell(
                f"{self._stage}: {damaged:,} damaged or incomplete entries and files of the bank were "
                "ignored; those completions were generated again"
            )
        if self._homeless:
            self._tell(f"{self._homeless:,} completions of abandoned shards were not stored")
        self._beside.close()
        self._beside.damaged = self._catalogue.damaged = self._committed.damaged = 0
        self._closed_damaged = self._homeless = 0

    def _stored(self, key: bytes, problem: str) -> Iterator[Stored]:
        """The entries under a key: this worker's, those of the SQLite bank, those of finished shards."""
        homes = self._homes.get(problem, ())
        for shard in reversed(homes):
            yield from self._open[shard].find(key)
        yield from self._beside.find(key)
        for shard in homes:
            yield from self._committed.find(self._files[shard].get(problem, ()), problem, key)

    def _logs_for(self, shard: Shard) -> list[Path]:
        """The logs that may have completions of a shard; none are needed if its file is there."""
        finished = bank_file(self._stage, shard).exists()
        return [] if finished else [log for _, log in logs(self._stage, shard)]

    def _files_for(self, shard: Shard, problems: Sequence[str]) -> dict[str, list[Path]]:
        """Problem -> the files that may have completions of it: those of this stage, then those of others."""
        same = dict.fromkeys(other for other in (shard, *self._finished) if shard.overlaps(other))
        own = [path for other in same if (path := bank_file(self._stage, other)).exists()]
        others = self._catalogue.files_for(problems)
        return {problem: found for problem in problems if (found := own + others.get(problem, []))}

    def _of(self, shard: Shard) -> OpenShard:
        if shard not in self._open:
            raise BankError(f"the shard {shard} is not open")
        return self._open[shard]

    def _forget(self, shard: Shard) -> None:
        self._closed_damaged += self._open.pop(shard).damaged
        del self._files[shard]
        for problem in [name for name, homes in self._homes.items() if shard in homes]:
            self._homes[problem].remove(shard)
            if not self._homes[problem]:
                del self._homes[problem]
