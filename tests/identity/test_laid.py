"""The package that a run lays down: what its digest follows, what is copied, what is kept."""

import json
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.identity import laid


@pytest.fixture
def package(tmp_path: Path) -> Path:
    home = tmp_path / "package"
    for name in ("Snakefile", "koreason/errors.py", "bin/koreason", "envs/data.lock", "containers/images.lock.json"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    (home / "bin" / "koreason").chmod(0o755)
    return home


@pytest.mark.parametrize(
    "name", ["Snakefile", "koreason/errors.py", "koreason/new/module.py", "envs/data.lock", "containers/images.lock.json"]
)
def test_the_digest_follows_what_a_job_may_read(package: Path, name: str) -> None:
    before = laid.tree_digest(package)
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("other")
    assert laid.tree_digest(package) != before


def test_the_digest_knows_programs(package: Path) -> None:
    before = laid.tree_digest(package)
    (package / "bin" / "koreason").chmod(0o644)
    assert laid.tree_digest(package) != before


@pytest.mark.parametrize(
    "name",
    [
        "koreason/__pycache__/errors.cpython-311.pyc",
        "koreason/.errors.py.swp",
        "koreason/errors.py~",
        "containers/images/data.sif",
        "profiles/slurm/site.yaml",
        "results/pools/demo/manifest.json",
        "docs/trace.md",
        ".envs/data/pip.log",
    ],
)
def test_the_digest_ignores_the_rest(package: Path, name: str) -> None:
    before = laid.tree_digest(package)
    (package / name).parent.mkdir(parents=True, exist_ok=True)
    (package / name).write_text("any")
    assert laid.tree_digest(package) == before


def test_a_copy_is_the_package_and_is_made_once(package: Path, tmp_path: Path) -> None:
    planned = laid.tree_digest(package)
    home = laid.lay(package, tmp_path, planned)
    assert home == tmp_path / ".koreason/code" / planned
    assert laid.check(home) == planned
    assert (home / "bin" / "koreason").stat().st_mode & 0o777 == 0o555
    moment = home.stat().st_mtime_ns
    assert laid.lay(package, tmp_path, planned) == home
    assert home.stat().st_mtime_ns == moment


def test_a_package_that_was_edited_since_is_not_laid_down(package: Path, tmp_path: Path) -> None:
    planned = laid.tree_digest(package)
    (package / "Snakefile").write_text("edited")
    with pytest.raises(UserError, match="was edited while the run was being planned"):
        laid.lay(package, tmp_path, planned)
    assert not list((tmp_path / ".koreason/code").iterdir())


def test_a_damaged_copy_is_refused_and_laid_down_anew(package: Path, tmp_path: Path) -> None:
    planned = laid.tree_digest(package)
    home = laid.lay(package, tmp_path, planned)
    (home / "Snakefile").chmod(0o644)
    (home / "Snakefile").write_text("edited")
    with pytest.raises(UserError, match="is not the code that was planned"):
        laid.check(home)
    assert laid.check(laid.lay(package, tmp_path, planned)) == planned


def test_packages_that_a_result_names_are_kept(package: Path, tmp_path: Path) -> None:
    digests = []
    for text in ("one", "two", "three"):
        (package / "Snakefile").write_text(text)
        digests.append(laid.tree_digest(package))
        laid.lay(package, tmp_path, digests[-1])
    result = tmp_path / "results" / "pools" / "demo"
    result.mkdir(parents=True)
    (result / "run.json").write_text(json.dumps({"package": digests[0]}))
    (tmp_path / "results" / "run.json").write_text("not JSON")
    assert laid.prune(tmp_path, {digests[2]}) == [digests[1]]
    assert {path.name for path in (tmp_path / ".koreason/code").iterdir()} == {digests[0], digests[2]}


def test_nothing_is_removed_while_an_array_goes_on_without_its_driver(package: Path, tmp_path: Path) -> None:
    laid.lay(package, tmp_path, laid.tree_digest(package))
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / laid.SUBMITTED).write_text("[]")
    assert laid.prune(tmp_path, set()) == []
