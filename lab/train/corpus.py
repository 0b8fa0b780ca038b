"""A corpus on disk as the prompt-completion dataset that TRL trains on.

Conversations stay conversations where the model has a chat template. A base model without one gets the
same plain transcript the engines show it (see lab.engine.chat), so that training and use look alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.core.errors import InputError
from lab.engine.chat import plain_transcript

COLUMNS = ("prompt", "completion")


def shards_of(corpus: Path) -> list[Path]:
    """The Parquet files of a corpus, checked without reading their rows.

    Raises InputError when there is none, one is damaged, a column is missing, or there is not one row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    shards = sorted(corpus.expanduser().glob("data/train-*.parquet"))
    if not shards:
        raise InputError("no data/train-*.parquet in this folder: not a corpus", where=str(corpus))
    rows = 0
    for shard in shards:
        try:
            file = pq.ParquetFile(shard)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"cannot be read as Parquet ({error})", where=str(shard)) from None
        absent = [name for name in COLUMNS if name not in file.schema_arrow.names]
        if absent:
            raise InputError(
                f"no column '{absent[0]}'; there are {', '.join(file.schema_arrow.names)}", where=str(shard)
            )
        rows += file.metadata.num_rows
    if not rows:
        message = "the corpus has no examples to train on (audit.json there says which filter dropped them)"
        raise InputError(message, where=str(corpus))
    return shards


def load(shards: list[Path], tokenizer: Any) -> Any:
    """A datasets.Dataset with the columns prompt and completion, in file order."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Dataset

    table = pa.concat_tables([pq.read_table(shard, columns=list(COLUMNS)) for shard in shards])
    if tokenizer.chat_template:
        return Dataset(table)
    rows = table.to_pylist()
    prompts = [plain_transcript(tuple((t["role"], t["content"]) for t in row["prompt"])) for row in rows]
    completions = ["".join(t["content"] for t in row["completion"]) for row in rows]
    return Dataset.from_dict({"prompt": prompts, "completion": completions})
