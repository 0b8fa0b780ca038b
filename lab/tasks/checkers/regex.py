r"""Checks with a regular expression of your own: `pattern: "final: (\\w+)"` compares the group with the gold.

The pattern runs on text that a model wrote, so it has a time limit (that of the `regex` package, which stops
catastrophic backtracking) and sees only the first 20,000 characters.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.own import own_answer
from lab.language.normalise import normalise
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.numeric import Numeric


class Regex(CheckerComponent):
    """Right if the text that the pattern matches equals the gold."""

    kind: Literal["regex"] = "regex"
    pattern: str = Field(min_length=1)
    """A regular expression in Python's syntax."""
    group: int | str = 0
    """Group that holds the answer, by number or name; 0 uses the first group, or the whole match if there is
    none.
    """
    take: Literal["last", "first"] = "last"
    """Which match is used if there are several."""
    compare: Literal["exact", "text", "numeric"] = "text"
    """How the matched text and the gold are compared (and made canonical for votes)."""
    ignore_case: bool = False
    """Ignore the difference between upper and lower case."""
    seconds: float = Field(default=0.25, gt=0, le=10)
    """Time limit of one search in seconds; a text that takes longer has no answer."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        import regex

        try:
            regex.compile(pattern)
        except regex.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _has_group(self) -> Regex:
        import regex

        compiled = regex.compile(self.pattern)
        there = (
            self.group in compiled.groupindex
            if isinstance(self.group, str)
            else self.group <= compiled.groups
        )
        if not there:
            raise ValueError(f"the pattern has no group {self.group!r} (it has {compiled.groups} groups)")
        return self

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares the matched text with `problem.gold` (a value or a list of accepted values). Unscored
        without a gold.
        """
        value = self.canonical_for(problem, text)
        golds = [self._form(gold) for gold in gold_texts(problem.gold)]
        if not any(golds):
            return Verdict(None, value, f"the gold answer {str(problem.gold)[:60]!r} cannot be compared")
        if value is None:
            return Verdict(False, None, "the pattern matches nothing in the answer")
        return Verdict(value in golds, value, f"found {value[:60]!r}, gold {golds[0]!r:.60}")

    def canonical(self, text: str) -> str | None:
        """The matched text in the form in which it is compared; None if nothing matches in time."""
        import regex

        text = own_answer(text)
        flags = regex.IGNORECASE if self.ignore_case else 0
        last: Any = None
        try:
            for match in regex.finditer(self.pattern, text[:_LONGEST], flags=flags, timeout=self.seconds):
                last = match
                if self.take == "first":
                    break
        except TimeoutError:
            return None
        if last is None:
            return None
        group = 1 if self.group == 0 and last.re.groups else self.group
        return self._form(last.group(group) or "")

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def points_at_answer(self, text: str) -> bool:
        """Whether the pattern matches: it is this task's own marker."""
        return self.canonical(text) is not None

    def _form(self, caught: str) -> str | None:
        match self.compare:
            case "numeric":
                return Numeric(extract="whole").canonical(caught)
            case "text":
                return normalise(caught) or None
            case "exact":
                return caught.strip() or None


_LONGEST = 20_000
