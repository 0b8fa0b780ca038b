"""The parts of a stage that runs on a cluster: one folder for each finished shard, in the stage's folder.

    .parts/000000000000-000000000064/             a finished shard
    .parts/.000000000064-000000000128.w3.tmp/     a shard that worker w3 writes

A part gets its name by one rename, so it is complete or absent. If two workers finish the same shard (one was
believed lost), the first rename counts and the other copy is thrown away; both have the same content. The
folder must be shared by all machines.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from lab.core.bank.cluster.places import PARTS, attempt_folder
from lab.core.shards import Shard
from lab.errors import StageError
from lab.system.files import private_folder

LEARNING = Shard(10**12 - 2, 10**12 - 1)
"""Stands for what one worker does before all shards; it has no problems of the stage."""
PATIENCE = 60.0
"""Seconds until a part that another machine has finished must be visible here."""


class Parts:
    """The parts of the stage in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._stage, self.folder = folder, folder / PARTS

    def finished(self) -> list[Shard]:
        """The finished shards in order. Of two that overlap, the later one is removed."""
        if not self.folder.is_dir():
            return []
        named = (Shard.parse(path.name) for path in self.folder.iterdir())
        found = sorted(shard for shard in named if shard and shard != LEARNING)
        kept: list[Shard] = []
        for shard in found:
            if kept and shard.start < kept[-1].end:
                shutil.rmtree(self.part(shard))
            else:
                kept.append(shard)
        return kept

    @property
    def learned(self) -> bool:
        """Whether LEARNING is done."""
        return self.part(LEARNING).is_dir()

    def part(self, shard: Shard) -> Path:
        """The folder of a finished shard."""
        return self.folder / str(shard)

    def begin(self, shard: Shard, worker: str) -> Path:
        """A new folder in which a worker writes a shard. No other worker ever had this name."""
        folder = attempt_folder(self._stage, shard, worker)
        private_folder(folder)
        return folder

    def commit(self, written: Path, shard: Shard) -> None:
        """Gives a shard that is completely written its name, unless another worker was faster."""
        try:
            written.rename(self.part(shard))
        except OSError:
            if not self.part(shard).is_dir():
                raise
            shutil.rmtree(written, ignore_errors=True)

    def wait_for(self, shard: Shard) -> Path:
        """The folder of a shard that another machine has finished. Raises StageError if it never appears."""
        part, last = self.part(shard), time.monotonic() + PATIENCE
        while not part.is_dir():
            if time.monotonic() > last:
                raise StageError(
                    f"a worker has finished the problems {shard.start} to {shard.end - 1}, but {part} is not "
                    "visible here. The folder of runs (--runs) must be on a file system that all machines "
                    "of the cluster share"
                )
            time.sleep(0.05)
        return part

    def remove(self) -> None:
        """Removes all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)
