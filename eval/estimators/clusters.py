"""Clusters: problems that are not independent of each other, as used by every interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lab.core.types import Problem, last_user_turn
from lab.language import twins as likely_twins
from lab.language.unicode import well_formed


def clusters_of(problems: Sequence[Problem]) -> list[str]:
    """The cluster of each of a task's problems: its template, else its family, else only itself.

    A family that is the complete task is not a cluster: the task was chosen, not sampled, and one cluster has
    no variance. Then every problem is its own cluster. For the same reason, a wording or a relation that the
    task lists is not a cluster: there the meta names a `cluster`, the subject of the question (a country). If
    a question is asked more than once (in several phrasings, or with a twin), that takes precedence over the
    template. In data that do not come from a generator, likely twins (the same question with its numbers in
    another order) are in one cluster, too.
    """
    return _twins_together(problems, _named(problems))


def _twins_together(problems: Sequence[Problem], names: list[str]) -> list[str]:
    """The names, with one name for clusters with likely twins; a generator has no twins (twins.py)."""
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
    """The template from which it was made; None if that is only a wording of the task."""
    template = problem.meta.get("template")
    return None if template == problem.meta.get("wording") else template
