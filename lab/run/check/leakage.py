"""Checks that no model is tested on its training data.

The train and test problems of one task are always disjoint. Those of two tasks with the same file may not be:
a file that is the `train` of one and the `test` of another, or one `path` that is split in two ways. Only
tasks that share a file are examined, and then their questions are compared. Training data or a model in a
folder of an earlier run are traced back to the tasks from which they were made.
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
    task whose train problems are learned, here or in an earlier run (see `learned_before`).
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
    """(where, task) of the tasks from which the folder of a finished stage was made; none for any other
    text.
    """
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
    except InputError:  # reported elsewhere
        return frozenset()


def _settings(task: Any) -> dict[str, Any]:
    """The settings that determine the split: tasks with equal ones have disjoint train and test problems."""
    return {key: value for key, value in task.model_dump().items() if key not in ELSEWHERE}


def _overlap(task: Any, learned: Any, where: str) -> str:
    """A message about the questions that two tasks share, "" if there are none."""
    try:
        train = learned.items("train", learned.seed, None)
        test = task.items("test", task.seed, None)
    except InputError:  # reported elsewhere
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
