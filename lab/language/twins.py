"""Finds questions that are probably the same problem with its numbers in another order.

"What is the gcd of 6 and 19?" and "... of 19 and 6?" are probably twins, because nothing says that the order
matters. If a word or sign says that it does (minus, divided by, than, from, a power, "left"), only arithmetic
is sorted: 3 + 5 - 2 is 5 - 2 + 3, but 7 - 3 is not 3 - 7. No text can prove that the order does not matter,
so these are possible twins: they are reported, kept on one side of a split, and form one cluster.
"""

from __future__ import annotations

import re

from lab.language.operands import in_order

_TOKEN = re.compile(r"\x02[^\x03]*\x03|\d+(?:[.,]\d+)*|[^\W\d_]+|[^\w\s]")
_LIST = re.compile(r"\b[A-Z]\w*(?:(?:, | and | or |, and |, or | & )[A-Z]\w*)+")
_ORDERED = re.compile(r"\d\s*[-−–÷/:^→>≥<≤]\s*\d|[%√]|[-−–]\s*\d")
"""Signs between or before numbers whose order means something; dates and ratios are among them."""
_ORDERING = """
    than minus less fewer from subtract subtracted divide divided quotient difference power powers exponent
    root percent ratio over out per into mod modulo remainder log base left remain remains remaining away
    gives gave spends spent lost loses ate eats sold sells older younger taller shorter before after first
    second last decrease decreased reduce reduced weniger geteilt durch hoch moins divisé menos dividido
"""
ORDERING = frozenset(_ORDERING.split())
"""Words that say that the order of the numbers means something."""
ORDERING_PARTS = ("减", "減", "除", "比", "次方", "大于", "小于", "余")
"""The same in Chinese and Japanese, which have no spaces."""


def key(question: str) -> str:
    """A string that is equal for probable twins. A question with nothing to reorder is its own key."""
    marked = in_order(question, "\x02{}\x03")
    rest = _TOKEN.sub(lambda found: " " if found[0].startswith("\x02") else found[0], marked)
    if _order_matters(rest):
        return marked if "\x02" in marked else question
    tokens = _TOKEN.findall(marked)
    numbers = [token for token in tokens if token[0].isdecimal()]
    if len(numbers) < 2:
        listed = _LIST.sub(lambda found: " ".join(sorted(re.findall(r"[A-Z]\w*", found[0]))), marked)
        return listed if listed != question else question
    slots = [token for token in tokens if _moves(token)]
    template = " ".join("_" if _moves(token) else token.lower() for token in tokens)
    return f"{template}: {' '.join(sorted(slots))}"


def _moves(token: str) -> bool:
    """A number, or a word that may be a name."""
    return token[0].isdecimal() or token[0].isupper()


def _order_matters(text: str) -> bool:
    lower = text.lower()
    return (
        _ORDERED.search(text) is not None
        or not ORDERING.isdisjoint(re.findall(r"[^\W\d_]+", lower))
        or any(sign in text for sign in ORDERING_PARTS)
    )
