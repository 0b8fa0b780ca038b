"""Currencies are read by their names, in any sentence: what a model really writes about them."""

import pytest

from lab.core.types import Problem
from lab.tasks.knowledge.short_answer import ShortAnswer

SAID = [
    (
        "the United States",
        ["Dollar", "USD"],
        "The United States uses the US dollar as its official currency.",
        True,
    ),
    ("the United States", ["Dollar", "USD"], "In the United States, people use the US dollar.", True),
    ("the United States", ["Dollar", "USD"], "The Australian dollar (AUD).", False),
    (
        "Turkey",
        ["Lira", "TRY"],
        "Turkey's official currency is the Lira, which is a medium of exchange.",
        True,
    ),
    ("Turkey", ["Lira", "TRY"], "Try the euro.", False),
    ("Algeria", ["Dinar"], "Algeria's official currency is the Lira, a medium of exchange.", False),
    ("Indonesia", ["Rupiah"], "Indonesia uses the rupiah, a currency often confused with the dollar.", True),
    ("Oman", ["Rial", "Riyal"], "Omanis are predominantly based on the Omani riyal.", True),
    ("Japan", ["Yen"], "The Japanese yen is used in Japan.", True),
    ("South Korea", ["Won", "KRW"], "South Korea won independence and uses the dollar.", False),
    ("South Korea", ["Won", "KRW"], "South Koreans use the won.", True),
    ("South Korea", ["Won", "KRW"], "KRW", True),
    ("Brazil", ["Real", "BRL"], "Brazil uses the Brazilian real.", True),
    ("Brazil", ["Real", "BRL"], "real", True),
    ("Czechia", ["Koruna", "CZK", "Crown"], "They use the Czech crown.", True),
    ("Libya", ["Dinar", "LYD"], "The currency used in Libya is the Libyan Yara (LYD).", False),
    ("Albania", ["Lek", "ALL"], "All of Albania pays in euros.", False),
    ("Greece", ["Euro", "EUR"], "The euro (EUR), which replaced the Greek drachma.", True),
    ("Greece", ["Euro", "EUR"], "Not the euro.", False),
    ("Greece", ["Euro", "EUR"], "The euro or the drachma.", False),
    ("Greece", ["Euro", "EUR"], "Either the dollar or the euro.", False),
]


@pytest.mark.parametrize(("country", "gold", "text", "right"), SAID)
def test_a_currency_is_read_from_any_sentence(country: str, gold: list[str], text: str, right: bool) -> None:
    question = {"role": "user", "content": f"What is the currency of {country}?"}
    meta = {"family": "currency", "form": "name", "about": [country]}
    problem = Problem(id="x", messages=(question,), gold=gold, meta=meta)
    assert ShortAnswer().check(problem, text).correct is right


def test_sentences_that_name_the_same_currency_cast_the_same_vote() -> None:
    meta = {"family": "currency", "form": "name", "about": ["Sudan"]}
    question = {"role": "user", "content": "What is the currency of Sudan?"}
    problem = Problem(id="x", messages=(question,), gold=["Pound"], meta=meta)
    texts = ("Pound", "Sudan uses the Sudanese pound as its currency.", "Sudan's currency is the pound.")
    assert {ShortAnswer().canonical_for(problem, text) for text in texts} == {"pound"}
