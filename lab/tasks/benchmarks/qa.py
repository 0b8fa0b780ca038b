"""Published question sets about facts, from the Hub or a local copy: `{kind: qa, dataset: popqa}`.

Short answers (TriviaQA, NQ-open, PopQA, SimpleQA, SelfAware) are compared with all accepted answers after
normalisation. The SimpleQA paper uses a language model as the grader instead, so its numbers are not
comparable. For questions of SelfAware without an answer, an abstention is right. Free answers to TruthfulQA
have no exact checker; checkers/closer.py is a substitute. Sets with options (TruthfulQA MC1 and MC2,
HaluEval) are meant to be ranked by likelihood: the prompt is only the question, and `rank_by_likelihood`
scores the options. With `show_options` the prompt lists them, and any strategy can answer with a letter. The
sets are defined in qa_sets.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from lab.core.protocols import Checker
from lab.core.types import Problem
from lab.errors import InputError
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.system.files import digest_file
from lab.system.paths import path_of
from lab.tasks.benchmarks.options import LETTERS, lettered, option_meta
from lab.tasks.benchmarks.qa_sets import SETS, DatasetName, Posed, QASet
from lab.tasks.checkers.choice import Choice
from lab.tasks.checkers.closer import Closer, Similarity
from lab.tasks.checkers.text import Text
from lab.tasks.checkers.verdicts import judge
from lab.tasks.prompting import Item, Prompted, bucket
from lab.tasks.rows.cells import Cuts, bands_of, rising
from lab.tasks.rows.tables import (
    DataRow,
    hub_splits,
    is_hub_id,
    is_there,
    local_files,
    read_file,
    split_files,
)

log = logging.getLogger(__name__)


class QA(Prompted):
    """TriviaQA, NQ-open, PopQA, SimpleQA, SelfAware, TruthfulQA (free answers, MC1, MC2) or HaluEval.

    TriviaQA and NQ-open have train splits; their test split is the public validation split. The others are
    not split: all of it is test, unless `test_fraction` sets some aside for train and dev.
    """

    kind: Literal["qa"] = "qa"
    dataset: DatasetName
    """Name of the data set. Its licence is on the Hub page of its id (lab/tasks/benchmarks/qa_sets.py)."""
    path: str = ""
    """A local file or folder in the data set's own format, or another Hub id with a copy of it; empty uses
    the default id.
    """
    subset: str | None = None
    """Configuration on the Hub; empty uses the usual one (TriviaQA: unfiltered.nocontext)."""
    test_fraction: float = Field(default=1.0, gt=0, le=1)
    """Share used as test split if the data set has no splits; the rest is for train and dev."""
    bands: Cuts = 3
    """PopQA: how the popularity of the subject is divided into bands: number of parts of equal size, or
    edges.
    """
    passage: bool = False
    """HaluEval: put the passage that contains the right answer before the question."""
    show_options: bool = False
    """TruthfulQA MC, HaluEval: show the options in the prompt, in an order that depends only on the question.
    """
    similarity: Similarity = "rouge_l"
    """TruthfulQA with free answers: how the similarity of two texts is measured."""

    @model_validator(mode="after")
    def _fits(self) -> QA:
        rising(self.bands)
        for name, sets in _ONLY.items():
            asked = getattr(self, name) != type(self).model_fields[name].default
            if asked and self.dataset not in sets:
                raise ValueError(f"`{name}` can only be used with {', '.join(sets)}, not with {self.dataset}")
        return self

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a file that does not exist, and any wrong wording."""
        yield from super().faults()
        if self.path and not is_there(path_of(self.path)) and not is_hub_id(self.path):
            yield "path", f"there is no file or folder {self.path}, and it is not a Hub id"

    def dev_fault(self) -> str:
        """Why there are no dev problems: the set is not split, and all of it is test."""
        if self.test_fraction == 1 and not self.path and self.dataset not in ("trivia_qa", "nq_open"):
            return (
                "this data set has only a test split: set test_fraction (for example 0.5) to get dev problems"
            )
        return super().dev_fault()

    @property
    def checker(self) -> Checker:
        """Aliases for short answers, letters for options, similarity to references for free answers."""
        match self._set.form:
            case "short":
                return Text(within=True)
            case "free":
                return Closer(similarity=self.similarity)
            case "options":
                return Choice(letters=LETTERS)

    def default_label(self) -> str:
        """The name of the set, and what is put into the prompt."""
        return self.dataset + "_passage" * self.passage + "_listed" * self.show_options

    def default_instruction(self) -> str:
        if self._set.form == "options":
            return CHOOSE if self.show_options else ""
        return INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT if self._set.form == "short" else "{answer}"

    def digest_inputs(self) -> dict[str, str]:
        """The local files; none for a Hub id."""
        if is_hub_id(self._source):
            return {}
        return {str(path): digest_file(path) for path in local_files(self._source)}

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return self._set.licence

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """The questions of the split, without repeats. Questions whose own gold answer the checker does not
        accept are left out.

        Raises InputError with the place of the row for wrong data.
        """
        rows, bands = self._rows(split)
        found: dict[str, Item] = {}
        for number, row in rows:
            item = self._item(number, row, bands.get(row.where))
            found.setdefault(item.question, item)
        kept = [item for item in found.values() if self._passes(item)]
        if len(kept) < len(found):
            log.warning(
                "task %s: %d of %d questions are left out, because their own gold answer cannot be checked",
                self.label,
                len(found) - len(kept),
                len(found),
            )
        return kept

    @property
    def _set(self) -> QASet:
        return SETS[self.dataset]

    @property
    def _source(self) -> str:
        return self.path or self._set.hub

    def _rows(
        self, split: Literal["train", "test"]
    ) -> tuple[list[tuple[int, DataRow]], Mapping[str, str | None]]:
        """(number, row) pairs of a split, and the band by each row's place. No question is in both splits."""
        given = self._given()
        splits = {name: rows for name, rows in given.items() if name not in self._set.unlabelled} or given
        bands = self._bands([row for rows in splits.values() for row in rows])
        test = splits.get("test") or splits.get("validation")
        if test and splits.get("train"):
            mine = list(enumerate(splits[split] if split == "train" else test))
            taken = {self._set.read(row).question for row in test} if split == "train" else set()
            return [(n, row) for n, row in mine if self._set.read(row).question not in taken], bands
        everything = list(enumerate(row for rows in splits.values() for row in rows))
        mine = [(n, row) for n, row in everything if self._side_of(row) == split]
        if not mine:
            hint = (
                "; the data set is not split: set test_fraction (for example 0.5)" if split == "train" else ""
            )
            raise InputError(
                f"task {self.label}: there are no rows in the {split} split{hint}", where=self.path
            )
        return mine, bands

    def _side_of(self, row: DataRow) -> str:
        return "test" if bucket(self._set.read(row).question) < self.test_fraction else "train"

    def _given(self) -> dict[str, list[DataRow]]:
        """{split name: rows}; "" for files whose names do not say a split."""
        if is_hub_id(self._source):
            return hub_splits(self._source, self.subset or self._set.subset)
        files = split_files(local_files(self._source))
        return {name: [row for path in paths for row in read_file(path)] for name, paths in files.items()}

    def _bands(self, rows: Sequence[DataRow]) -> dict[str, str | None]:
        column = self._set.popularity
        if not column:
            return {}
        found = bands_of(rows, column, self.dataset, self.bands)
        return {row.where: band for row, band in zip(rows, found, strict=True)}

    def _item(self, number: int, row: DataRow, band: str | None) -> Item:
        posed = self._set.read(row)
        meta = {**posed.meta, **({} if band is None else {"band": band})}
        if self._set.form == "options":
            return self._choice(number, row, posed, meta)
        answer = I_DO_NOT_KNOW if posed.right is None else posed.right[0]
        gold = None if posed.right is None else list(posed.right)
        return Item(str(number), posed.question, gold, answer, meta, where=row.where)

    def _choice(self, number: int, row: DataRow, posed: Posed, meta: dict[str, Any]) -> Item:
        """An item with options, in an order that depends only on the question. The gold is the letters of the
        right ones.
        """
        right = posed.right or ()
        options = sorted((*right, *posed.wrong), key=lambda option: bucket(f"{posed.question}\x1f{option}"))
        meta |= option_meta(options, shown=self.show_options, where=row.where)
        letters = [letter for letter, option in zip(LETTERS, options, strict=False) if option in right]
        question = posed.question
        if self.passage:
            if not posed.passage:
                raise InputError("the row has no passage (column 'knowledge')", where=row.where)
            question = f"{posed.passage}\n\n{question}"
        if self.show_options:
            question = f"{question}\n{lettered(options)}"
        shown = letters[0] if self.show_options else right[0]
        return Item(str(number), question, letters, shown, meta, where=row.where)

    def _passes(self, item: Item) -> bool:
        """Whether the checker accepts the item's own gold in the answer format, and does not accept every
        option.
        """
        if self._set.form == "options" and len(item.gold) == len(item.meta["options"]):
            return False
        text = item.gold[0] if self._set.form == "options" else self.show(item)
        return judge(self.checker, Problem(item.key, (), item.gold, item.meta), text).correct is True


_CHOICES = ("truthfulqa_mc1", "truthfulqa_mc2", "halueval")
_ONLY: Mapping[str, tuple[str, ...]] = {
    "bands": ("popqa",),
    "passage": ("halueval",),
    "show_options": _CHOICES,
    "similarity": ("truthfulqa_gen",),
}
"""Fields that apply to some sets only."""
ANSWER_FORMAT = "The answer is {answer}."
INSTRUCTION = "Answer in one short sentence."
CHOOSE = "Answer with the letter of the right option only."
