"""Files named by globs, with one digest of their digests."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.intake.named import digest_of, matching, named
from koreason.records.digests import sha256_file

NAMES = ["b.jsonl", "a.jsonl", "가.jsonl", "x/c.jsonl", "x/y/d.jsonl", "x/y/d.txt", ".hidden.jsonl", "x/.h/e.jsonl", "[1].jsonl"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("*.jsonl", ["[1].jsonl", "a.jsonl", "b.jsonl", "가.jsonl"]),
        ("?.jsonl", ["a.jsonl", "b.jsonl", "가.jsonl"]),
        ("**/*.jsonl", ["[1].jsonl", "a.jsonl", "b.jsonl", "x/c.jsonl", "x/y/d.jsonl", "가.jsonl"]),
        ("x/**", ["x/c.jsonl", "x/y/d.jsonl", "x/y/d.txt"]),
        ("x/*/*", ["x/y/d.jsonl", "x/y/d.txt"]),
        ("[a-b].jsonl", ["a.jsonl", "b.jsonl"]),
        ("[!a].jsonl", ["b.jsonl", "가.jsonl"]),
        (".*.jsonl", [".hidden.jsonl"]),
    ],
)
def test_globs(root: Path, glob: str, found: list[str]) -> None:
    assert matching(glob, root) == found


def test_the_digest_is_what_sha256sum_gives(root: Path) -> None:
    listed = subprocess.run(["sha256sum", "a.jsonl", "b.jsonl"], cwd=root, capture_output=True, check=True).stdout
    digests = {name: sha256_file(root / name) for name in ("b.jsonl", "a.jsonl")}
    assert digest_of(digests) == hashlib.sha256(listed).hexdigest()


def test_a_glob_holds_its_files_to_their_digest(root: Path) -> None:
    entry = {"[ab].jsonl": digest_of({name: sha256_file(root / name) for name in ("a.jsonl", "b.jsonl")})}
    assert [name for name, _ in named(entry, root)] == ["a.jsonl", "b.jsonl"]
    assert [name for name, _ in named({"[1].jsonl": sha256_file(root / "[1].jsonl")}, root)] == ["[1].jsonl"]
    with pytest.raises(UserError, match=r"named twice: by .* and by a\.jsonl"):
        list(named(entry | {"a.jsonl": sha256_file(root / "a.jsonl")}, root))
    (root / "a.jsonl").write_text("another")
    with pytest.raises(UserError, match="the digest of its 2 files is"):
        list(named(entry, root))
    (root / "a.jsonl").unlink()
    with pytest.raises(UserError, match="the digest of its 1 files is"):
        list(named(entry, root))


def test_a_glob_stays_in_its_folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "z.csv").write_text("secret")
    (root / "folder").symlink_to(outside)
    with pytest.raises(UserError, match="no file matches"):
        matching("**/*.csv", root)
    (root / "z.csv").symlink_to(outside / "z.csv")
    with pytest.raises(UserError, match="leads out of"):
        matching("*.csv", root)


@pytest.mark.parametrize("glob", ["[z-a].jsonl", "x/[b-a]*.jsonl"])
def test_a_glob_that_can_be_none_is_refused(root: Path, glob: str) -> None:
    with pytest.raises(UserError, match=r"is no pattern of names \(bad character range"):
        list(named({glob: "0" * 64}, root))


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/hostname", "../*.jsonl"])
def test_names_stay_below_the_root(root: Path, name: str) -> None:
    (root.parent / "x").write_text("theirs")
    with pytest.raises(UserError, match="leads out of the folder"):
        list(named({name: "0" * 64}, root))
