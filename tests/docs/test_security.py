"""The threat model's promises: each names its test, and the test is there."""

import ast
import re
from pathlib import Path

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_promise_names_a_test_that_exists(home: Path) -> None:
    text = (home / "docs/security.md").read_text(encoding="utf-8")
    promises = text[text.index("## Not trusted") : text.index("## Supply chain")]
    for promise in re.split(r"^- ", promises, flags=re.MULTILINE)[1:]:
        assert NAMED.search(promise), f"names no test: {promise[:80]}"
    named = NAMED.findall(text)
    assert len(named) > 40
    for file, name in sorted(set(named)):
        tree = ast.parse((home / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file} has no {name}"


def test_base_images_are_named_by_digest(home: Path) -> None:
    for path in (home / "containers").glob("*.def"):
        [base] = re.findall(r"^ +FROM=(\S+)$", path.read_text(), re.MULTILINE)
        assert re.fullmatch(r"[a-z]+@sha256:[0-9a-f]{64}", base), path


def test_debootstrap_checks_signatures(home: Path) -> None:
    [line] = [line for line in (home / "containers/base").read_text().splitlines() if line.startswith("debootstrap ")]
    assert "--force-check-gpg" in line and "--keyring" in line


def test_a_report_finds_its_way(home: Path) -> None:
    assert "docs/security.md" in (home / "SECURITY.md").read_text() and "SECURITY.md" in (home / "docs/security.md").read_text()
