"""The map is true: links lead somewhere, rules and rooms have their pages, recipes name files and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
PAGES = [HOME / name for name in ("README.md", "CONTRIBUTING.md", "config/README.md")] + sorted((HOME / "docs").rglob("*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
# words in capitals stand for a name of the reader's choice
PLACE = re.compile(r"`((?:koreason|tests|rules|docs|config|profiles|containers|envs|bench|data)/[\w./*-]+)`")
RULE = re.compile(r"^rule (\w+):", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOME).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for place, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{place} is not there"
        assert not anchor or target.suffix != ".md" or anchor in anchors(target), f"{place}{anchor} is no heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOME).as_posix())
def test_files_that_are_named_exist(page: Path) -> None:
    for place in PLACE.findall(page.read_text(encoding="utf-8")):
        if re.search(r"[A-Z]{3}|\*\*|\d{5}", place) or place.startswith(MADE):
            continue
        assert list(HOME.glob(place.rstrip("/"))), f"{place} is not there"


# What a machine makes, and no repository holds.
MADE = ("containers/images", "containers/key.pem", "profiles/slurm/site.yaml")


def test_every_page_is_on_the_map() -> None:
    linked = {(page.parent / place).resolve() for page in PAGES for place, _ in LINK.findall(page.read_text(encoding="utf-8")) if place}
    assert not [page.name for page in PAGES if page.is_relative_to(HOME / "docs") and page not in linked and page.name != "README.md"]


def test_every_rule_has_a_page() -> None:
    rules = {name for path in (HOME / "rules").glob("*.smk") for name in RULE.findall(path.read_text(encoding="utf-8"))}
    table = (HOME / "docs" / "README.md").read_text(encoding="utf-8")
    assert rules and not [rule for rule in rules if f"`{rule}`" not in table]


def test_every_room_stands_in_the_architecture() -> None:
    rooms = {path.name for path in (HOME / "koreason").iterdir() if path.is_dir() and path.name != "__pycache__"}
    stages = {path.stem for path in (HOME / "rules").glob("*.smk")}
    text = (HOME / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert not [room for room in rooms - stages if f"`koreason/{room}/`" not in text]
    assert not [stage for stage in stages - {"common"} if not (HOME / "docs" / f"{stage}.md").is_file() and stage != "benches"]


def test_every_table_of_the_configuration_is_a_word_of_the_glossary() -> None:
    glossary = (HOME / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = set(re.findall(r"^\| ([^|]+?) \|", glossary, re.MULTILINE))
    tables = (
        "base",
        "source",
        "pool",
        "recipe",
        "mix",
        "schedule",
        "bench",
        "manifest",
        "run.json",
        "attempt",
        "journal",
        "segment",
        "shard",
    )
    assert not [word for word in tables if word not in words]
    rows = re.findall(r"^\| (?!-|word)([^|]+?) \|", glossary, re.MULTILINE)
    assert rows == sorted(rows, key=str.lower)


def test_every_message_of_ours_on_the_page_of_troubles_is_said_somewhere() -> None:
    """A bullet of `docs/trouble.md` starts with what is printed; `…` stands for what differs."""
    page = (HOME / "docs" / "trouble.md").read_text(encoding="utf-8")
    said = "\n".join(strings()) + "\n".join(path.read_text(encoding="utf-8") for path in (HOME / "envs" / "run", HOME / "envs" / "create"))
    unsaid = []
    for bullet in re.findall(r"^- (`.+?)(?: —|,|\. )", page.replace("\n  ", " "), re.MULTILINE):
        if "Snakemake)" in bullet or "Slurm)" in bullet:
            continue
        for message in re.findall(r"`([^`]+)`", bullet):
            unsaid += [part for part in re.split(r"\s*…\s*", message) if part not in said and part not in OTHERS]
    assert not unsaid, "nobody says this"


# What Python, the kernel, Snakemake and Slurm say, and what stands in tables of ours.
OTHERS = ("KeyboardInterrupt", "LocalEntryNotFoundError", "Killed", "Out Of Memory", "oom_kill", "OUT_OF_MEMORY", "DUE TO TIME LIMIT")


def strings() -> list[str]:
    """Every string constant of koreason, docstrings aside, and those of f-strings in their pieces."""
    found = []
    for path in sorted((HOME / "koreason").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return found
