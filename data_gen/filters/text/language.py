"""Keeps texts in the chosen languages, as identified by py3langid.

py3langid is langid.py [Lui and Baldwin 2012] with a newer model: naive Bayes over byte n-grams, no network.
Its probabilities are normalised here over the languages with an ISO 639-1 code and summed over the chosen
ones, so that a text between two chosen languages is kept. Digits and symbols have no language: a text with
fewer than `min_letters` letters is kept, because its language cannot be identified.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each
from lab.errors import nearest
from lab.system.packaged import checked


class Language(FilterComponent):
    """Keeps examples whose texts are in one of `languages`."""

    kind: Literal["language"] = "language"
    languages: tuple[str, ...] = Field(("en",), min_length=1)
    """ISO 639-1 codes, such as en, de, zh."""
    threshold: float = Field(0.3, gt=0, le=1)
    """Minimum total probability of the wanted languages. It is low, because formulas between words lower it.
    The defaults drop 0.5 % of GSM8K's own solutions, and 1 % at 0.5; sentences in other languages have about
    0.
    """
    min_letters: int = Field(60, ge=1)
    """Texts with fewer letters are kept."""
    text: Literal["completion", "question", "both"] = "completion"
    """Which text is examined: what is learned (of a pair, both sides), the question, or both."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields codes that the library does not know."""
        known = identifier().labels
        for code in self.languages:
            if code not in known:
                yield (
                    "languages",
                    f"there is no language '{code}' (expected an ISO 639-1 code).{nearest(code, known)}",
                )

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over each text separately. Raises ValueError for a code that the library does not know."""
        for _, message in self.faults():
            raise ValueError(message)
        return each(self._judge)

    def _judge(self, draft: Draft) -> str:
        learned = draft.texts if self.text != "question" else ()
        asked = (draft.question,) if self.text != "completion" else ()
        return next(filter(None, (self._fault(text) for text in (*learned, *asked))), "")

    def _fault(self, text: str) -> str:
        if sum(map(str.isalpha, text)) < self.min_letters:
            return ""
        ranking = identifier().rank(text)
        share = sum(p for code, p in ranking if code in self.languages)
        if share >= self.threshold:
            return ""
        wanted = " or ".join(self.languages)
        return f"looks like {ranking[0][0]}; probability of {wanted} {share:.3f}, below {self.threshold:g}"


@lru_cache(maxsize=1)
def identifier() -> Any:
    """The model, loaded once (two seconds), restricted to languages with an ISO 639-1 code."""
    checked("py3langid")
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages([code for code in model.labels if len(code) == 2])
    return model
