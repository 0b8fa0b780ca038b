"""Sentences as evidence, and whether a question and an answer about one of them can be used.

The checks use words only, for languages with spaces between words: the answer is in the sentence, word for
word; it is not the complete sentence; the question does not already contain it, and has words in common with
the sentence. They detect what a small model invents, but not every meaningless question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from data_gen.methods.questions.structured import schema_of
from data_gen.similarity.words import words
from lab.tasks.documents.readers.passages import count_words


class QuestionAnswer(BaseModel):
    """The model's reply about one sentence, with limits on characters, so that it ends."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: str = Field(max_length=160)
    answer: str = Field(max_length=120)


PAIR = schema_of(QuestionAnswer)


def sentences(document: str) -> list[str]:
    """The sentences of a document, without headings and very short or long ones.

    If there is no complete sentence, its paragraphs.
    """
    paragraphs = [" ".join(paragraph.split()) for paragraph in _PARAGRAPH.split(document)]
    parts = (part.strip() for paragraph in paragraphs for part in _SENTENCE_END.split(paragraph))
    found = [part for part in dict.fromkeys(parts) if _usable(part)]
    return [part for part in found if part.endswith(_ENDS)] or found


def _usable(sentence: str) -> bool:
    return not sentence.startswith("#") and FEWEST_WORDS <= count_words(sentence) <= MOST_WORDS


def pair_fault(pair: QuestionAnswer, sentence: str) -> str:
    """Why a question and its answer cannot be used with this sentence; "" if they can."""
    asked, answer, said = _plain(pair.question), _plain(pair.answer), _plain(sentence)
    faults = {
        "it is not a question": not pair.question.strip().endswith(("?", "？")),
        "the answer is empty": not answer,
        "the answer is not in the sentence": not _run_in(answer, said),
        "the answer is nearly the whole sentence": len(answer) > MOST_OF_IT * len(said),
        "the question already contains the answer": bool(answer) and {*_telling(answer)} <= {*asked},
        "the question is not about the sentence": _share(_telling(asked), said) < LEAST_SHARED,
    }
    return next((reason for reason, found in faults.items() if found), "")


def agrees(reply: str, answer: str) -> bool:
    """Whether a second answer contains the first one, word for word."""
    return _run_in(_plain(answer), _plain(reply))


def in_words_of(sentence: str, answer: str) -> str:
    """The answer as written in the sentence ("2,400" for 2400); the answer itself if it is not in the
    sentence.
    """
    wanted, pieces = _plain(answer), sentence.split()
    for i in range(len(pieces)):
        for j in range(i + 1, len(pieces) + 1):
            if _plain(found := " ".join(pieces[i:j])) == wanted:
                return found.strip(" .,;:!?\"'()")
    return answer.strip()


def _plain(text: str) -> list[str]:
    """The words of a text, numbers without commas."""
    return [word.replace(",", "") for word in words(text)]


def _run_in(run: Sequence[str], text: Sequence[str]) -> bool:
    """Whether the words occur in the text consecutively and in this order."""
    return any(list(text[i : i + len(run)]) == list(run) for i in range(len(text) - len(run) + 1))


def _telling(text: Sequence[str]) -> list[str]:
    """The content words of a text."""
    return [word for word in text if not LITTLE.fullmatch(word)]


def _share(asked: Sequence[str], said: Sequence[str]) -> float:
    """The share of the words that occur in the text, ignoring inflections (the first letters are
    compared).
    """
    known = {word[:STEM] for word in said}
    return sum(word[:STEM] in known for word in asked) / len(asked) if asked else 0.0


FEWEST_WORDS, MOST_WORDS = 5, 60
MOST_OF_IT = 0.7
LEAST_SHARED = 0.75
STEM = 4
LITTLE = re.compile(
    r"an?|the|of|in|on|at|to|from|for|by|with|and|or|is|are|was|were|be|been|has|have|had|do|does|did|it|its"
    r"|this|that|what|which|who|whom|whose|when|where|why|how|many|much|long|old|tall|often|there|one"
)
"""English function words; in other languages all words count."""
_ENDS = (".", "!", "。", "！", '."', ".”")
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=[#*\-•])")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z\s])|(?<=[。！？])")
