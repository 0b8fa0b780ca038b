"""Numbers as the text's own language writes them: "Die Antwort ist 12.500." is twelve thousand five hundred.

German, Dutch, Danish, Spanish, Portuguese, Italian, Turkish and Indonesian part thousands by a point. A text
whose words are of these is read so; in any other, English ones included, a lone point parts decimals. In all
of them a comma before three digits may be either ("12,500"), and French, Russian and Polish part thousands by
a space: there the point before three digits may be either, too.
"""

from __future__ import annotations

import re


def of_this_country(text: str) -> str | None:
    """The text with its thousands joined; None where one of its numbers may be read in two ways."""
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
