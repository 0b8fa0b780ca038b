"""The published question sets: their Hub ids, and a reader for the rows of each.

A reader knows the layout on the Hub and that of the authors' own files, and returns a `Posed` question.
Nested columns (TriviaQA's answer, PopQA's JSON text, TruthfulQA's targets) are parsed. To add a set, write
one reader and one entry of `SETS`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.errors import InputError, nearest
from lab.tasks.rows.cells import missing, plain, truth
from lab.tasks.rows.tables import DataRow

DatasetName = Literal[
    "trivia_qa",
    "nq_open",
    "popqa",
    "simpleqa",
    "selfaware",
    "truthfulqa_gen",
    "truthfulqa_mc1",
    "truthfulqa_mc2",
    "halueval",
]


@dataclass(frozen=True, slots=True)
class Posed:
    """A parsed row. `right`: the accepted answers, the one to show first, or the right options; None if the
    question has no answer. `wrong`: wrong references or options.
    """

    question: str
    right: tuple[str, ...] | None
    wrong: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    passage: str = ""


@dataclass(frozen=True, slots=True)
class QASet:
    """A published set. `form`: short answers with aliases, free answers with references, or options.

    `unlabelled`: splits whose answers are not public. `popularity`: a numeric column to divide into bands.
    `licence`: as stated by the authors ("" if none could be found).
    """

    hub: str
    subset: str | None
    form: Literal["short", "free", "options"]
    read: Callable[[DataRow], Posed]
    unlabelled: tuple[str, ...] = ()
    popularity: str = ""
    licence: str = ""


def pick(row: DataRow, *names: str) -> Any:
    """The first of these columns that the row has. Raises InputError with the nearest column it has."""
    for name in names:
        if name in row.values:
            return row.values[name]
    raise InputError(
        f"there is no column '{names[0]}'.{nearest(names[0], map(str, row.values))}", where=row.where
    )


def _trivia_qa(row: DataRow) -> Posed:
    answer = DataRow(_mapping(row, "answer", "Answer"), row.where)
    value, aliases = pick(answer, "value", "Value"), pick(answer, "aliases", "Aliases")
    known = [] if value == "<unk>" else [value, *(aliases or ())]
    return Posed(_text(row, "question", "Question"), _answers(row, known))


def _nq_open(row: DataRow) -> Posed:
    return Posed(_text(row, "question"), _answers(row, _list(row, "answer")))


def _popqa(row: DataRow) -> Posed:
    meta = {"family": plain(pick(row, "prop"), "'prop'", row.where), "popularity": pick(row, "s_pop")}
    return Posed(_text(row, "question"), _answers(row, _list(row, "possible_answers")), meta=meta)


def _simpleqa(row: DataRow) -> Posed:
    about = _literal(row, pick(row, "metadata"), "metadata") if "metadata" in row.values else {}
    meta = {"family": str(about["topic"])} if isinstance(about, dict) and about.get("topic") else {}
    return Posed(_text(row, "problem"), _answers(row, [pick(row, "answer")]), meta=meta)


def _selfaware(row: DataRow) -> Posed:
    has = truth(pick(row, "answerable"), "answerable", row.where)
    answers = _answers(row, _list(row, "answer")) if has else None
    return Posed(_text(row, "question"), answers, meta={"answerable": has})


def _truthfulqa_gen(row: DataRow) -> Posed:
    best = pick(row, "best_answer", "Best Answer")
    right = _answers(row, [best, *_list(row, "correct_answers", "Correct Answers", mark=";")])
    wrong = _answers(row, _list(row, "incorrect_answers", "Incorrect Answers", mark=";"))
    meta = {"family": str(pick(row, "category", "Category")), "incorrect": list(wrong)}
    return Posed(_text(row, "question", "Question"), right, wrong, meta)


def _truthfulqa_mc(targets: str) -> Callable[[DataRow], Posed]:
    def read(row: DataRow) -> Posed:
        """Reads options with labels, given as two lists (the Hub) or as an object from option to label (the
        authors' files).
        """
        found = _mapping(row, targets)
        if "choices" in found and "labels" in found:
            pairs = list(zip(found["choices"], found["labels"], strict=True))
        else:
            pairs = list(found.items())
        right, wrong = (
            tuple(str(t) for t, label in pairs if truth(label, targets, row.where) == side)
            for side in (True, False)
        )
        if not right or not wrong:
            raise InputError(f"{targets}: expected both right and wrong options", where=row.where)
        return Posed(_text(row, "question", "Question"), right, wrong)

    return read


def _halueval(row: DataRow) -> Posed:
    right, wrong = (_answers(row, [pick(row, name)]) for name in ("right_answer", "hallucinated_answer"))
    return Posed(_text(row, "question"), right, wrong, passage=str(row.values.get("knowledge") or ""))


def _text(row: DataRow, *names: str) -> str:
    text = pick(row, *names)
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"'{names[0]}': expected a text, found {str(text)[:60]!r}", where=row.where)
    return plain(text, f"'{names[0]}'", row.where).strip()


def _answers(row: DataRow, answers: list[Any]) -> tuple[str, ...]:
    """The answers without empty ones and repeats. Raises InputError if none is left."""
    there = (answer for answer in answers if not missing(answer))
    kept = dict.fromkeys(plain(answer, "the answer", row.where).strip() for answer in there)
    if not kept:
        raise InputError(
            "the answer is empty (some data sets do not publish the answers of their test split)",
            where=row.where,
        )
    return tuple(kept)


def _list(row: DataRow, *names: str, mark: str = "|") -> list[Any]:
    """A list, a list written as JSON (or Python) text, or a text split at `mark`."""
    value = pick(row, *names)
    if isinstance(value, str):
        written = value.strip().startswith(('["', "['"))
        parsed = _literal(row, value, names[0]) if written else value.split(mark)
        value = parsed if isinstance(parsed, list) else [parsed]
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _mapping(row: DataRow, *names: str) -> Mapping[str, Any]:
    """An object, or an object written as text."""
    value = pick(row, *names)
    if isinstance(value, str) and value.strip().startswith("{"):
        value = _literal(row, value, names[0])
    if not isinstance(value, Mapping):
        raise InputError(f"'{names[0]}': expected an object, found {str(value)[:60]!r}", where=row.where)
    return value


def _literal(row: DataRow, value: Any, name: str) -> Any:
    """Data written as JSON or as a Python literal. Raises InputError for text that is neither."""
    if not isinstance(value, str):
        return value
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    raise InputError(f"'{name}': expected a list or an object, found {value[:60]!r}", where=row.where)


SETS: Mapping[str, QASet] = {
    "trivia_qa": QASet("mandarjoshi/trivia_qa", "unfiltered.nocontext", "short", _trivia_qa, ("test",)),
    "nq_open": QASet(
        "google-research-datasets/nq_open", "nq_open", "short", _nq_open, licence="cc-by-sa-3.0"
    ),
    "popqa": QASet("akariasai/PopQA", None, "short", _popqa, popularity="s_pop", licence="mit"),
    "simpleqa": QASet("basicv8vc/SimpleQA", None, "short", _simpleqa, licence="mit"),
    "selfaware": QASet("JesusCrist/selfAware", None, "short", _selfaware, licence="cc-by-sa-4.0"),
    "truthfulqa_gen": QASet(
        "truthfulqa/truthful_qa", "generation", "free", _truthfulqa_gen, licence="apache-2.0"
    ),
    "truthfulqa_mc1": QASet(
        "truthfulqa/truthful_qa",
        "multiple_choice",
        "options",
        _truthfulqa_mc("mc1_targets"),
        licence="apache-2.0",
    ),
    "truthfulqa_mc2": QASet(
        "truthfulqa/truthful_qa",
        "multiple_choice",
        "options",
        _truthfulqa_mc("mc2_targets"),
        licence="apache-2.0",
    ),
    "halueval": QASet("pminervini/HaluEval", "qa", "options", _halueval),
}
"""Where the licences are from: PopQA's is that of its authors' repository (its page on the Hub names none),
SelfAware's (the id is a copy), SimpleQA's and NQ-open's are in the authors' README, TruthfulQA's is on its
page. TriviaQA's page says that it is unknown; the copies of HaluEval name different ones."""
