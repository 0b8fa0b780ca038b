"""Which problems are not independent of each other: the clusters that every interval resamples or counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lab.core.types import Problem, last_user_turn
from lab.language import twins as likely_twins
from lab.language.unicode import well_formed


def clusters_of(problems: Sequence[Problem]) -> list[str]:
    """What each of a task's problems is not independent of: its template, else its family, else only itself.

    A family that is the whole task is no cluster: the task was chosen, not drawn, and one cluster has
    no variance. Then every problem is its own. Nor is a wording that the task lists, for the same reason, or
    a relation that it lists: there the meta names a `cluster`, what the question is about (a country).
    Where a question is asked more than once (in several phrasings, or with a twin), that comes before the
    template. Problems of other data than a generator's that are likely twins (the same question with its
    numbers in another order) are in one cluster, too.
    """
    return _twins_together(problems, _named(problems))


def _twins_together(problems: Sequence[Problem], names: list[str]) -> list[str]:
    """The names, with one name for clusters that have likely twins; a generator has no twins (twins.py)."""
    first: dict[str, str] = {}
    joined: dict[str, str] = {}
    for problem, name in zip(problems, names, strict=True):
        if "generator_seed" not in problem.meta:
            here, there = (
                _root(joined, name),
                _root(joined, first.setdefault(likely_twins.key(last_user_turn(problem.messages)), name)),
            )
            joined[here] = there
    found = [_root(joined, name) for name in names]
    return found if len(set(found)) > 1 else names


def _root(joined: Mapping[str, str], name: str) -> str:
    while joined.get(name, name) != name:
        name = joined[name]
    return name


def _named(problems: Sequence[Problem]) -> list[str]:
    if any(p.meta.get("cluster") for p in problems):
        return [well_formed(str(p.meta.get("cluster") or p.id)) for p in problems]
    for name in ("pair", "fact"):
        count = Counter(str(p.meta[name]) for p in problems if p.meta.get(name))
        if max(count.values(), default=1) > 1:
            return [well_formed(str(p.meta.get(name) or _group(p))) for p in problems]
    names = [well_formed(str(_group(p))) for p in problems]
    return names if len(set(names)) > 1 else [well_formed(p.id) for p in problems]


def _group(problem: Problem) -> object:
    return _template(problem) or problem.meta.get("family") or problem.id


def _template(problem: Problem) -> object:
    """The template it was made from; None where that is only a wording of the task."""
    template = problem.meta.get("template")
    return None if template == problem.meta.get("wording") else template
