"""The chemical elements from mendeleev's table: symbol, atomic number, and how well known each is.

The table is read directly from the database in the package, because `import mendeleev` would load pandas and
SQLAlchemy for 118 rows. The best-known elements are the first twenty, which schools teach, and those known
before 1750 (iron, gold, lead); then come those found before Mendeleev's table of 1869; last the rest (most
lanthanoids, the radioactive and the synthetic elements). Years are mendeleev's `discovery_year`, which is
empty for elements known in antiquity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from lab.system.packaged import checked

Band = Literal["large", "medium", "small"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element. `year`: of its discovery, None for those known in antiquity."""

    number: int
    symbol: str
    name: str
    year: int | None

    @property
    def band(self) -> Band:
        """How well known it is."""
        if self.number <= SCHOOL or self.year is None or self.year < OLD:
            return "large"
        return "medium" if self.year < TABLE else "small"

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its other names."""
        return (self.name, *OTHER_NAMES.get(self.symbol, ()))


@cache
def elements() -> tuple[Element, ...]:
    """All 118 elements by atomic number. Raises InputError if the package's database is missing."""
    import sqlite3

    path = checked("mendeleev") / "elements.db"
    source = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        rows = source.execute(
            "SELECT atomic_number, symbol, name, discovery_year FROM elements ORDER BY atomic_number"
        ).fetchall()
    finally:
        source.close()
    return tuple(Element(*row) for row in rows)


def in_words(number: int) -> str:
    """A number from 0 to 199 in English words: 118 is "one hundred eighteen"."""
    if number < len(_SMALL):
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    return "one hundred" + (f" {in_words(number - 100)}" if number > 100 else "")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SCHOOL, OLD, TABLE = 20, 1750, 1869
OTHER_NAMES = {
    "Al": ("Aluminium",),
    "Cs": ("Caesium",),
    "S": ("Sulphur",),
    "W": ("Wolfram",),
    "Na": ("Natrium",),
    "K": ("Kalium",),
    "Hg": ("Quicksilver",),
    "Nb": ("Columbium",),
    "Be": ("Glucinium",),
}
GONE_NAMES = _listed(
    "Hydrogenium Oxygenium Nitrogenium Azote Carbonium Carboneum Fluorium Fluorum Natronium Magnium "
    "Aluminum Alumium Silicium Phosphorium Sulphurium Sulfurium Chlorium Chlorum Calium Titanum "
    "Manganum Manganium Ferrum Ferrium Cobaltum Niccolum Nickelium Cuprum Zincum Arsenicum Bromium "
    "Bromum Argentum Argentium Stannum Stibium Iodium Iodum Platinum Aurum Aurium Hydrargyrum Mercurium "
    "Plumbum Plumbium Bismuthum Wolframium Actinon Thoron Niton Emanation Radon Columbium Pelopium "
    "Ilmenium Didymium Erythronium Panchromium Coronium Nebulium Masurium Illinium Florentium Cyclonium "
    "Alabamine Alabamium Virginium Moldavium Helvetium Leptine Dor Ausonium Hesperium Ekarhenium "
    "Bohemium Cassiopeium Aldebaranium Celtium Denebium Lutecium Brevium Protoactinium Hahnium "
    "Joliotium Kurchatovium Nielsbohrium Unnilquadium Unnilpentium Unnilhexium Unnilseptium Unniloctium "
    "Unnilennium Ununnilium Unununium Ununbium Ununtrium Ununquadium Ununpentium Ununhexium Ununseptium "
    "Ununoctium Ununennium Unbinilium Neutronium Positronium Muonium Austrium Davyum Decipium "
    "Philippium Mosandrium Norium Victorium Incognitium Ionium Mesothorium"
)
"""Latin, former, withdrawn and provisional names of elements: no invented name may be one of them."""
OLD_SYMBOLS = _listed(
    "Ab Ad Ah Ao Ax Az Bv Cb Ct Cp Cy Db De Di Dp Ec Eb Em Fv Gl Gv Ha Hn Hv Il Jg Jl Jo Ka Ku Lw Ma Ms "
    "Mv Ng Ni Ns Nt Nw Oc Pp Rf Sa Tu Tn Un Uu Vi Vm Wo"
)
"""Two-letter symbols that were once in use or proposed: no invented symbol may be one of them."""
_SMALL = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
