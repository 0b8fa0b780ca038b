"""What kind of file system a path is on."""

from __future__ import annotations

import re
from pathlib import Path

_LOCAL = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay"))
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def is_local(path: Path) -> bool:
    """Whether a path is on a disk of this computer, as far as is known; False if it cannot be told."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    kinds = dict(found for line in lines if (found := _mount(line)))
    path = path.absolute().resolve()
    return next((kinds[folder] in _LOCAL for folder in (path, *path.parents) if folder in kinds), False)


def _mount(line: str) -> tuple[Path, str] | None:
    """The folder of a mount and the kind of its file system."""
    place, dash, kind = line.partition(" - ")
    words = place.split()
    if not dash or len(words) < 5 or not kind:
        return None
    return Path(_ESCAPE.sub(lambda code: chr(int(code[1], 8)), words[4])), kind.split()[0]
