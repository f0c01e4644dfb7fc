"""What no file of the tree may hold: other people's hosts, a machine's paths, loose ends."""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

from project_tree import ROOT, files_under, lines, parsed, project_files, text_of

# It shows what it looks for.
THIS_FILE = Path("tests/conventions/test_tree.py")
URL = re.compile(r"\b[a-z][a-z+]*://(?:[^\s/@\"'<>]*@)?([A-Za-z0-9.-]+\.[A-Za-z]{2,}|\d+\.\d+\.\d+\.\d+)")
EMAIL = re.compile(r"[\w.+-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
BARE = re.compile(r"(?<![\w@./-])((?:[a-z0-9-]+\.)+(?:com|net|org|se|eu|dev|nu))(?![\w(.-])")
# Names that are kept free for examples, and this machine.
RESERVED = re.compile(
    r"(?:.*\.)?(?:example|test|invalid|localhost)|(?:.*\.)?example\.(?:se|org|com|net)|127\.0\.0\.1|0\.0\.0\.0|localhost"
)
# The names of XML vocabularies are addresses that nobody visits.
VOCABULARIES = {"www.w3.org"}
# Where a reader of the documents may be sent: standards, law and official statistics.
PUBLIC_SITES = {
    "airflow.apache.org",
    "creativecommons.org",
    "docs.getdbt.com",
    "docs.greatexpectations.io",
    "duckdb.org",
    "ducklake.select",
    "eupl.eu",
    "interoperable-europe.ec.europa.eu",
    "joinup.ec.europa.eu",
    "keepachangelog.com",
    "semver.org",
    "sis.se",
    "skatteverket.se",
    "skolverket.se",
    "sskl.se",
    "standard.publiccode.net",
    "www.lantmateriet.se",
    "www.scb.se",
    "www.sis.se",
    "www.skatteverket.se",
    "www.skolverket.se",
    "www.pts.se",
    "yml.publiccode.tools",
}
DOCUMENT_NAMES = re.compile(r".*\.md|LICENSE|SOURCES.*")
MACHINE_PATH = re.compile(
    r"(?<![\w.~$}:*-])(?:/(?:home|root|Users|work|private|mnt|var/folders)/\w|[A-Z]:\\\\?[A-Za-z])"
)
# Paths inside the image are the same on every machine.
INSIDE_THE_IMAGE = {"Dockerfile", "docker-compose.yml", ".dockerignore", ".env.example", "deployment.md"}
# What somebody happened to write with says nothing to a reader. The names stand here as the beginnings of their
# SHA-256, so that not even this file holds them.
TOOLS_OF_AUTHORS = {
    "3ea125d0bff3",
    "60965168ce76",
    "7d3194f79e64",
    "94a168d2da57",
    "c70eca6b0f88",
    "c857d09db23e",
}
ENVIRONMENT_READERS = {
    "plugins/narvaro/settings.py": "the one place that reads NARVARO_ variables",
    "plugins/narvaro/connections.py": "looks for AIRFLOW_CONN_ variables as Airflow does",
    "plugins/narvaro/orchestration/line.py": "hands AIRFLOW_CONN_ variables to connections.py",
    "plugins/narvaro/orchestration/demo.py": "hands its own environment to its child processes",
    "plugins/narvaro/orchestration/preload.py": "keeps a library from reporting home before it is imported",
    "plugins/narvaro/quality/engine.py": "keeps a library from reporting home before it is imported",
    "plugins/narvaro/warehouse/dbt_run.py": "dbt's profile takes its paths from variables, set for one run",
}


def hosts(line: str) -> set[str]:
    return {host.lower() for pattern in (URL, EMAIL, BARE) for host in pattern.findall(line)}


def test_no_file_names_a_host():
    strangers = []
    for path in set(project_files()) - {THIS_FILE}:
        allowed = VOCABULARIES | (PUBLIC_SITES if DOCUMENT_NAMES.fullmatch(path.name) else set())
        strangers += [
            f"{where}: {host}"
            for where, line in lines(path)
            for host in sorted(hosts(line))
            if host not in allowed and not RESERVED.fullmatch(host)
        ]
    advice = "write an example host, or take the address from a connection:\n"
    assert not strangers, advice + "\n".join(sorted(strangers))


def test_host_finder_finds_hosts():
    """The rule above must be able to fail."""
    assert hosts("see https://user@api.kommun.se:8443/v2 or mail a.b@kommun.se") == {"api.kommun.se", "kommun.se"}
    assert hosts("psql -h db.region.net") == {"db.region.net"}
    assert hosts("postgresql+psycopg2://narvaro@10.0.0.7/x") == {"10.0.0.7"}
    for strange in ("https://api.kommun.se", "http://notexample.se", "http://example.se.evil.org"):
        assert not any(map(RESERVED.fullmatch, hosts(strange)))
    for ours in ("http://127.0.0.1:8080", "https://skola.example", "a@b.example", "https://example.se"):
        assert all(map(RESERVED.fullmatch, hosts(ours)))


def test_no_file_names_a_path_of_one_machine():
    found = [
        f"{where}: {line.strip()[:100]}"
        for path in project_files()
        if path.name not in INSIDE_THE_IMAGE
        for where, line in lines(path)
        if MACHINE_PATH.search(line)
    ]
    assert not found, "make it relative, or take it from settings:\n" + "\n".join(found)


def test_path_finder_finds_paths():
    """The rule above must be able to fail."""
    shown = ["open('/ho" + "me/anna/x')", "--db=/ro" + "ot/x.db", "C:" + "\\Users\\anna"]
    assert all(MACHINE_PATH.search(text) for text in shown)
    assert not any(MACHINE_PATH.search(text) for text in ("https://a.example/home/x", "var/landing", "~/src/narvaro"))


def tools_named(text: str) -> set[str]:
    """Give the words whose hash is on the list."""
    words = set(re.findall(r"[a-z]{4,}", text.lower()))
    return {word for word in words if hashlib.sha256(word.encode()).hexdigest()[:12] in TOOLS_OF_AUTHORS}


def test_no_file_names_the_tools_of_its_authors():
    found = [f"{path}: {tools_named(text)}" for path in project_files() if tools_named(text := text_of(path) or "")]
    assert not found, ", ".join(found)


def test_tool_finder_finds_tools():
    """The rule above must be able to fail."""
    assert tools_named("Written with " + "Chat" + "GPT" + ".")
    assert not tools_named("Written with care.")


def test_locks_hold_hashes_and_no_address():
    for lock in (path for path in project_files() if path.suffix == ".lock"):
        text = text_of(lock) or ""
        assert "://" not in text, f"{lock} names a host"
        assert "index-url" not in text, f"{lock} names an index"
        entries = re.split(r"\n(?=[a-z0-9])", text.strip())
        bare = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
        assert not bare, f"{lock}: no hash for {bare}"
        assert all(re.match(r"[a-z0-9._-]+(\[[^\]]+\])?==", entry) for entry in entries), (
            f"{lock}: every version is pinned"
        )


def test_locks_pin_every_dependency_of_the_project():
    project = text_of(Path("pyproject.toml")) or ""
    named = re.findall(r'^    "([a-z0-9-]+)(?:[><=\[].*)?",', project, re.MULTILINE)
    lock = text_of(Path("requirements.lock")) or ""
    missing = [name for name in named if not re.search(rf"^{name}==", lock, re.MULTILINE)]
    assert not missing, f"run make lock: {missing}"


def test_todo_carries_a_sentence():
    """A bare mark tells nobody what is missing."""
    loose = [
        f"{where}: {line.strip()[:100]}"
        for path in project_files()
        if path != THIS_FILE
        for where, line in lines(path)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b(?!: (\S+ ){3,}\S+)", line)
    ]
    assert not loose, "write `TODO: what is missing and why`:\n" + "\n".join(loose)


def test_environment_is_read_in_one_place():
    readers = {
        str(path)
        for path in files_under("plugins", ".py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }
    strangers = readers - set(ENVIRONMENT_READERS)
    assert not strangers, f"take it from Settings: {sorted(strangers)}"


def test_every_module_starts_with_its_sentence():
    mute = []
    for path in [*files_under("plugins", ".py"), *files_under("benchmarks", ".py")]:
        docstring = ast.get_docstring(parsed(path)) or ""
        first = docstring.splitlines()[0] if docstring else ""
        if not first or len(first) > 120:
            mute.append(str(path))
    assert not mute, ", ".join(mute)


def test_no_file_is_large():
    """A clone stays quick; data belong in seeds of the size of an example."""
    large = [
        f"{path}: {size // 1024} KB" for path in project_files() if (size := (ROOT / path).stat().st_size) > 1_000_000
    ]
    assert not large, ", ".join(large)
