"""The demo's dumps are what their readable texts say, and what the configuration pins."""

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
import zstandard

HOME = Path(__file__).resolve().parents[2]
FOLDER = HOME / "data" / "demo"
SOURCES = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))["sources"]
FILES = {name: digest for source in SOURCES.values() for name, digest in source.get("files", {}).items()}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run([sys.executable, str(FOLDER / "build.py"), str(folder)], check=True)
    return folder


def content(path: Path) -> object:
    """What a file holds, whatever version of a library compressed it."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).rows()
    unpack = {".gz": gzip.decompress, ".zst": zstandard.decompress}.get(path.suffix, bytes)
    return unpack(path.read_bytes())


@pytest.mark.parametrize("name", FILES)
def test_dumps_follow_from_their_texts(rebuilt, name):
    assert content(rebuilt / name) == content(FOLDER / name)


@pytest.mark.parametrize("name", FILES)
def test_dumps_are_pinned(name):
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == FILES[name]


def test_formats_differ():
    assert {source["format"] for source in SOURCES.values() if "files" in source} == {"stackexchange", "jsonl", "csv", "tsv", "parquet"}
    assert {Path(name).suffix for name in FILES} == {".xml", ".gz", ".zst", ".csv", ".tsv", ".parquet"}
