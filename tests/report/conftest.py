"""Results trees for the report to read."""

import shutil
from pathlib import Path

import pytest
from report_tree import HOSTILE, Tree, build, plan


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The tree with harmless texts, once; tests get copies."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def tree(built: Tree, tmp_path: Path) -> Tree:
    """The tree with harmless texts."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return Tree(tmp_path, dict(built.spec), plan())


@pytest.fixture
def hostile_tree(tmp_path: Path) -> Tree:
    """The tree with markup, scripts and control characters in every prompt."""
    return build(tmp_path, HOSTILE)
