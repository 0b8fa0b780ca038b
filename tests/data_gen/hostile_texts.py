"""Pieces of texts that punish what is slower than linear, and how they grow."""

from __future__ import annotations

PIECES = {
    "one letter": "a", "digits": "9", "digits and hyphens": "0-9-", "dates": "/1/2", "brackets": "1.2(3)",
    "at and dot": "@.", "letters and dots": "a.", "local parts": "a@", "a long address": "b@c." + "a." * 50,
    "addresses": "a{}@b.example ", "telephone numbers": "650-253-{:04} ", "IP addresses": "10.0.{}.77 ",
    "nested quotes": "\"'", "quotes": '"', "backslashes": "\\\"", "white space": " \t\n\u2003", "lines": "\n",
    "lone surrogates": "\ud800", "control characters": "\x00\x07\x1b\x85", "right to left": "\u202e\u200f",
    "marks": "\u0301\u0323", "marks to be": "\u0301\uff9e", "ligatures": "\ufdfa", "capital dots": "İ",
    "sums": "1+", "sums of spaces": "1 + ", "numbers": "12,345.", "results": "1=", "words": "w{} ",
    "keywords": "password", "keywords and quotes": 'secret"', "passwords": 'password = "a{}bcdefg";\n',
    "tokens": "eyJ", "hosts": "//", "keys": "sk-", "key blocks": "-----BEGIN PRIVATE KEY", "markup": "<<{}>>",
}  # fmt: skip


def grown(piece: str, size: int) -> str:
    """The piece again and again; where it has a place for a number, each time with another one."""
    numbered = "{" in piece
    count = 1 + size // len(piece)
    return "".join(piece.format(i) if numbered else piece for i in range(count))[:size]
