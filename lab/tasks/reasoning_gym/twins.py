"""Finds questions of a reasoning_gym generator that are the same problem ("twins").

gcd(6, 19) and gcd(19, 6) are twins; so are a sum with its terms in another order, an equation with another
letter, and a story about another person. `key` returns one text for all twins. It decides the side of a
split, and no side has two problems with the same key. If an order has a meaning (7 - 3 and 3 - 7, the steps
of a program, the rows of a board), the key keeps it.

For a generator that is not in `FORMS`, only equal questions are twins: it asks about a sequence, a board, a
program or a date, or (acre, arc_agi, zebra_puzzles) its questions are so long that no two are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.language.operands import in_order
from lab.tasks.reasoning_gym import twin_forms as forms

CanonicalForm = Callable[[str], str]
"""Question, or a part of it -> one text for all of its twins."""


def key(dataset: str, question: str, answer: str = "", template: str = "") -> str:
    """One text for all twins of a question.

    With a `template`, questions with the same numbers and answer are the same problem, whoever and whatever
    they are about. The answer also counts if a name determines it (a son or a daughter).
    """
    if template:
        return f"{template}: {' '.join(_FIGURES.findall(question))} = {answer}"
    found = FORMS.get(dataset, str)(question)
    return f"{found} = {answer}" if dataset in ANSWER_DECIDES else found


def _listed(item: str, joined: str = ", ") -> CanonicalForm:
    """The form in which all lists of such items are sorted."""
    one, pattern = re.compile(item), re.compile(rf"{item}(?:{re.escape(joined)}{item})+")
    return lambda text: pattern.sub(lambda found: joined.join(sorted(one.findall(found[0]))), text)


def _part(pattern: str, form: CanonicalForm) -> CanonicalForm:
    """Applies a form to the group of the pattern; the text around it is only wording."""
    compiled = re.compile(pattern, re.DOTALL)

    def changed(question: str) -> str:
        found = compiled.search(question)
        return form(found[1]) if found else question

    return changed


_FIGURES = re.compile(r"\d+(?:[.,/]\d+)*")
_NUMBERS = _listed(r"(?<![\w.])-?\d+(?:\.\d+)?°?")
_EQUATION = _part(r"[:\n] *([^:\n]+ = -?\d+)(?:\n|$)", forms.expression)
_INTEGRAL = _part(r"∫ (.+?) d[a-zA-Z]\n", forms.expression)
_LAST_LINE = r"\n([^\n]+)$"

FORMS: dict[str, CanonicalForm] = {
    # Operands in any order.
    "gcd": _NUMBERS,
    "lcm": _NUMBERS,
    "products": in_order,
    "chain_sum": in_order,
    "decimal_chain_sum": in_order,
    "basic_arithmetic": _part(r"([-\d(][-+*/()\d. ]*[\d)])", forms.expression),
    "decimal_arithmetic": _part(r"\n([^\n]+) = \?$", forms.expression),
    "bitwise_arithmetic": _part(_LAST_LINE, forms.expression),
    "complex_arithmetic": lambda q: _listed(r"\([^()]+\)", " × ")(_listed(r"\([^()]+\)", " + ")(q)),
    "polynomial_multiplication": _part(r": (.+?)\nWhen", forms.expression),
    "simple_equations": _EQUATION,
    "polynomial_equations": _EQUATION,
    "simple_integration": _INTEGRAL,
    "intermediate_integration": _INTEGRAL,
    "fraction_simplification": _part(r"([\d/{}]{3,})", lambda text: " ".join(_FIGURES.findall(text))),
    # Lists in any order.
    "countdown": _part(r"(\d+ using all of these numbers: [\d, ]+)", _NUMBERS),
    "puzzle24": _NUMBERS,
    "number_sorting": _NUMBERS,
    "number_format": _listed(r"(?<=[ :])\d[\d,.e+-]*", " "),
    "word_sorting": _listed(r"[\w'-]+"),
    "leg_counting": _listed(r"\d+ [a-z]+(?: [a-z]+)*"),
    "dice": _listed(r"\d+d\d+"),
    "group_anagrams": _listed(r'"[^"]+"'),
    "palindrome_generation": _listed(r"\b[a-z]\b"),
    "advanced_geometry": forms.triangle,
    "simple_geometry": _part(r"(\d+ sides.+?°(?:, [\d.]+°)*)", _NUMBERS),
    "course_schedule": _listed(r"\(\d+, \d+\)"),
    "path_star": _listed(r"\d+ \d+", "|"),
    "survo": _NUMBERS,
    "jugs": _part(r"water: (.+? litres)", forms.jugs),
    "quantum_lock": lambda q: q.partition("Buttons:\n")[0] + forms.buttons(q.partition("Buttons:\n")[2]),
    "letter_jumble": _part(r"unscramble these words: (.+)$", forms.letters_of_words),
    "sentence_reordering": _part(r"sentence: (.+)$", forms.words),
    "needle_haystack": lambda q: forms.words(q.replace(" ", "_").replace("._", ". ")),
    # Any names of the same things.
    "aiw": forms.names,
    "family_relationships": forms.names,
    "knights_knaves": forms.knights,
    "syllogism": _part(r":\n(1\. .+)\n\(Answer", forms.syllogism),
    "cryptarithm": _part(r"\n\n(.+?)\n\nEach letter", forms.cryptarithm),
    "isomorphic_strings": _part(_LAST_LINE, forms.isomorphic),
    "ransom_note": _part(r"(Ransom note: .+)$", forms.ransom),
    "binary_alternation": _part(r"([01]+)$", forms.digits),
    "caesar_cipher": _part(r"text: (.+?)\. Provide", forms.caesar),
    "color_cube_rotation": forms.cube,
    "maze": forms.maze,
    "mini_sudoku": _part(r"((?:[\d_] ){3}[\d_]\n.+?)\nFormat", forms.digits),
    "sudoku": _part(r":\n(.+?)\nRespond", forms.digits),
    "emoji_mystery": _part(r"emoji: .(.+?)\n\n", str),
}
ANSWER_DECIDES = ("family_relationships",)
"""Generators whose names say what the answer is."""
