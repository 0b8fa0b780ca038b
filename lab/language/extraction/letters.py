"""Extracts the option letter that a text chooses: "(C) is correct; (A) and (B) are not." gives C.

A letter counts only where it cannot be a word: alone, in brackets, before ")", "." or ":", after "answer is"
or "option", or before "is correct". "A cat sat" names no option, nor does the "I" of "I don't know". If two
letters remain and neither is ruled out, there is no answer.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lab.language.unicode import normal_form


def leading(text: str, letters: str) -> str | None:
    """The letter that the text begins with; "" if it begins with several ("A or B"); None if with none."""
    text = _kept(_even(text))
    match = _patterns(letters).lead.match(text)
    if match is None:
        return None
    letter = str(next(filter(None, match.groups()))).upper()
    return "" if _patterns(letters).another.match(text, match.end()) else letter


def settled_on(text: str, letters: str) -> str | None:
    """The letter that a text without a marker chooses; None if it chooses none or several."""
    text = _even(text)
    patterns = _patterns(letters)
    listed = _lists(text, letters)
    if not listed and (first := leading(text, letters)) is not None:
        return first or None
    for sentence in reversed([s for s in _SENTENCES.split(text) if s.strip()]):
        found = [
            str(next(filter(None, m.groups()))).upper() for m in patterns.chosen.finditer(_kept(sentence))
        ]
        if len(set(found)) == 1:
            return found[0]
        if found:
            return None
    last = text.strip().splitlines()[-1:]
    return None if listed or not last else _one(patterns.bracketed, _kept(last[0]))


def only(text: str, letters: str) -> str | None:
    """The one letter that a text names and does not rule out; None if there is none or more than one."""
    return _one(_patterns(letters).named, _kept(_even(text)))


def _one(pattern: re.Pattern[str], text: str) -> str | None:
    """The one letter that a pattern finds; None if there is none or more than one."""
    named = {str(next(filter(None, m.groups()))).upper() for m in pattern.finditer(text)}
    return named.pop() if len(named) == 1 else None


def _lists(text: str, letters: str) -> bool:
    """Whether the text begins by listing the options again: "A. red", "B. blue"."""
    return bool(
        re.match(rf"\W*{letters[0]}[).:]\s(?:.{{0,2000}}?[\s(*])?{letters[1]}[).:]\s", text, re.DOTALL)
    )


def _kept(text: str) -> str:
    """The text without the letters that it rules out."""
    return _RULED_OUT.sub(" ", text)


def _even(text: str) -> str:
    r"""Replaces fullwidth forms, LaTeX's `\text{}` and bold marks by plain text."""
    text = normal_form("NFKC", text[:_LONGEST])
    text = _WRAPPING.sub(r"\1", _TAGS.sub("", text))
    return text.replace("$", " ").replace("**", "").replace("__", "")


W = "A-Za-z0-9_\u00c0-\u024f"
"""What a letter must not stand beside: other scripts may touch it ("答案是B")."""


class _Patterns:
    """The expressions for one set of letters. `words` are the letters that are also English words."""

    def __init__(self, letters: str) -> None:
        small, both = letters.lower(), letters + letters.lower()
        plain = "".join(c for c in letters if c not in "AI") or letters
        words = "".join(c for c in letters if c in "AI") or letters
        ends = (
            rf"(?=\s*(?:$|\n|[):,;\]\"`*]|\.(?![{W}])|['’](?![{W}])|[-–—]\s|{_OTHER})"
            rf"|\s+(?:because|since|is)\b|{_ALSO})"
        )
        free = rf"(?![{W}+#]|['’.][{W}])"
        self.lead = re.compile(
            rf"[\s\"'`*:#>«“]*(?:(?i:the\s|la\s|option\s|choice\s|letter\s|answer\s|(?:it\s)?is\s"
            rf"|[:(]\s?){{0,4}})"
            rf"[\"'`*“]*(?:[(\[]([{both}])[)\]]|([{small}])(?=\s*(?:$|\n|[).:\]\"'`*](?:\s|$|[\"'`*.])))"
            rf"|([{words}]){ends}|([{plain}]){free})"
        )
        self.another = re.compile(
            rf"\W{{0,3}}?\s*(?:\b(?:or|and|oder|ou)\b|[/,&])\s*\W{{0,3}}?(?:option\s)?\(?"
            rf"(?:[{letters}](?![{W}'’])(?<!I)|I(?=\W*$|[),/&.]))"
        )
        self.chosen = re.compile(
            rf"(?i:\b(?:options?|choices?|answer(?:\s(?:is|choice))?|letter|pick|choose|select(?:ed)?"
            rf"|chose|say|prefer|think|believe|guess|it['’]s|is|be|ist|est|probably|possibly|perhaps"
            rf"|maybe|but|rather"
            rf"|go(?:ing)?\swith|therefore|thus|hence|so|leaving|leaves|conclu\w+(?:\sthat)?"
            rf"|no(?=,))\b[\s,:]{{1,3}}"
            rf"(?:(?:the|it|is|must|be|option|letter)\s){{0,4}})[\"'`(*]{{0,3}}(?:([{plain}]){free}"
            rf"|([{words}]){ends}"
            rf"|(?<=\b[Oo]ption\s)([{small}])(?![{W}'’])|([{small}])(?=\s*[.)]{{0,2}}\s*$))"
            rf"|[选選][项項择擇]?[：:]?\s?([{letters}])(?![{W}])"
            rf"|(?<![{W}'’])[\"'`(*]{{0,3}}([{letters}])[\"'`)*]{{0,3}}\s(?i:is|must be|would be"
            rf"|has to be)\s(?:(?i:the)\s)?"
            rf"(?i:correct|right|best|true|answer|only)"
        )
        self.bracketed = re.compile(rf"\(([{both}])\)")
        self.named = re.compile(
            rf"\(([{both}])\)|(?<![{W}.'’])([{letters}])(?=[).:](?:\s|\*|$))"
            rf"|(?<![{W}.'’])([{plain}]){free}|(?<![{W}.'’])([{letters}])(?=\W*$|{_ALSO})"
        )


_OTHER = "[\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""Letters and stops of scripts that may touch an option's letter."""
_ALSO = rf"\s*(?:\b(?:or|and)\b|[/&])\s*\(?[A-Z](?![{W}'’])"
"""Another letter beside it."""


@lru_cache(maxsize=256)
def _patterns(letters: str) -> _Patterns:
    return _Patterns(letters)


_LONGEST = 20_000
_SENTENCES = re.compile(r"\n+|(?<=[.!?。])\s+(?=[A-Z(\"*])|;\s")
_TAGS = re.compile(r"</?(?:b|i|u|em|strong|code|p|span|mark)>", re.IGNORECASE)
_WRAPPING = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|boxed)\s{0,2}\{\s{0,3}([^{}]{0,200}?)\s{0,3}\}"
)
_RULED_OUT = re.compile(
    rf"(?i:\b(?:not|isn['’]t|can(?:not|['’]t)\sbe|rules?\sout|ruling\sout|eliminates?|eliminating"
    rf"|excludes?|excluding|rather\sthan|instead\sof"
    rf"|neither|nor|unlike)\b)[\s:]{{1,2}}(?:(?i:the|be|options?|choices?|answers?)\s){{0,2}}"
    rf"\(?[A-Z]\)?(?![{W}'’])(?:(?:,?\s(?:and|or|nor)\s|,\s)\(?[A-Z]\)?(?![{W}'’]))*"
    rf"|\(?(?<![{W}'’])[A-Z]\)?(?:(?:,?\s(?:and|or|nor)\s|,\s)\(?[A-Z]\)?){{0,10}}\s"
    rf"(?i:is|are|was|were|can(?:not|['’]t)|isn['’]t|aren['’]t)\s?(?i:be\s)?(?i:not|wrong|incorrect"
    rf"|false|ruled\sout|out\b|a\scommon)"
)
