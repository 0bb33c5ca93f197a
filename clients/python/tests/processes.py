"""Where the daemon of this checkout is, and how a process that uses it is started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
COMMAND = f"node {CHECKOUT / 'bin' / 'hangup.cjs'}"


@contextmanager
def process(script: str, *, folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A test process of its own, which is gone at the end in any case."""
    path = folder / "process.py"
    path.write_text(script)
    with subprocess.Popen(
        [sys.executable, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as running:
        try:
            yield running
        finally:
            running.kill()
