"""Weights that name a folder without files: enough for engines that read none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.core.protocols import Weights


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    return Weights("tiny", tmp_path, "0123abcd")
