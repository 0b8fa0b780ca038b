"""Uses a metric of Hugging Face's `evaluate` as a checker: `{kind: evaluate, metric: rouge, key: rougeL}`.

The metric is computed for one text and one accepted answer; the text is right if the value reaches the
threshold. A metric is a local folder (`<name>/<name>.py`) or an id on the Hub. A metric from the Hub is code
that is downloaded and run here, outside the checker sandbox: it needs `trust_remote_code: true`. Metrics
expect different input (a text, or a list of texts), so the expected form is found by trying the gold answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import isnan
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from lab.core.types import Problem, Verdict
from lab.errors import InputError, nearest
from lab.language.echo import heard
from lab.language.extraction.markers import Extract, find_answer
from lab.system.files import canonical_json, digest_file
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts

FORMS = ((False, False), (True, False), (False, True), (True, True))
"""Whether the text, and whether the gold, is given as a list of one; the plain form first."""


class EvaluateMetric(CheckerComponent):
    """Right if a metric of the `evaluate` library gives a high enough value for text and gold."""

    kind: Literal["evaluate"] = "evaluate"
    metric: str = Field(min_length=1)
    """A folder with `<name>/<name>.py`, such a file, or a Hub id (exact_match, owner/name)."""
    trust_remote_code: bool = False
    """Allow a metric given by id to be downloaded and its code to run here; a metric in a folder always may.
    """
    key: str = ""
    """The key of the result to use; empty uses the one named like the metric, or the only one."""
    threshold: float = Field(default=1.0, allow_inf_nan=False)
    """Threshold that the value must reach."""
    better: Literal["higher", "lower"] = "higher"
    """Whether the value must be at least or at most the threshold (at most for error rates)."""
    extract: Extract = "whole"
    """Which part of the text the metric gets."""
    config: str = ""
    """The metric's configuration, if it has several."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the metric's `compute`."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a missing local metric and code that is not trusted. Does not load the library."""
        if _is_local(self.metric) and not _script(self.metric).is_file():
            yield "metric", f"there is no such metric: {_script(self.metric)}"
        if fault := self._untrusted():
            yield "trust_remote_code", fault

    def digest_inputs(self) -> dict[str, str]:
        """The script of a local metric, because another script may give another verdict."""
        if not _is_local(self.metric):
            return {}
        return {f"metric {self.name}": digest_file(_script(self.metric))}

    def check(self, problem: Problem, text: str) -> Verdict:
        """The best value over the accepted golds; unscored without a gold. Raises InputError if the metric
        cannot be used.
        """
        if fault := self._untrusted():
            raise InputError(fault)
        value, golds = self.canonical_for(problem, text), gold_texts(problem.gold)
        if not golds:
            return Verdict(None, value, "the problem has no gold answer")
        form = self._form(golds[0])
        if value is None:
            return Verdict(False, None, "no answer found")
        numbers = [n for n in (self._number(form, value, gold) for gold in golds) if n is not None]
        if not numbers:
            return Verdict(False, value, f"{self.name} cannot compute a value for this text")
        lower = self.better == "lower"
        best = min(numbers) if lower else max(numbers)
        right = best <= self.threshold if lower else best >= self.threshold
        return Verdict(right, value, f"{self.name} {best:.4g}; right if {self.threshold:g} or {self.better}")

    def canonical(self, text: str) -> str | None:
        """The part of the text that the metric sees, without surrounding white space; None if it is empty."""
        found = find_answer(text, self.extract)
        return None if found is None else found.text.strip() or None

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def __hash__(self) -> int:
        """The hash of the whole configuration (`options` is a mapping)."""
        return hash(self.model_dump_json())

    @property
    def name(self) -> str:
        """The metric's name, without its folder."""
        return Path(self.metric).stem

    def _untrusted(self) -> str:
        """Why the metric's code is not run; "" if it may be run."""
        if self.trust_remote_code or _is_local(self.metric):
            return ""
        return (
            f"the evaluate metric '{self.metric}' would be downloaded, and its code run, on "
            "this machine. Set trust_remote_code: true if you trust it, or give a folder "
            "that contains the metric"
        )

    def _form(self, gold: str) -> tuple[bool, bool]:
        return form_of(self.metric, self.config, self.key, canonical_json(self.options), gold)

    def _number(self, form: tuple[bool, bool], text: str, gold: str) -> float | None:
        """The metric's value; None if it cannot read the text or returns something that is not a number."""
        try:
            result = _compute(load(self.metric, self.config), form, text, gold, self.options)
        except (ValueError, TypeError, ArithmeticError):
            return None
        number = float(result[key_of(self.metric, self.key, result)])
        return None if isnan(number) else number


@lru_cache(maxsize=16)
def load(metric: str, config: str) -> Any:
    """The metric, loaded once. Raises InputError if it is not on this machine and cannot be downloaded."""
    if _is_local(metric):
        metric = str(_script(metric).parent)
    try:
        import evaluate

        return evaluate.load(metric, config or None, keep_in_memory=True)
    except (FileNotFoundError, ConnectionError):
        raise InputError(
            f"the evaluate metric '{metric}' is not on this machine and could not be "
            "downloaded from the Hub: it does not exist, or there is no connection. Give a "
            f"folder that contains {Path(metric).name}/{Path(metric).name}.py, or download it "
            "once with a connection"
        ) from None
    except Exception as error:
        raise InputError(f"the evaluate metric '{metric}' cannot be loaded: {_short(error)}") from None


@lru_cache(maxsize=64)
def form_of(metric: str, config: str, key: str, options: str, gold: str) -> tuple[bool, bool]:
    """(whether the metric expects a list for the text, whether for the gold).

    This is the first form in which it can compare the gold with itself. Raises InputError with the metric's
    message if there is none, or if its result has no such key.
    """
    import json

    said = ""
    for form in FORMS:
        try:
            result = _compute(load(metric, config), form, gold, gold, json.loads(options))
        except InputError:
            raise
        except Exception as error:
            said = said or _short(error)
            continue
        key_of(metric, key, result)
        return form
    raise InputError(f"the evaluate metric '{metric}' cannot compare two texts: {said}")


def key_of(metric: str, key: str, result: Mapping[str, Any]) -> str:
    """The key of the result to use. Raises InputError with the nearest key if there is none."""
    name = Path(metric).stem
    if key in result:
        return key
    if not key and name in result:
        return name
    if not key and len(result) == 1:
        return next(iter(result))
    wrong = f"'{key}' is not in its result." if key else "set `key` to the number in its result that counts."
    raise InputError(f"the evaluate metric '{name}': {wrong}{nearest(key or name, result)}")


def _compute(
    metric: Any, form: tuple[bool, bool], text: str, gold: str, options: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The metric's result for one text. A metric that raises is reset, so that it forgets its input."""
    mine, theirs = ([given] if listed else given for given, listed in zip((text, gold), form, strict=True))
    try:
        result = metric.compute(predictions=[mine], references=[theirs], **options)
    except Exception:
        metric.writer = metric.buf_writer = metric.data = None
        raise
    return dict(result)


def _is_local(metric: str) -> bool:
    """Whether a metric is given by a path and not by an id."""
    return metric.startswith((".", "/", "~")) or metric.endswith(".py") or Path(metric).is_dir()


def _script(metric: str) -> Path:
    """The file of a local metric."""
    place = Path(metric).expanduser()
    return place if place.suffix == ".py" else place / f"{place.resolve().name}.py"


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
