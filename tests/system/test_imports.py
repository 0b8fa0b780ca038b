"""Imports that are left out come back when they are asked for."""

from __future__ import annotations

import subprocess
import sys


def printed(code: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_arrays_are_made_without_pandas_and_pandas_still_works() -> None:
    code = """
import sys
from lab.system.imports import spare_pandas
spare_pandas()
import pyarrow as pa
table = pa.table({"a": pa.array([1.0, None])})
print("pandas" in sys.modules, list(table.to_pandas()["a"].isna()))
import pandas as pd
print(pa.Table.from_pandas(pd.DataFrame({"a": [None, 2.0]})).column("a").to_pylist())
"""
    assert printed(code) == "False [False, True]\n[None, 2.0]"


def test_a_module_that_is_put_off_runs_when_it_is_used() -> None:
    code = """
import sys
from lab.system.imports import put_off
put_off("email.mime", "no_such_package_at_all", "json.tool")
before = "argparse" in sys.modules
from json import tool
print(before, "argparse" in sys.modules, callable(tool.main), "argparse" in sys.modules)
"""
    assert printed(code) == "False False True True"


def test_an_absent_module_is_there_again_afterwards() -> None:
    code = """
from lab.system.imports import absent
try:
    with absent("colorsys"):
        import colorsys
except ImportError as error:
    print(error.name)
import colorsys
print(colorsys.__name__)
"""
    assert printed(code) == "colorsys\ncolorsys"
