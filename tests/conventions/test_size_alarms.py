"""Size alarms: what grows past them holds more than one idea."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from project_tree import files_under, parsed, text_of

# A test module holds many small examples of one subject.
TEST_MODULE_LINES = 400
DAG_LINES, MODULE_LINES, FUNCTION_LINES, MODEL_LINES, MACRO_LINES = 60, 250, 30, 120, 20

# file or file:function, with the reason why it is one idea all the same. Keep it short.
ALLOWED: dict[str, str] = {
    "plugins/narvaro/orchestration/airflow_server.py:airflow_env": "one table, a line per setting of Airflow",
    "dbt/macros/newest_sets.sql:newest_sets": "one statement, a part per line of its sentence",
}
# A migration is a dated record: it is written once, in one piece, and never edited.
RECORDS = Path("plugins/narvaro/ledger/migrations/versions")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_long(found: Iterator[tuple[str, int]], limit: int) -> str:
    """Give one line for each thing that is longer than its limit."""
    return "\n".join(
        f"{name}: {size} lines, alarm at {limit}" for name, size in found if size > limit and name not in ALLOWED
    )


def line_count(path: Path) -> int:
    return len((text_of(path) or "").splitlines())


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in files_under(folder, ".py") if not path.is_relative_to(RECORDS)]


def code_files() -> list[Path]:
    """Give what runs. The functions of tests are not measured: their rows are as many as the example needs."""
    return python_files("plugins", "dags", "benchmarks")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Give every function's own lines: without its docstring and without the functions inside it."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            inner = {line for child in node.body for line in nested_lines(child)}
            own = set(range(node.lineno, (node.end_lineno or node.lineno) + 1)) - inner - docstring_lines(node)
            yield f"{path}:{node.name}", len(own)


def nested_lines(node: ast.AST) -> set[int]:
    """Give the lines that belong to functions defined within a statement."""
    return {
        line
        for child in ast.walk(node)
        if isinstance(child, Function)
        for line in range(min([child.lineno, *(d.lineno for d in child.decorator_list)]), (child.end_lineno or 0) + 1)
    }


def docstring_lines(node: Function) -> set[int]:
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    return set(range(first.lineno, (first.end_lineno or first.lineno) + 1)) if has_docstring else set()


def macros() -> Iterator[tuple[str, int]]:
    """Give every macro's lines, without its comments and the blank lines between its parts."""
    for path in files_under("dbt/macros", ".sql"):
        text = re.sub(r"\{#.*?#\}", "", text_of(path) or "", flags=re.DOTALL)
        for name, body in re.findall(r"\{%-? macro (\w+)\(.*?-?%\}(.*?)\{%-? endmacro", text, re.DOTALL):
            yield f"{path}:{name}", sum(1 for line in body.splitlines() if line.strip())


def test_dag_files_are_short():
    long = too_long(((str(path), line_count(path)) for path in files_under("dags", ".py")), DAG_LINES)
    assert not long, f"split by idea:\n{long}"


def test_modules_are_short():
    long = too_long(((str(path), line_count(path)) for path in code_files()), MODULE_LINES)
    assert not long, f"split by idea:\n{long}"


def test_test_modules_are_short():
    long = too_long(((str(path), line_count(path)) for path in python_files("tests")), TEST_MODULE_LINES)
    assert not long, f"split by idea:\n{long}"


def test_functions_are_short():
    long = too_long((found for path in code_files() for found in functions(path)), FUNCTION_LINES)
    assert not long, f"split by idea:\n{long}"


def test_dbt_models_are_short():
    long = too_long(((str(path), line_count(path)) for path in files_under("dbt/models", ".sql")), MODEL_LINES)
    assert not long, f"split by idea:\n{long}"


def test_dbt_macros_are_short():
    """Each macro of a file counts alone."""
    long = too_long(macros(), MACRO_LINES)
    assert not long, f"split by idea:\n{long}"


def test_every_exception_still_needs_its_exception():
    sizes = {name for path in code_files() for name, size in functions(path) if size > FUNCTION_LINES}
    sizes |= {str(path) for path in code_files() if line_count(path) > MODULE_LINES}
    sizes |= {name for name, size in macros() if size > MACRO_LINES}
    assert set(ALLOWED) <= sizes, "take it off the list"
