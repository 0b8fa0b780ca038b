"""Puts this folder's helpers, and those of the methods' tests, on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "methods")]
