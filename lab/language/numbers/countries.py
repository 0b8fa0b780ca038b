"""Handles thousands separators by language: "Die Antwort ist 12.500." is twelve thousand five hundred.

In German, Dutch, Danish, Spanish, Portuguese, Italian, Turkish and Indonesian text, a point before three
digits separates thousands. In all other text, English included, a single point is a decimal point. In the
languages above, a comma before three digits is ambiguous ("12,500"). French, Russian and Polish separate
thousands by a space; there a point before three digits is ambiguous, too.
"""

from __future__ import annotations

import re


def of_this_country(text: str) -> str | None:
    """The text without thousands separators; None if one of its numbers is ambiguous."""
    if not _EITHER.search(text):
        return text
    if _POINTED.search(text):
        text = _THOUSANDS.sub(lambda match: match.group().replace(".", ""), text)
        return None if _EITHER.search(text) else text
    return None if _SPACED.search(text) else text


_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}\.\d{3}(?![\d.,]?\d)", re.ASCII)
_EITHER = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?![\d.,]?\d)", re.ASCII)
_POINTED = re.compile(
    r"\b(?:antwort|ergebnis|lösung|beträgt|insgesamt|sind|ist|und|kostet|einwohner|euro|wir|nicht"
    r"|respuesta|resultado|son|hay|cuesta|habitantes|pesos|total\sde|resposta|são|é|reais|custa"
    r"|risposta|risultato|sono|abitanti|antwoord|het|zijn|inwoners|kroner|svaret\ser"
    r"|cevap|toplam|jawaban|adalah|jumlah|rupiah|rp)\b",
    re.IGNORECASE,
)
"""Words of languages that write 12.500."""
_SPACED = re.compile(r"\b(?:réponse|résultat|ответ|равно|odpowiedź|odpověď|svar|vastaus)\b|€", re.IGNORECASE)
