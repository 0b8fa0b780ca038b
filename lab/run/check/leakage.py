"""What is trained on is not tested on.

Every task keeps its own train and test problems apart. Two tasks over one file need not: a file that is the
`train` of one and the `test` of another, or one `path` split in two ways. Only tasks that share a file are
looked at, and then their questions are really compared. Training data or a model that an earlier run left
in a folder is followed back to the tasks it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from lab.errors import InputError
from lab.formats.manifest import manifest_of
from lab.run.check.references import is_folder
from lab.run.folders.lineage import lineage, tasks_of
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path

ELSEWHERE = {
    *("name", "limit", "seed", "max_tokens", "test_set", "checker", "bands", "licence"),
    *("system", "few_shot", "instruction", "answer_format", "wording"),
}
"""Options of a task that do not move a question from train to test."""


def shared(tested: Iterable[tuple[Path, Any]], trained: Iterable[tuple[str, Any]]) -> Iterator[Mistake]:
    """Test tasks whose questions are among training problems.

    `tested`: (place, task) of every task whose test problems are answered; `trained`: (where, task) of every
    task whose train problems are learned from, here or in a run before (see `learned_before`).
    """
    sources = lru_cache(maxsize=None)(_sources)
    learned_tasks = list(trained)
    for path, task in tested:
        for where, learned in learned_tasks:
            alike = not sources(task) & sources(learned) or _settings(task) == _settings(learned)
            if not alike and (message := _overlap(task, learned, where)):
                yield path, message
                break


def learned_before(folder: str) -> Iterator[tuple[str, Any]]:
    """(where, task) of the tasks that a folder of a finished stage was made from; none for any other text."""
    if not is_folder(folder):
        return
    place = File(folder).expanduser().resolve()
    for made in lineage(place.parent if place.name == "model" else place):
        manifest = manifest_of(made) or {}
        if manifest.get("kind") in ("generate", "train"):
            yield from ((f"'{folder}', made earlier", task) for task in tasks_of(manifest))


def _sources(task: Any) -> frozenset[str]:
    """SHA-256 of the local files behind a task."""
    try:
        return frozenset(task.digest_inputs().values()) if task.gives == "problem" else frozenset()
    except InputError:  # told elsewhere
        return frozenset()


def _settings(task: Any) -> dict[str, Any]:
    """What decides the sides: tasks that are equal in it keep them apart between them as within them."""
    return {key: value for key, value in task.model_dump().items() if key not in ELSEWHERE}


def _overlap(task: Any, learned: Any, where: str) -> str:
    """What two tasks share, "" if nothing."""
    try:
        train = learned.items("train", learned.seed, None)
        test = task.items("test", task.seed, None)
    except InputError:  # told elsewhere
        return ""
    known = {item.where for item in train if item.where} | {_plain(item.question) for item in train}
    found = [item for item in test if item.where in known or _plain(item.question) in known]
    if not found:
        return ""
    place = f" ({found[0].where})" if found[0].where else ""
    return (
        f"{len(found):,} of its {len(test):,} test questions are also training problems of "
        f"{where}, for example {found[0].question[:60]!r}{place}. A model must not be "
        "tested on its training data. Give both stages the same task, which splits its "
        "questions into train and test (test_fraction), or use two different files"
    )


def _plain(question: str) -> str:
    return " ".join(question.casefold().split())
