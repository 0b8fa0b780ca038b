"""Normal forms are Python's own, but for marks that nobody writes, and take linear time."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.language.unicode import normal_form


@given(st.text(max_size=60), st.sampled_from(["NFKC", "NFKD"]))
def test_it_is_the_normal_form(text: str, form: str) -> None:
    assert normal_form(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\uff9e\u0323", "\u3099\u0323\u05b0"])
@pytest.mark.parametrize("form", ["NFKC", "NFKD"])
def test_marks_without_end_take_no_time(marks: str, form: str) -> None:
    started = time.process_time()
    assert len(normal_form(form, "e" + marks * 100_000)) < 50  # type: ignore[arg-type]
    assert time.process_time() - started < 2


def test_no_other_characters_become_marks() -> None:
    """A run of any others is no run of marks in the normal form, and so nothing to cut."""
    odd = [
        c
        for c in map(chr, range(sys.maxunicode + 1))
        if not unicodedata.category(c).startswith(("M", "C"))
        and unicodedata.combining(unicodedata.normalize("NFKD", c)[0])
    ]
    assert odd == ["\uff9e", "\uff9f"]
