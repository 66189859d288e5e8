"""All that `make taste` left, searched for what must not be there: secrets, personal data, paths of this machine.

The run is the one that the other tests of it look at. Its dumps hold addresses and numbers made for this.
"""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.conftest import SECRETS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
# What holds texts because that is what it is for.
TEXTS = (".parquet", "rejected.jsonl", "rejected.jsonl.gz", "rows.jsonl", "segments.jsonl", ".npy", ".safetensors", "tokenizer.json")
PERSONAL = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.]+|\b01[016789]-\d{3,4}-\d{4}\b|\b\d{6}-[1-4]\d{6}\b")
PUBLISHED = ("manifest.json", ".html", ".svg", ".csv")


def files(folder: Path, package: bool = False) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder with its bytes, decompressed; what lies of the package itself is passed over."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and (package or ".koreason/code" not in str(path)):
            data = path.read_bytes()
            yield path, gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def planted(home: Path) -> set[bytes]:
    """The personal data of the dumps that the run reads."""
    dumps = (data for path, data in files(home / "data/demo") if path.name in ("forum.jsonl.gz", "quiz.tsv"))
    return {found for data in dumps for found in PERSONAL.findall(data)}


def test_no_secret_is_in_any_file(tasted: tuple[Path, str]) -> None:
    folder, printed = tasted
    for name, secret in SECRETS.items():
        assert secret not in printed
        assert [str(path) for path, data in files(folder, package=True) if secret.encode() in data] == [], name


def test_personal_data_is_in_tables_of_texts_alone(tasted: tuple[Path, str], home: Path) -> None:
    data = planted(home)
    assert len(data) >= 4, "nothing is planted"
    hits = [(path.name, found) for path, held in files(tasted[0]) if not path.name.endswith(TEXTS) for found in data if found in held]
    assert hits == []
    assert not any(found.decode() in tasted[1] for found in data)


def test_what_is_published_names_no_path_of_this_machine(tasted: tuple[Path, str], home: Path) -> None:
    here = {str(tasted[0]), str(home), str(Path.home())} - {"/", "/root"}
    for path, data in files(tasted[0] / "results"):
        if path.name.endswith(PUBLISHED):
            assert not [word for word in here if word.encode() in data], path
