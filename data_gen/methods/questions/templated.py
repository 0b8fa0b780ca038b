"""Data methods whose prompts are in a file that you can copy and edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from data_gen.methods.base import MethodComponent
from data_gen.similarity.words import words
from data_gen.templates.reading import FOLDER, filled, sections, template_faults
from lab.system.files import digest_file


class Templated(MethodComponent):
    """Base of the methods with a template."""

    sections: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Section -> its placeholders; those with a question mark are optional."""
    template: str = ""
    """A file with the prompts; empty uses the packaged one (data_gen/templates), which you can copy and edit.
    """

    def prompt(self, section: str, **values: Any) -> str:
        """A section of the template, filled in. Raises InputError if the file cannot be read."""
        texts = {name: str(value) for name, value in values.items()}
        return filled(sections(self._path())[section], texts)

    def copied(self, section: str, text: str) -> str:
        """Why a text is unusable that copies COPIED consecutive words of the section; "" if it is not."""
        pieces = [words(literal) for literal, _ in sections(self._path())[section]]
        own = {tuple(piece[i : i + COPIED]) for piece in pieces for i in range(len(piece) - COPIED + 1)}
        found = words(text)
        runs = (tuple(found[i : i + COPIED]) for i in range(len(found) - COPIED + 1))
        return next((f"it copies the prompt ({' '.join(run)!r})" for run in runs if run in own), "")

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for a missing template, and for wrong sections and placeholders."""
        for fault in template_faults(self._path(), self.sections):
            yield "template", fault

    def digest_inputs(self) -> Mapping[str, str]:
        """The digest of the template, including the packaged one: another prompt makes another corpus."""
        path = self._path()
        return {str(path) if self.template else path.name: digest_file(path)}

    def _path(self) -> Path:
        if self.template:
            return Path(self.template).expanduser()
        return FOLDER / f"{self.kind}.txt"


COPIED = 8
"""Small models repeat the example of a prompt instead of following it."""
