"""The documentation holds together: links lead somewhere, the glossary is in order and can be found."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TERM = re.compile(r"^\| (?!word|---)(.+?) \| (.+) \|$", flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


def test_the_glossary_is_alphabetical_and_each_term_is_a_sentence() -> None:
    terms = TERM.findall((ROOT / "docs/glossary.md").read_text())
    names = [re.sub(r"[^a-z0-9]", "", name.split(",")[0].casefold()) for name, _ in terms]
    assert len(names) > 80
    assert names == sorted(names)
    assert all(meaning.rstrip(")").endswith((".", "`.", "seconds")) for _, meaning in terms)


def test_the_readme_leads_to_the_glossary() -> None:
    assert "(docs/glossary.md)" in (ROOT / "README.md").read_text()


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
WAYS = CONTRIBUTING[CONTRIBUTING.index("## Three ways") : CONTRIBUTING.index("## A strategy in a package")]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:lab|data_gen|eval)\.[\w.]+)`", WAYS))))
def test_what_contributing_names_exists(name: str) -> None:
    assert resolve_name(name)
