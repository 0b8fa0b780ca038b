"""The `reasoning_gym` task: questions of any of its generators, such as gcd, with the generator's own
scoring.

For example "Find the Greatest Common Divisor (GCD) of these numbers: 20, 35." -> 5. A generator makes an
endless number of questions from a seed. Train and test draw from different seeds, and a hash assigns each
problem to one side, so the splits share none, whatever the seeds, limits or runs. Questions that differ only
in an order or a name without meaning are one problem (twins.py): of gcd(20, 35) and gcd(35, 20) only one is
used. An answer is right if the generator's scoring gives it 1.0. Generators that do not accept their own
answers are refused. gsm_symbolic fills in templates, which can be selected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.core.protocols import Checker
from lab.core.seeds import derive_seed
from lab.core.types import Problem, Verdict
from lab.errors import InputError, nearest
from lab.language.echo import heard
from lab.language.extraction.markers import find_answer, points_at_answer, strip_markup
from lab.system.files import canonical_json
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.numeric import Numeric
from lab.tasks.checkers.sandbox import SANDBOX, SandboxError
from lab.tasks.prompting import Item, Prompted, bucket
from lab.tasks.reasoning_gym import twins
from lab.tasks.reasoning_gym.generators import LARGEST, SIZES, TEMPLATED, draw, generators, score, templates
from lab.tasks.reasoning_gym.harmless import expression
from lab.tasks.wordings import FORMS


class ReasoningGym(Prompted):
    """Questions of one reasoning_gym data set (a generator of problems)."""

    endless: ClassVar[bool] = True
    kind: Literal["reasoning_gym"] = "reasoning_gym"
    dataset: str
    """Name of the data set: gcd, chain_sum, letter_counting, ... (only those that score answers correctly).
    """
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the data set itself, e.g. {max_value: 40} for gcd."""
    limit: int = Field(default=200, ge=1)
    """Number of problems per split; fewer if the data set has no more different ones."""
    templates: tuple[str, ...] = ()
    """Use only these templates (gsm_symbolic: "0" to "99"). `seen` and `unseen` are two halves chosen by a
    hash, to train on one and test on the other.
    """

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an unknown or refused generator, an unknown option, and templates where there are none."""
        yield from super().faults()
        known = generators().get(self.dataset)
        if known is None:
            yield (
                "dataset",
                f"reasoning_gym has no data set '{self.dataset}'.{nearest(self.dataset, generators())}",
            )
        elif known.answer == "refused":
            yield (
                "dataset",
                (
                    f"'{self.dataset}' does not score its own gold answers correctly, so it "
                    "cannot be used for measurements."
                ),
            )
        else:
            if self.templates and self.dataset not in TEMPLATED:
                yield "templates", f"'{self.dataset}' has no templates; these have: {', '.join(TEMPLATED)}."
            for option in self.options:
                if option in ("seed", "size"):
                    yield (
                        "options",
                        (
                            f"'{option}' is a field of the task: set "
                            f"`{'seed' if option == 'seed' else 'limit'}` there."
                        ),
                    )
                elif option not in known.options:
                    yield (
                        "options",
                        f"'{self.dataset}' has no option '{option}'.{nearest(option, known.options)}",
                    )

    def families(self) -> tuple[str, ...]:
        return (self.dataset,) if self.dataset in FORMS else ()

    @property
    def checker(self) -> Checker:
        """The generator's own scoring."""
        return GeneratorChecker(dataset=self.dataset, options=canonical_json(self.options))

    def default_label(self) -> str:
        return self.dataset

    def default_instruction(self) -> str:
        known = generators().get(self.dataset)
        return NUMBER_INSTRUCTION if known and known.answer == "number" else TEXT_INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return "apache-2.0"

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """The first `count` different problems on this split's side. Raises InputError."""
        for field, message in self.faults():
            raise InputError(f"task {self.label}: {field}: {message}")
        base = derive_seed("reasoning_gym", self.dataset, split, seed) % 2**31
        wanted = self.limit if count is None else count
        seen: set[str] = set()
        items: list[Item] = []
        for index in self._indices(base, wanted):
            item = self._item(base, index, str(index) if seed == 0 else f"{base}.{index}")
            if not self._checkable(item):
                continue
            if (bucket(item.problem) < 0.5) == (split == "test") and item.problem not in seen:
                seen.add(item.problem)
                items.append(item)
                if len(items) == wanted:
                    break
        self._prove(items[:5])
        return items

    def _indices(self, base: int, wanted: int) -> Iterable[int]:
        """The indices to try: the first ones or, with `templates`, those of the wanted templates."""
        largest = SIZES.get(self.dataset, LARGEST)
        if not self.templates:
            return range(min(wanted * 20 + 200, largest))
        names = templates(self.dataset, canonical_json(self.options), base)
        halves, known = {name: _half(name) for name in names}, sorted(set(names), key=int)
        if wrong := next((t for t in self.templates if t not in (*known, "seen", "unseen")), None):
            hint = nearest(wrong, [*known, "seen", "unseen"])
            raise InputError(f"task {self.label}: '{self.dataset}' has no template '{wrong}'.{hint}")
        return [i for i, name in enumerate(names) if {name, halves[name]} & set(self.templates)]

    def _item(self, base: int, index: int, key: str) -> Item:
        place = (self.dataset, canonical_json(self.options), base, index)
        isolated = generators()[self.dataset].isolated
        try:
            drawn = (
                SANDBOX.call("lab.tasks.reasoning_gym.generators:draw", *place, seconds=120)
                if isolated
                else draw(*place)
            )
        except SandboxError as error:
            raise InputError(f"task {self.label}: {error}") from None
        meta = {
            "family": self.dataset,
            "generator_seed": base,
            "index": index,
            "difficulty": drawn["difficulty"],
        }
        template = ""
        if self.dataset in TEMPLATED:
            meta["template"] = template = templates(self.dataset, canonical_json(self.options), base)[index]
        question, answer = drawn["question"], drawn["answer"]
        return Item(
            key, question, answer, answer, meta, same=twins.key(self.dataset, question, answer, template)
        )

    def _checkable(self, item: Item) -> bool:
        """Whether the gold can be checked: False if it is itself a call that no model may make ("Integral(f,
        x)").
        """
        return generators()[self.dataset].evaluates != "expression" or expression(item.answer) is not None

    def _prove(self, items: list[Item]) -> None:
        """Raises InputError unless the generator, with these options, accepts its own answers and rejects
        nonsense.
        """
        for item in items:
            problem = Problem(item.key, (), item.gold, item.meta)
            if not self.checker.check(problem, self.show(item)).correct:
                fault = f"does not accept its own gold answer {str(item.gold)[:60]!r}"
            elif self.checker.check(problem, _NONSENSE).correct:
                fault = f"accepts {_NONSENSE!r}"
            else:
                continue
            raise InputError(
                f"task {self.label}: '{self.dataset}' {fault}, so it cannot be used for measurements"
            )


def _half(template: str) -> str:
    return "seen" if bucket(f"template\x1f{template}") < 0.5 else "unseen"


class GeneratorChecker(CheckerComponent):
    """Right if the reasoning_gym data set that made the problem gives the answer the score 1.0."""

    kind: Literal["generator"] = "generator"
    dataset: str
    """Name of the data set."""
    options: str
    """Options of the data set, as JSON."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Scores the canonical answer on the item that `problem.meta` names (generator_seed, index)."""
        text = heard(problem, text)
        value = self.canonical(text)
        if value is None:
            return Verdict(False, None, "no answer found")
        place = (int(problem.meta["generator_seed"]), int(problem.meta["index"]))
        tries = dict.fromkeys([self._piece(text) or value, value, value.rstrip(".")])
        best = self._score(*place, list(tries))
        return Verdict(
            best >= 1.0,
            value,
            f"{self.dataset} gives {value[:60]!r} the score {best:g}; gold {problem.gold!s:.60}",
        )

    def canonical(self, text: str) -> str | None:
        """The number in canonical form, or the line or lines of the answer; None if there is none."""
        form = generators()[self.dataset].answer
        if form == "number":
            return Numeric().canonical(text)
        piece = self._piece(text)
        return (piece and (piece if form == "lines" else strip_markup(piece))) or None

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text that was cut off have one."""
        return points_at_answer(text)

    def _piece(self, text: str) -> str | None:
        """The answer as written: everything after a marker, or one line if answers are one line."""
        found = find_answer(text, "auto")
        form = generators()[self.dataset].answer
        lines = [line.strip() for line in found.text.splitlines() if line.strip()] if found else []
        if found is None or not lines or form == "number":
            return None
        return (
            found.text.strip()[:_LONGEST] if form == "lines" else lines[0 if found.marked else -1][:_LONGEST]
        )

    def _score(self, seed: int, index: int, answers: list[str]) -> float:
        """The best score of several readings of one answer, under one time limit."""
        place = (self.dataset, self.options, seed, index)
        if not generators()[self.dataset].isolated:
            return score(*place, answers)
        try:
            return float(SANDBOX.call(f"{_HERE}:score", *place, answers, seconds=_SECONDS))
        except SandboxError:
            return 0.0


_SECONDS = 10.0
_HERE = "lab.tasks.reasoning_gym.generators"
"""Processor time that scoring one text may take."""
_NONSENSE = "I do not know"
_LONGEST = 8000
ANSWER_FORMAT = "Answer: {answer}"
NUMBER_INSTRUCTION = 'End with "Answer:" and the number.'
"""Tried with SmolLM2-135M on 4 generators x 48 training problems x 4 samples (chain_sum, gcd, products,
letter_counting): 0.126 right at 29 tokens; no instruction 0.138 at 43; with "Think step by step." before
it 0.147 at 64 (many cut off at 100). Only letter_counting tells them apart (0.08, 0.10, 0.19)."""
TEXT_INSTRUCTION = 'End with "Answer:" and nothing but the answer.'
