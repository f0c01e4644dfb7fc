"""What the conventions are held against: the files of the project, and what each of them imports."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "plugins" / "narvaro"


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Give every file that is, or is about to be, under version control, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git as the caller has it
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (Path(name) for name in listed.stdout.decode().split("\0") if name)
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


@functools.cache
def text_of(path: Path) -> str | None:
    """Give a file's text, None when it is not text."""
    content = (ROOT / path).read_bytes()
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Give `file:line` and the line, for every line of a text file."""
    for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
        yield f"{path}:{number}", line


def files_under(folder: str, suffix: str) -> list[Path]:
    """Give the project's files below a folder, by how their names end."""
    return [path for path in project_files() if path.is_relative_to(folder) and path.suffix == suffix]


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Give a Python file as a tree."""
    return ast.parse(text_of(path) or "", filename=str(path))


def imported_names(path: Path) -> list[tuple[int, str]]:
    """Give the line and the full name of everything a Python file imports, at the top or inside functions."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(path, node)
            found += [(node.lineno, f"{origin}.{alias.name}") for alias in node.names]
    return found


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    """Give where an import comes from, with its leading dots resolved."""
    if not node.level:
        return node.module or ""
    package = path.with_suffix("").parts[: -node.level]
    return ".".join([*package[1:], node.module or ""]).strip(".")
