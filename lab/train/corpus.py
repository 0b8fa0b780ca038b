"""A corpus as the dataset that TRL trains on.

Conversations stay conversations if the model has a chat template. For a base model without one they become
the plain transcript that the engines use (see lab.engine.chat), so that training and use have the same
format.
"""

from __future__ import annotations

from typing import Any

from lab.engine.chat import plain_transcript
from lab.formats.corpus import Shape, columns_of, replies_of


def as_dataset(table: Any, shape: Shape, *, plain: bool) -> Any:
    """A datasets.Dataset with the shape's columns. `plain`: convert conversations to plain text."""
    from datasets import Dataset

    table = table.select(list(columns_of(shape)))
    if not plain:
        return Dataset(table)
    return Dataset.from_list([_plain(row, replies_of(shape)) for row in table.to_pylist()])


def turns_of(said: Any, role: str) -> list[Any]:
    """A conversation as turns. In a corpus from elsewhere it may be one text, which gets this role."""
    return [{"role": role, "content": said}] if isinstance(said, str) else list(said)


def _plain(row: dict[str, Any], texts: tuple[str, ...]) -> dict[str, Any]:
    """A row with its conversations as text."""
    prompt = plain_transcript(tuple((turn["role"], turn["content"]) for turn in row["prompt"]))
    replies = {n: "".join(turn["content"] for turn in row[n]) for n in texts}
    return {**row, "prompt": prompt, **replies}
