"""Each change of the engine layer to a library is still needed.

A failure here after an upgrade means: the library no longer needs the patch. Delete it from
lab/engine/patches.py.
"""

from __future__ import annotations

import subprocess
import sys


def test_jinja_does_not_bound_products() -> None:
    """bound_operators; in a process of its own, since other tests have patched this one."""
    code = (
        "from jinja2.sandbox import ImmutableSandboxedEnvironment as Sandbox\n"
        """print(Sandbox().from_string("{{ ('x' * 2000000)|length }}").render())"""
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "2000000", "Jinja bounds it by itself: bound_operators can go"
