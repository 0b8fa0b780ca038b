"""Questions that are one problem: on one side of a split, and once there; what an order means stays apart."""

from __future__ import annotations

import pytest

from lab.language.operands import in_order
from lab.tasks.reasoning_gym.generators import generators
from lab.tasks.reasoning_gym.task import ReasoningGym
from lab.tasks.reasoning_gym.twins import FORMS, key

GCD = "Find the Greatest Common Divisor (GCD) of these numbers: {}. Give only the GCD as your final answer."
SUM = "State the final answer to the following arithmetic problem: {} ="
LEGS = "How many legs are there in total if you have {}?"
COUNTDOWN = "Calculate {} using all of these numbers: {}.\nEach number may be used at most once."
ISLAND = (
    "A very special island is inhabited only by {a}s and {b}s. {A}s always tell the truth, and {b}s always "
    "lie. You meet 2 inhabitants: {x}, and {y}. {said} So who is a {a} and who is a {b}? (Format ...)"
)
KNIGHTS = ISLAND.format(
    a="knight",
    A="Knight",
    b="knave",
    x="Zoe",
    y="Al",
    said='Zoe said, "Al is a knave." "Zoe is a knight," Al claimed.',
)
HEROES = ISLAND.format(
    a="hero",
    A="Hero",
    b="villain",
    x="Joe",
    y="Ann",
    said='According to Joe, "Ann is a villain". Ann told you that Joe is a hero.',
)
LIARS = HEROES.replace("Ann is a villain", "Ann is a hero")
SYLLOGISM = (
    "Consider these statements:\n1. {}\n2. {}\n\nDoes it logically follow that:\n{}?\n(Answer Yes or No)"
)
CRYPT = "Solve this cryptarithm:\n\n  {}\n+ {}\n-----\n {}\n\nEach letter stands for a unique digit (0-9)."
FAMILY = "{a} is married to {b}. They have a child called {c}.\n\nWhat relation is {c} to {a}?"

TWINS = [
    ("gcd", GCD.format("6, 19"), GCD.format("19, 6")),
    ("gcd", GCD.format("6, 19, 4"), GCD.format("19, 4, 6")),
    (
        "lcm",
        "Find the Least Common Multiple (LCM) of these numbers: 98, 54",
        "Find the Least Common Multiple (LCM) of these numbers: 54, 98",
    ),
    (
        "products",
        "Solve the following multiplication: 16 * 5. Give only",
        "Solve the following multiplication: 5 * 16. Give only",
    ),
    ("chain_sum", SUM.format("4 + 12 + 7"), SUM.format("12 + 7 + 4")),
    ("chain_sum", SUM.format("4 - 1 - 7"), SUM.format("4 - 7 - 1")),
    ("chain_sum", SUM.format("4 - 1 + 7"), SUM.format("7 + 4 - 1")),
    ("decimal_chain_sum", SUM.format("4.5 + 1.2"), SUM.format("1.2 + 4.5")),
    ("basic_arithmetic", "Calculate 2 * (3 + -4) - 5.", "Calculate ( -4 + 3 ) * 2 - 5."),
    ("decimal_arithmetic", "Reply.\n(0.6*6.5)*(5.8-4.6) = ?", "Reply.\n(5.8-4.6)*(6.5*0.6) = ?"),
    ("bitwise_arithmetic", "Reply.\n((0x7d & 0x2) << 0x1)", "Reply.\n((0x2 & 0x7d) << 0x1)"),
    ("complex_arithmetic", "Add: (7.0 - 6.0i) + (1.0 + 9.0i)", "Add: (1.0 + 9.0i) + (7.0 - 6.0i)"),
    ("simple_equations", "Solve for m: 2*m + 5 = 13", "Find the value of t in the equation: 5 + t*2 = 13"),
    (
        "polynomial_equations",
        "Solve for real v: 100*v**2 + 4*v = 0\nIn",
        "Determine the real value(s) of o that satisfies: 4*o + 100*o**2 = 0\nIn",
    ),
    ("simple_integration", "Evaluate: ∫ 12*X**2 - 4 dX\nWhen", "Calculate: ∫ -4 + 12*x**2 dx\nWhen"),
    (
        "leg_counting",
        LEGS.format("5 wasps, 3 sea slugs, 2 crabs"),
        LEGS.format("3 sea slugs, 2 crabs, 5 wasps"),
    ),
    ("countdown", COUNTDOWN.format(164, "66, 34, 98"), COUNTDOWN.format(164, "98, 66, 34")),
    ("puzzle24", "Make 24 using 1, 3, 5, 9. You can", "Make 24 using 9, 5, 1, 3. You can"),
    ("dice", "I have these dice: 1d20, 1d4. What", "I have these dice: 1d4, 1d20. What"),
    (
        "course_schedule",
        "want to take:\n[(4, 3), (2, 7)]\n\nReturn",
        "want to take:\n[(2, 7), (4, 3)]\n\nReturn",
    ),
    (
        "jugs",
        "many litres of water: A:4, B:9, C:13\nAnd your target is: 11 litres.",
        "many litres of water: A:13, B:4, C:9\nAnd your target is: 11 litres.",
    ),
    (
        "aiw",
        "Susan has 4 sisters and she also has 1 brothers. How many?",
        "Mary has 4 sisters and she also has 1 brothers. How many?",
    ),
    ("knights_knaves", KNIGHTS, HEROES),
    (
        "syllogism",
        SYLLOGISM.format("No cats are dogs", "All dogs are birds", "No cats are birds"),
        SYLLOGISM.format("All men are gods", "No kings are men", "No kings are gods"),
    ),
    ("cryptarithm", CRYPT.format("AB", "C", "AD"), CRYPT.format("C", "AB", "AD")),
    ("cryptarithm", CRYPT.format("AB", "C", "AD"), CRYPT.format("XY", "Z", "XW")),
    (
        "isomorphic_strings",
        "Return True or False otherwise:\negg add",
        "Return True or False otherwise:\nxyy abb",
    ),
    ("ransom_note", "can.\n\nRansom note: ab\nMagazine: aabc", "can.\n\nRansom note: xy\nMagazine: zyxx"),
    (
        "caesar_cipher",
        "Decrypt this Caesar cipher text: BOE. Provide only",
        "Decrypt this Caesar cipher text: CPF. Provide only",
    ),
    (
        "maze",
        "Navigate from '5' (start) to 'x' (goal):\n\n```\nN5x\nNRR\n```\nLegend",
        "Navigate from 'a' (start) to 'b' (goal):\n\n```\n#ab\n#..\n```\nLegend",
    ),
]

APART = [
    ("gcd", GCD.format("6, 19"), GCD.format("6, 18")),
    ("chain_sum", SUM.format("7 - 3"), SUM.format("3 - 7")),
    ("chain_sum", SUM.format("7 - 3 + 1"), SUM.format("7 + 3 - 1")),
    ("basic_arithmetic", "Calculate 8 / 2.", "Calculate 2 / 8."),
    ("bitwise_arithmetic", "Reply.\n(0x7d << 0x2)", "Reply.\n(0x2 << 0x7d)"),
    (
        "complex_arithmetic",
        "Subtract: (1.0 + 10.0i) - (6.0 - 10.0i)",
        "Subtract: (6.0 - 10.0i) - (1.0 + 10.0i)",
    ),
    ("simple_equations", "Solve for m: 2*m + 5 = 13", "Solve for m: 5*m + 2 = 13"),
    ("leg_counting", LEGS.format("5 wasps, 3 crabs"), LEGS.format("3 wasps, 5 crabs")),
    ("countdown", COUNTDOWN.format(66, "164, 34"), COUNTDOWN.format(164, "66, 34")),
    ("course_schedule", "take:\n[(4, 3), (2, 7)]\n\nReturn", "take:\n[(3, 4), (2, 7)]\n\nReturn"),
    (
        "jugs",
        "water: A:4, B:9, C:13\nAnd your target is: 11 litres.",
        "water: A:4, B:11, C:13\nAnd your target is: 9 litres.",
    ),
    (
        "aiw",
        "Susan has 4 sisters and she also has 1 brothers. How many?",
        "Susan has 1 sisters and she also has 4 brothers. How many?",
    ),
    ("knights_knaves", HEROES, LIARS),
    (
        "syllogism",
        SYLLOGISM.format("No cats are dogs", "All dogs are birds", "No cats are birds"),
        SYLLOGISM.format("No cats are dogs", "All birds are dogs", "No cats are birds"),
    ),
    ("cryptarithm", CRYPT.format("AB", "C", "AD"), CRYPT.format("AB", "A", "AD")),
    (
        "isomorphic_strings",
        "Return True or False otherwise:\negg add",
        "Return True or False otherwise:\negg adb",
    ),
    (
        "caesar_cipher",
        "Decrypt this Caesar cipher text: BOE. Provide only",
        "Decrypt this Caesar cipher text: BOF. Provide only",
    ),
    ("power_function", "Compute 2^5.", "Compute 5^2."),
    ("number_sequence", "1, 2, 3, ?", "1, 3, 2, ?"),
]


@pytest.mark.parametrize(("dataset", "one", "other"), TWINS)
def test_what_differs_in_an_order_or_a_name_is_one_problem(dataset: str, one: str, other: str) -> None:
    assert key(dataset, one) == key(dataset, other)


@pytest.mark.parametrize(("dataset", "one", "other"), APART)
def test_what_differs_in_meaning_is_not(dataset: str, one: str, other: str) -> None:
    assert key(dataset, one) != key(dataset, other)


def test_a_name_that_says_what_the_answer_is_counts() -> None:
    ethan, noah, zoe = (FAMILY.format(a="Ann", b="Bob", c=name) for name in ("Ethan", "Noah", "Zoe"))
    assert key("family_relationships", ethan, "son") == key("family_relationships", noah, "son")
    assert key("family_relationships", ethan, "son") != key("family_relationships", zoe, "daughter")


def test_a_filled_in_template_is_its_numbers_in_their_order() -> None:
    texts = [f"{name} has {a} {thing} and eats {b}. How many are left?" for name, thing, a, b in
             (("Ann", "figs", 9, 4), ("Bob", "nuts", 9, 4), ("Ann", "figs", 8, 3))]  # fmt: skip
    keys = [key("gsm_symbolic", text, "5", "17") for text in texts]
    assert keys[0] == keys[1] != keys[2]
    assert key("gsm_symbolic", texts[0], "5", "18") != keys[0]


@pytest.mark.parametrize("dataset", sorted(FORMS))
def test_every_form_reads_the_questions_of_its_generator(dataset: str) -> None:
    """A form that finds nothing leaves the question as it is: then it has no twins at all."""
    assert generators()[dataset].answer != "refused"
    task = ReasoningGym(dataset=dataset)
    slow = dataset.startswith(("intermediate", "puzzle24", "quantum", "advanced", "countdown"))
    items = task.items("train", 0, 2 if slow else 6)
    assert len({item.same for item in items}) == len(items)
    assert any(item.same != item.question for item in items)


SMALL = [
    ("gcd", {"max_numbers": 2, "max_value": 12}),
    ("lcm", {"max_numbers": 2, "max_value": 12}),
    ("products", {"max_terms": 2, "max_digits": 1}),
    ("chain_sum", {"max_terms": 2, "max_digits": 1}),
]


@pytest.mark.parametrize(("dataset", "options"), SMALL)
def test_no_problem_is_on_two_sides_or_twice_on_one(dataset: str, options: dict[str, int]) -> None:
    task = ReasoningGym(dataset=dataset, options=options, limit=30)
    sides = {
        (split, seed): [_numbers(p.messages[-1]["content"]) for p in task.problems(split, seed=seed)]  # type: ignore[arg-type]
        for split, seed in (("train", 0), ("train", 1), ("dev", 0), ("test", 0))
    }
    for found in sides.values():
        assert len(set(found)) == len(found) > 1
    assert not set(sides["test", 0]) & (
        set(sides["train", 0]) | set(sides["train", 1]) | set(sides["dev", 0])
    )
    assert not set(sides["dev", 0]) & (set(sides["train", 0]) | set(sides["train", 1]))


def _numbers(question: str) -> tuple[str, ...]:
    """Independent of the code under test: the numbers, in order where something is subtracted."""
    figures = [word for word in question.replace(",", " ").replace(". ", " ").split() if word.isdecimal()]
    return ("-", *figures) if " - " in question else tuple(sorted(figures))


def test_ids_say_seed_and_index_and_do_not_change() -> None:
    task = ReasoningGym(dataset="gcd", options={"max_numbers": 2, "max_value": 40}, limit=4)
    again = ReasoningGym(dataset="gcd", options={"max_numbers": 2, "max_value": 40}, limit=4)
    assert [p.id for p in task.problems("test")] == [p.id for p in again.problems("test")]
    more = ReasoningGym(dataset="gcd", options={"max_numbers": 2, "max_value": 40}, limit=40)
    assert [p.id for p in more.problems("test")][:4] == [p.id for p in task.problems("test")]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("What is 19 + 6?", "What is (6 + 19)?"),
        ("(see 7 × 3)", "(see (3 * 7))"),
        ("8 ÷ 2 ÷ 4", "(8 / 2 / 4)"),
        ("born on 2020-10-12", "born on 2020-10-12"),
        ("call 555-12-34", "call 555-12-34"),
        ("in 1914-18", "in 1914-18"),
        ("6 and 19", "6 and 19"),
    ],
)
def test_arithmetic_in_a_text_is_put_in_order(text: str, same: str) -> None:
    assert in_order(text) == same
