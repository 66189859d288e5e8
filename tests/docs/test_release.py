"""A version is the same wherever it stands, and says which stages' results it changes."""

import re
import tomllib
from pathlib import Path

import yaml

from koreason.config.rules import RULES


def test_a_version_stands_everywhere_and_names_the_stages_whose_results_change(home: Path) -> None:
    project = tomllib.loads((home / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert yaml.safe_load((home / "CITATION.cff").read_text(encoding="utf-8"))["version"] == project
    releases = re.split(r"^## ", (home / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert releases[0].split()[0] in (project, "Unreleased")
    for release in releases:
        changes = re.search(r"^Results change of: (.*?)[.]", release, re.MULTILINE | re.DOTALL)
        assert changes, f"{release.split()[0]}: has no line `Results change of:`"
        named = set(re.split(r",\s+", changes[1]))
        assert named <= set(RULES) or changes[1].startswith("nothing"), f"{release.split()[0]}: {named - set(RULES)} are no rules"
