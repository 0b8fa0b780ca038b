"""Finds personal data: e-mail addresses, telephone numbers, account and identity numbers, IP addresses.

The tasks here are full of numbers, so every kind needs more than digits: an @ and a domain; a valid telephone
number (phonenumbers) with a leading + or in groups; check digits (python-stdnum) and, for a card number, an
issuer's length and first digits, and groups or the word "card" before it; a social security number with its
hyphens; an IP address with all its parts. None of them may be a term of a sum. Data without these marks are
not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import Literal

from pydantic import Field

from data_gen.filters.privacy.private import LONGEST_TEXT, Private, PrivateSpan
from lab.errors import nearest

DataKind = Literal["email", "phone", "iban", "credit_card", "us_ssn", "ip"]
KINDS: tuple[DataKind, ...] = ("email", "phone", "iban", "credit_card", "us_ssn", "ip")


class PersonalData(Private):
    """Drops or redacts examples that contain personal data in any of their texts."""

    kind: Literal["personal_data"] = "personal_data"
    kinds: tuple[DataKind, ...] = Field(KINDS, min_length=1)
    """Kinds of personal data to look for."""
    region: str = "US"
    """Country (ISO 3166 code, such as US, DE, IN) whose telephone numbers are recognised without a +."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for a region without its own telephone numbers."""
        from phonenumbers import SUPPORTED_REGIONS

        if self.region not in SUPPORTED_REGIONS:
            wrong = f"there is no region '{self.region}' (expected an ISO 3166 code, two capital letters)."
            yield "region", wrong + nearest(self.region.upper(), SUPPORTED_REGIONS)

    def search(self, text: str) -> Iterator[PrivateSpan]:
        """The matches. If two kinds fit, the one that comes first in IN_DOUBT is used."""
        taken: list[PrivateSpan] = []
        for kind in (k for k in IN_DOUBT if k in self.kinds):
            spans = _phones(text, self.region) if kind == "phone" else _matches(text, kind)
            before = tuple(taken)
            for start, end in spans:
                if not any(start < place.end and place.start < end for place in before):
                    taken.append(PrivateSpan(start, end, kind))
                    yield taken[-1]

    def label(self, kind: str) -> str:
        """The kind in brackets, such as [email]."""
        return f"[{kind}]"


def _matches(text: str, kind: DataKind) -> Iterator[tuple[int, int]]:
    pattern, accepted = PATTERNS[kind]
    for match in pattern.finditer(text):
        start, end = match.start(), match.start() + len(accepted(match[0]))
        named = (
            kind != "credit_card" or not match[0].isdigit() or CARD.search(text[max(0, start - 60) : start])
        )
        if start < end and named and (kind in LETTERED or not _in_sum(text, start, end)):
            yield start, end


def _phones(text: str, region: str) -> Iterator[tuple[int, int]]:
    """Valid numbers in the format of telephone numbers that are not terms of a sum."""
    from phonenumbers import Leniency, PhoneNumberMatcher

    if sum(map(str.isdigit, text)) < FEWEST_DIGITS:
        return
    for match in PhoneNumberMatcher(text, region, Leniency.VALID, max_tries=LONGEST_TEXT):
        if GROUPED.fullmatch(match.raw_string) and not _in_sum(text, match.start, match.end):
            yield match.start, match.end


def _in_sum(text: str, start: int, end: int) -> bool:
    """Whether an arithmetic operator is next to it, or another number before its +."""
    before, after = text[max(0, start - 20) : start], text[end : end + 20]
    if text[start] == "+" and before.rstrip()[-1:].isdigit():
        return True
    return bool(SIGN_BEFORE.search(before) or SIGN_AFTER.match(after))


def _iban(text: str) -> str:
    """The longest beginning with valid check digits: words in capitals may follow the number."""
    from stdnum import iban

    while text and not iban.is_valid(text):
        text = text.rpartition(" ")[0]
    return text


def _card(text: str) -> str:
    from stdnum import luhn

    digits = re.sub(r"[ -]", "", text)
    return text if ISSUERS.fullmatch(digits) and luhn.is_valid(digits) else ""


def _ssn(text: str) -> str:
    from stdnum.us import ssn

    return text if ssn.is_valid(text) else ""


def _ip(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        return ""
    return text


FEWEST_DIGITS = 6
SIGN_BEFORE = re.compile(r"[=*×÷^+%<>]\s*$|[\w)][-+/]$|\d\s+[-/]\s+$")
SIGN_AFTER = re.compile(r"\s*[=*×÷^+%<>]|\s*[-/]\s*[\d(]|\)\s*[=*×÷^+/]")
GROUPED = re.compile(
    r"""(?: \+\d(?:[ ().-]{0,2}\d)+                # with its country
          | \(?\d+\)?(?:[-.]\d+){2,}              # in three groups or more
          | \d+[-/]\d+(?:[-. ]\d+)+
          | \(\d+\)\ ?\d+(?:[-. ]\d+)*            # with the area in brackets
          | 0\d+[-/ ]\d+(?:[- ]\d+)* )            # with the 0 that no other number begins with
        (?:[ ,;]*(?:ext|extn|extension|x)[.: ]*\d+)?""",
    re.VERBOSE | re.IGNORECASE,
)
"""The format of a telephone number."""
ISSUERS = re.compile(r"4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|6(?:011|5\d\d)\d{12}")
"""Visa, Mastercard, American Express, Discover."""
CARD = re.compile(
    r"\b(?:cards?|visa|mastercard|amex|american express|discover|credit|debit)\b", re.IGNORECASE
)
"""What must come before a card number without groups, because one in ten of all numbers has valid check
digits.
"""
IN_DOUBT: tuple[DataKind, ...] = ("email", "iban", "credit_card", "us_ssn", "ip", "phone")
"""The priority of kinds if several fit: those with check digits before those without."""
LETTERED = ("email", "iban")
"""Kinds that cannot be a term of a sum."""
_ALONE, _END = r"(?<![\w.])", r"(?!\w|\.\d)"
_IP4 = _ALONE + r"(?=[\d.]*\d\d)\d{1,3}(?:\.\d{1,3}){3}" + _END
_IP6 = r"(?<![\w:.])(?=[\w:]*[\dA-Fa-f]{3})(?=(?:[\dA-Fa-f]*:){2})[\dA-Fa-f:]{6,39}(?![\w:])"
PATTERNS: dict[DataKind, tuple[re.Pattern[str], Callable[[str], str]]] = {
    "email": (re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}"), str),
    "iban": (re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)"), _iban),
    "credit_card": (
        re.compile(_ALONE + r"\d{4}([ -]?)(?:\d{4}\1\d{4}\1\d{4}|\d{6}\1\d{5})" + _END),
        _card,
    ),
    "us_ssn": (re.compile(_ALONE + r"\d{3}-\d{2}-\d{4}" + _END), _ssn),
    "ip": (re.compile(f"{_IP4}|{_IP6}"), _ip),
}
"""Where a kind may be, and the part of it that is one ("" if none). At least one part of an IPv4 address has
two digits, and of an IPv6 address three: 1.2.3.4 is a version, and 1:2:3 a ratio.
"""
