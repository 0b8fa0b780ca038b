"""How often the interval of a proportion holds the truth, over many worlds; writes the whole table."""

from __future__ import annotations

from pathlib import Path

import pytest
from clustered import World, cells, held

from lab.statistics.proportion import proportion

WORLDS = [
    World(clusters, icc, copula, unequal, shares)
    for clusters, icc in ((0, 0.0), (3, 0.3), (5, 0.3), (12, 0.0), (12, 0.3), (40, 0.3))
    for copula in (False, True)
    for unequal in (False, True)
    for shares in (False, True)
    if clusters or not (copula or unequal)
]


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_every_world(tmp_path: Path) -> None:
    rows, fails = [], []
    for world in WORLDS:
        for n, rate in cells():
            coverage, width = held(lambda v, c: proportion(v, c.tolist()), world, n, rate, 1_000, seed=1)
            rows.append(f"{world}\t{n}\t{rate}\t{coverage:.3f}\t{width:.3f}")
            fails += [rows[-1]] * (coverage < 0.93)
    (tmp_path / "coverage.tsv").write_text("\n".join(rows) + "\n")
    print("\n".join(rows))
    assert not fails
