"""The page of rules says what the suites say: its tables are written from them."""

from __future__ import annotations

import os
import re
from collections import defaultdict

import pytest
from batches import MARTS_DIR, PROJECT_DIR, RAW_DIR

from narvaro.quality import load_suite

PAGE = PROJECT_DIR / "docs" / "rules" / "quality.md"
EFFECTS = {
    (RAW_DIR, "critical", "row"): "row held",
    (RAW_DIR, "critical", "table"): "load refused",
    (MARTS_DIR, "critical", "row"): "publication stops",
    (MARTS_DIR, "critical", "table"): "publication stops",
}


def reference(folder) -> str:
    """Give the table of a layer's rules: those of every suite first, the others by suite."""
    suites = {path.stem.removeprefix("raw__"): load_suite(path).suite for path in sorted(folder.glob("*.yml"))}
    tables = defaultdict(list)
    for name, suite in suites.items():
        for expectation in suite.expectations:
            if name not in tables[expectation.id]:
                tables[expectation.id].append(name)
    rules = {e.id: e for suite in suites.values() for e in suite.expectations}
    lines = [
        "| rule | table | severity | effect | owner | what it means and how to mend it |",
        "|---|---|---|---|---|---|",
    ]
    for rule in sorted(tables, key=lambda rule: (len(tables[rule]) < len(suites), list(tables).index(rule))):
        demand, named = rules[rule], tables[rule]
        where = "all" if len(named) == len(suites) else ", ".join(named)
        effect = EFFECTS.get((folder, demand.severity, demand.level), "told")
        cells = [f"`{rule}`", where, demand.severity, effect, demand.owner, demand.note.en]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("folder", [RAW_DIR, MARTS_DIR], ids=lambda folder: folder.name)
def test_the_page_tells_every_rule_as_its_suite_does(folder):
    pattern = re.compile(rf"(<!-- rules: {folder.name} -->\n).*?(<!-- end of rules -->)", re.DOTALL)
    text = PAGE.read_text(encoding="utf-8")
    wanted = pattern.sub(lambda match: match[1] + reference(folder) + match[2], text)
    assert f"rules: {folder.name} -->" in text
    if os.environ.get("NARVARO_WRITE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted
