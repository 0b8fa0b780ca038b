"""The base of tasks and sources: fields, problems and checker, and the traits that stages use.

A task (prompting.py) asks questions with known answers; a source (sources/base.py) gives data methods inputs
without answers. The methods here return the usual answers; a task overrides what differs.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.protocols import Checker, Split
from lab.core.types import Problem

SourceKind = Literal["problem", "document", "instruction", "blank"]
"""What a data method can start from: a question with its answer, a text, a user's request, or nothing."""


class TaskBase(Component):
    """Base class of the tasks and sources. Subclasses define `kind`, `checker` and `problems`."""

    if TYPE_CHECKING:  # every task has these; as fields of this class they would come first in all dumps

        @property
        def kind(self) -> str:
            """Its name in recipes."""

        @property
        def checker(self) -> Checker:
            """Decides whether an answer is right."""

    gives: ClassVar[SourceKind] = "problem"
    """What data methods get from it; compared with their `reads`."""
    name: str = Field(default="", pattern=r"^[^/\s]*$")
    """Name of the task, unique within a stage; empty uses the task's default name."""
    limit: int | None = Field(default=None, ge=1)
    """Maximum number of problems per split, chosen by `seed`; a smaller limit is a subset of a larger one."""
    seed: int = 0
    """Seed that chooses the problems for `limit` and few-shot examples."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Maximum length of an answer in tokens; empty uses the stage's `sampling.max_tokens`."""
    system: str = ""
    """System message; empty uses what the model's chat template adds, if anything."""

    @property
    def label(self) -> str:
        """The display name: `name`, or the task's default."""
        return self.name or self.default_label()

    @abstractmethod
    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        """The problems of a split, in a stable order. `seed` is the run's. Raises InputError without any."""

    def default_label(self) -> str:
        """The name of a task without a `name`."""
        return self.kind

    def dev_fault(self) -> str:
        """Why there are no dev problems, as far as the options show it; "" if there may be some."""
        return ""

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return ""

    def skipped(self) -> dict[str, str]:
        """{file: why it is skipped}; no file is skipped silently."""
        return {}

    def digest_inputs(self) -> dict[str, str]:
        """{file name: SHA-256} of the local files it reads; generators read none."""
        return {}
