"""Whether this process works on a stage that was started again because its engine died."""

from __future__ import annotations

again = False
"""Set by the stage's process: an engine may then wait for a server that it has not seen answer itself."""
