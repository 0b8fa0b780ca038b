"""Personas: the same request for many different persons gives many different questions.

Each source uses one persona, chosen at random. The model writes the task as it would come up in that person's
life, then answers it [Ge et al. 2024, Persona Hub, arXiv:2406.20094]. The personas are in a file, one per
line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.questions.templated import Templated
from data_gen.methods.questions.usable import Written, answered, asking, cleaned, drawn, question_fault
from data_gen.source import Source
from data_gen.templates.reading import FOLDER
from lab.core.types import Example, Plan, Request
from lab.errors import InputError
from lab.system.files import digest_file
from lab.tasks.base import SourceKind


class Persona(Templated):
    """Questions written from the view of many different persons, each with answers."""

    reads: ClassVar[SourceKind] = "blank"
    sections = {"question": ("persona", "task")}
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["persona"] = "persona"
    personas: str = ""
    """A text file with one persona per line (# starts a comment); empty uses the packaged ones, about 200."""
    task: str = Field("a short mathematics word problem with one number as its answer", min_length=1)
    """What to write, as a continuation of "Write"."""
    questions: int = Field(1, ge=1)
    """Questions generated per persona."""
    samples: int = Field(1, ge=1)
    """Answers generated per question."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields errors in a template or in a file of personas."""
        yield from super().faults()
        try:
            personas_of(self._file())
        except InputError as error:
            yield "personas", str(error)

    def digest_inputs(self) -> Mapping[str, str]:
        """The template and the personas."""
        path = self._file()
        return {**super().digest_inputs(), str(path) if self.personas else path.name: digest_file(path)}

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The questions with their answers, `persona` in their meta; unusable ones are marked wrong.

        Raises CompletionError if no question or no answer could be generated.
        """
        persona = source.random("persona").choice(personas_of(self._file()))
        prompt = asking(source, self.prompt("question", persona=persona, task=self.task))
        completions = yield from drawn(
            [
                Request(prompt, source.sampling, tag="question", index=i, required=False)
                for i in range(self.questions)
            ]
        )
        questions = [
            Written(
                prompt,
                c,
                text,
                question_fault(text, c) or self.copied("question", text),
                meta={"persona": persona},
            )
            for c in completions
            if c is not None
            for text in [cleaned(c.text)]
        ]
        return (yield from answered(source, questions, self.samples, source.sampling))

    def _file(self) -> Path:
        return Path(self.personas).expanduser() if self.personas else FOLDER / "personas.txt"


def personas_of(path: Path) -> tuple[str, ...]:
    """The personas in a file. Raises InputError if it cannot be read or has none."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(f"cannot read the personas: {error.strerror}", where=str(path)) from None


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text; save the file as UTF-8", where=str(path)) from None
    found = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not found:
        raise InputError("the file contains no personas: write one per line", where=str(path))
    return found
