"""Keeps at most k examples per template over the complete corpus, so that no template dominates it.

Problems made from one template differ only in names and numbers; a corpus with many of them teaches the
template. The template is recorded in the meta: of the problem (`template`, else `family`), or of the example,
if the method records which of its prompts it used (`template`, `augmentation`, `evolution`). The first k are
kept, in the order of the problems. Memory: one counter per template, about 150 bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen

OF_PROBLEM = ("template", "family")
OF_METHOD = ("template", "augmentation", "evolution")


class CapPerTemplate(FilterComponent):
    """Keeps the first `k` examples of each template."""

    kind: Literal["cap_per_template"] = "cap_per_template"
    k: int = Field(100, ge=1)
    """Maximum number of examples per template."""
    of: Literal["problem", "method"] = "problem"
    """Which template. problem: the one of the question; if there is neither template nor family, the task.
    method: the prompt that the method used, if it notes one; otherwise as for problem.
    """

    @property
    def local(self) -> bool:
        return False

    def open(self, context: Context) -> Screen:
        """A screen that counts the kept examples of each template."""
        kept: Counter[tuple[str, str]] = Counter()

        def judge(draft: Draft) -> str:
            name = self._template(draft)
            if kept[name] >= self.k:
                return f"more than {self.k} of {' '.join(name)[:100]}"
            kept[name] += 1
            return ""

        return lambda drafts: [judge(draft) for draft in drafts]

    def _template(self, draft: Draft) -> tuple[str, str]:
        """The kind of name, and the name; equal names in different tasks are the same template."""
        own = _first(draft.example.meta, OF_METHOD) if self.of == "method" else None
        return own or _first(draft.problem.meta, OF_PROBLEM) or ("task", draft.task)


def _first(meta: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, str] | None:
    return next(((key, str(meta[key])) for key in keys if meta.get(key) not in (None, "")), None)
