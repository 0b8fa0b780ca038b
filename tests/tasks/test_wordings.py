"""Other words for the same problems: gold, checker and split stay, ids and templates say which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval.estimators.clusters import clusters_of
from lab.errors import InputError
from lab.tasks import Capitals, Facts, Jsonl, ReasoningGym
from lab.tasks.jsonl import Columns
from lab.tasks.prompting import Prompted
from lab.tasks.prove import prove
from lab.tasks.wordings import FORMS, SETS, texts, worded

SMALL: dict[str, Any] = {"chain_sum": {"max_digits": 2}, "gcd": {"max_value": 40}, "lcm": {"max_value": 20}}
NEGATIVE = {"allow_negation": True}


def of(family: str, **more: Any) -> Prompted:
    if family in ("chain_sum", "products", "gcd", "lcm", "letter_counting"):
        return ReasoningGym(dataset=family, limit=30, **{"options": SMALL.get(family, {}), **more})
    return Facts(relations=(family,), limit=30, **more)  # type: ignore[arg-type]


def asked(task: Prompted, split: Any = "test", seed: int = 0) -> list[str]:
    return [p.messages[-1]["content"] for p in task.problems(split, seed=seed)]


@pytest.mark.parametrize(("name", "family"), [(n, f) for n, s in SETS.items() for f in s])
def test_every_wording_of_every_set(name: str, family: str) -> None:
    plain, other = of(family), of(family, wording=(name,))
    assert not list(other.faults())
    before, after = plain.problems("test"), other.problems("test")
    assert [p.gold for p in before] == [p.gold for p in after]
    assert prove(other, "test", 30) == len(after)
    assert after == other.problems("test", seed=3), "deterministic, whatever the run's seed"
    assert not {p.id for p in before} & {p.id for p in after}
    assert len({p.id for p in after}) == len(after)
    used = {p.meta["wording"] for p in after}
    assert used <= set(SETS[name][family])
    assert len(used) > 1, "a hash of the question chooses among several"
    for old, new in zip(before, after, strict=True):
        question, text = old.messages[-1]["content"], new.messages[-1]["content"]
        assert text != question
        assert "{" not in text
        form = FORMS[family].fullmatch(question.rsplit("\n", 1)[0])
        assert form is not None
        for part in form.groupdict().values():  # every number and every name of the question is still there
            words = part.replace(",", " ").split()
            assert all(word in text for word in words if word not in "+-*"), (question, text)


def test_signs_and_lists_in_words() -> None:
    question = "State the final answer to the following arithmetic problem: -5 + 12 - -3 ="
    assert worded("{spelled}?", question, "chain_sum") == "-5 plus 12 minus -3?"
    one = "Solve the following multiplication: 7 * -7. Give only the result as your final answer."
    assert worded("{expression}: {spelled}", one, "products") == "7 * -7: 7 times -7"
    three = "Find the Least Common Multiple (LCM) of these numbers: 60, 8, 52"
    assert worded("{listed} ({numbers})", three, "lcm") == "60, 8 and 52 (60, 8, 52)"
    with pytest.raises(InputError, match="does not have the form"):
        worded("{numbers}", "Something else", "lcm")


def test_negative_numbers_are_kept() -> None:
    for family in ("chain_sum", "products"):
        task = ReasoningGym(dataset=family, limit=20, options=NEGATIVE, wording=("words",))
        assert any(" -" in text for text in asked(task))
        assert prove(task, "test", 20) == 20


def test_braces_of_a_question_are_not_read_as_parts() -> None:
    assert (
        worded("Q: {question} ({question})", "f{x} {question}?", "")
        == "Q: f{x} {question}? (f{x} {question}?)"
    )
    text = 'How many times does the letter "a" appear in the text: "{letter}"?'
    assert worded("{text}/{letter}", text, "letter_counting") == "{letter}/a"


def test_a_reworded_question_stays_on_its_side() -> None:
    """The wording of train, dev and test never moves the question it stands for."""
    plain = ReasoningGym(dataset="gcd", limit=80, options=SMALL["gcd"])
    other = plain.model_copy(update={"wording": ("GCD: {numbers}",)})
    for split in ("train", "dev", "test"):
        numbers = [t.split(": ")[1].split(". Give")[0] for t in asked(plain, split, 4)]
        assert [t.removeprefix("GCD: ").split("\n")[0] for t in asked(other, split, 4)] == numbers
    train = {t.removeprefix("GCD: ").split("\n")[0] for t in asked(other, "train", 4)}
    test = {t.split(": ")[1].split(". Give")[0] for t in asked(plain, "test")}
    assert not train & test


def test_few_shot_turns_are_worded_too() -> None:
    task = ReasoningGym(
        dataset="gcd", limit=4, few_shot=3, options=SMALL["gcd"], wording=("Of {numbers} the GCD?",)
    )
    for problem in task.problems("test"):
        users = [m["content"] for m in problem.messages if m["role"] == "user"]
        assert len(users) == 4
        assert all(text.startswith("Of ") for text in users)


def test_a_text_around_any_question() -> None:
    task = Capitals(limit=5, wording=("Geography. {question}",), name="mine")
    assert all(text.startswith("Geography. What is the capital of") for text in asked(task))
    assert {p.meta["template"] for p in task.problems("test")} == {"capital"}, "its own template comes first"
    assert prove(task, "test", 5) == 5


def test_own_data_take_texts_but_no_parts_whatever_a_column_calls_its_family(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    row = '{{"question": "What is the capital of {i}?", "answer": "{i}", "kind": "capital"}}\n'
    path.write_text("".join(row.format(i=i) for i in range(60)))
    task = Jsonl(path=str(path), columns=Columns(family="kind"), wording=("Now: {question}",))
    plain = task.model_copy(update={"wording": ()})
    assert asked(task) == [f"Now: {text}" for text in asked(plain)]
    assert prove(task, "test") == len(task.problems("test"))
    for wrong in ("rephrased", "{country}"):
        other = task.model_copy(update={"wording": (wrong,)})
        assert [field for field, _ in other.faults()] == ["wording"]
        with pytest.raises(InputError, match="wording"):
            other.problems("test")


def test_adding_no_wording_changes_nothing() -> None:
    (problem,) = ReasoningGym(dataset="gcd", limit=1).problems("test")
    assert "~" not in problem.id
    assert not {"wording", "template"} & set(problem.meta)


def test_listed_wordings_are_no_clusters_but_templates_are() -> None:
    reworded = ReasoningGym(dataset="gcd", limit=20, wording=("rephrased",)).problems("test")
    assert len(set(clusters_of(reworded))) == 20
    symbolic = ReasoningGym(dataset="gsm_symbolic", limit=40, wording=("Solve: {question}",)).problems("test")
    assert clusters_of(symbolic) == [p.meta["template"] for p in symbolic]
    assert len(set(clusters_of(symbolic))) < 40


def test_templates_of_gsm_symbolic_are_chosen() -> None:
    seen, unseen = (
        ReasoningGym(dataset="gsm_symbolic", limit=60, templates=(t,)) for t in ("seen", "unseen")
    )
    sides = [{p.meta["template"] for p in t.problems(s)} for t in (seen, unseen) for s in ("train", "test")]
    assert not (sides[0] | sides[1]) & (sides[2] | sides[3])
    assert sides[0] & sides[1], "the same templates with other numbers"
    assert all(len(side) > 15 for side in sides)
    two = ReasoningGym(dataset="gsm_symbolic", limit=30, templates=("3", "5"))
    assert {p.meta["template"] for p in two.problems("test")} == {"3", "5"}
    assert len(two.problems("test")) == 30
    assert not set(asked(two, "train")) & set(asked(two, "test"))
    assert prove(two, "test", 30) == 30
    with pytest.raises(InputError, match="no template '100'"):
        ReasoningGym(dataset="gsm_symbolic", templates=("3", "100")).problems("test")


@pytest.mark.parametrize(
    ("task", "field", "hint"),
    [
        (ReasoningGym(dataset="gcd", wording=("rephrase",)), "wording", "Did you mean 'rephrased'"),
        (ReasoningGym(dataset="gcd", wording=("{number}",)), "wording", "Did you mean 'numbers'"),
        (
            ReasoningGym(dataset="letter_counting", wording=("words",)),
            "wording",
            "no text for 'letter_counting'",
        ),
        (ReasoningGym(dataset="basic_arithmetic", wording=("words",)), "wording", "no text for this task"),
        (ReasoningGym(dataset="letter_counting", wording=("{letter}?",)), "wording", "leaves out a part"),
        (ReasoningGym(dataset="gcd", wording=("{} and {1}",)), "wording", "no part"),
        (ReasoningGym(dataset="gcd", wording=("a { b",)), "wording", "does not contain {question}"),
        (Facts(wording=("Money of {country}?",)), "wording", "one kind of question"),
        (
            ReasoningGym(dataset="gcd", templates=("seen",)),
            "templates",
            "has no templates; these have: gsm_symbolic",
        ),
    ],
)
def test_faults(task: Prompted, field: str, hint: str) -> None:
    ((found, message),) = task.faults()
    assert found == field
    assert hint in message
    with pytest.raises(InputError):
        task.problems("test")


def test_texts_join_sets_and_own_texts_once() -> None:
    own = "GCD of {numbers}?"
    assert texts((own, "words", own), "gcd") == (own, *SETS["words"]["gcd"])
    assert texts((), "gcd") == ()
