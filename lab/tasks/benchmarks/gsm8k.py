"""GSM8K, grade-school math word problems [Cobbe et al. 2021]. For example:

  "Janet's ducks lay 16 eggs per day. ... How much in dollars does she make every day?"
  "Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs a day. ... #### 18"

The gold answer is the number after `####`. The copy that ships with the lab has the 1,319 test problems.
Training problems and few-shot examples come from the Hub or from a local copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from lab.core.protocols import Checker, Split
from lab.errors import InputError
from lab.system.files import digest_file
from lab.system.packaged import checked
from lab.system.paths import path_of
from lab.tasks.checkers.numeric import Numeric
from lab.tasks.prompting import Item, Prompted
from lab.tasks.rows.tables import (
    DataRow,
    hub_splits,
    is_hub_id,
    is_there,
    local_files,
    read_file,
    split_files,
)


class GSM8K(Prompted):
    """GSM8K word problems."""

    kind: Literal["gsm8k"] = "gsm8k"
    source: str = "packaged"
    """`packaged` (test split only), a Hub id (openai/gsm8k), or a folder or file with the columns question
    and answer.
    """

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a `source` that is neither "packaged", nor an existing file, nor a Hub id, and any wrong
        wording.
        """
        yield from super().faults()
        known = self.source == "packaged" or is_hub_id(self.source)
        if not known and not is_there(path_of(self.source)):
            yield (
                "source",
                (
                    f"there is no file or folder {self.source} (other values: 'packaged', or a "
                    "Hub id such as openai/gsm8k)"
                ),
            )
        if self.source == "packaged" and self.few_shot:
            yield (
                "few_shot",
                (
                    "few-shot examples come from the train split, which the packaged GSM8K does "
                    "not have: set source to openai/gsm8k or to a local copy"
                ),
            )

    def dev_fault(self) -> str:
        """Why there are no dev problems: the packaged copy has test problems only."""
        if self.source == "packaged":
            return (
                "the packaged GSM8K has no train split and therefore no dev problems; set "
                "source to openai/gsm8k"
            )
        return super().dev_fault()

    @property
    def checker(self) -> Checker:
        """Numbers, read from the end of the text."""
        return Numeric()

    def default_instruction(self) -> str:
        return INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return "mit"

    def digest_inputs(self) -> dict[str, str]:
        """The packaged or local files."""
        if is_hub_id(self.source):
            return {}
        return {path.name: digest_file(path) for path in self._files()}

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All rows of the split. Raises InputError if the source has no such split."""
        items = []
        for index, row in enumerate(self._rows(split)):
            for column in ("question", "answer"):
                if not isinstance(row.values.get(column), str):
                    raise InputError(f"a GSM8K row needs a text in column '{column}'", where=row.where)
            worked, mark, gold = str(row.values["answer"]).rpartition("####")
            if not mark:
                raise InputError("the answer does not end in '#### NUMBER'", where=row.where)
            answer, worked = gold.strip().replace(",", ""), _CALCULATOR.sub("", worked).strip()
            items.append(Item(str(index), str(row.values["question"]), answer, answer, {}, worked, row.where))
        return items

    def _rows(self, split: Split) -> list[DataRow]:
        if is_hub_id(self.source):
            return hub_splits(self.source, "main").get(split, [])
        if self.source == "packaged" and split == "train":
            raise InputError(
                f"task {self.label}: the packaged GSM8K has only the test split (no train, no "
                "dev). Set source to openai/gsm8k (Hub) or to a folder with train.jsonl"
            )
        files = split_files(self._files())
        wanted = files.get(split) or (files.get("", []) if split == "test" else [])
        if not wanted:
            raise InputError(
                f"task {self.label}: {self.source} has no file for the {split} split ({split}.jsonl)"
            )
        return [row for path in wanted for row in read_file(path)]

    def _files(self) -> list[Path]:
        if self.source != "packaged":
            return local_files(self.source)
        return [checked("gsm8k") / "data" / "gsm8k" / "test.jsonl"]


_CALCULATOR = re.compile(r"<<[^<>]*>>")
ANSWER_FORMAT = "Answer: {answer}"
INSTRUCTION = 'Think step by step. End with "Answer:" and the number.'
