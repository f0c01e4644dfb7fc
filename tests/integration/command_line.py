"""`narvaro` as a person types it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def start(env: Mapping[str, str], *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start a command; wide enough that no line is folded."""
    return subprocess.Popen(
        [sys.executable, "-m", "narvaro", *arguments],
        env={**env, "COLUMNS": "400", "NO_COLOR": "1"},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def narvaro(env: Mapping[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with a text on its standard input."""
    process = start(env, *arguments, stdin=subprocess.PIPE)
    out, err = process.communicate(stdin, timeout=180)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)
