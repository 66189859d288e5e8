"""Data sets of the hub and of its library: what their files name stays below their folder, and nothing of them is run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from koreason.curate.reading.hub import read_dataset
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.intake import datasets
from koreason.intake.datasets import files_of, saved

COMMIT = "0123456789abcdef" * 2 + "01234567"


def rows_of(hub: Path | str, **facts: Any) -> list[str]:
    source = Source(format="datasets", hub=str(hub), columns={"question": ["q"]}, **facts)
    stream = Stream("x", Path(str(hub)), iter(()))
    found = list(read_dataset(stream, source, Wanted(source)))
    assert [record.number for record in found] == list(range(1, len(found) + 1))
    assert stream.rows in (None, stream.rows_read)
    return [str(record.values[0]) for record in found if record.values is not None]


def frame(*questions: str) -> pl.DataFrame:
    return pl.DataFrame({"q": list(questions), "n": list(range(len(questions)))})


def card(folder: Path, configs: object) -> None:
    (folder / "README.md").write_text(f"---\nconfigs: {json.dumps(configs)}\n---\n# A set\n")


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set in the hub's cache: a snapshot whose files are links to blobs."""
    (blobs := tmp_path / "datasets--a--b" / "blobs").mkdir(parents=True)
    (folder := blobs.parent / "snapshots" / COMMIT / "data").mkdir(parents=True)
    for place, (name, words) in enumerate({"train-0.parquet": "가", "train-1.parquet": "나", "test-0.parquet": "다"}.items()):
        frame(words, words + "!").write_parquet(blobs / str(place))
        (folder / name).symlink_to(Path("../../../blobs") / str(place))
    asked: list[tuple[object, ...]] = []

    def snapshot_download(hub: str, **options: Any) -> str:
        asked.append((hub, options["revision"], options["repo_type"]))
        return str(folder.parent)

    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return folder.parent


def test_a_snapshot_is_read_file_by_file(cached: Path) -> None:
    assert rows_of("a/b", revision=COMMIT, split="train") == ["가", "가!", "나", "나!"]
    assert rows_of("a/b", revision=COMMIT, split="test") == ["다", "다!"]
    card(cached, [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-1*"}]}])
    assert rows_of("a/b", revision=COMMIT, split="train") == ["나", "나!"]


@pytest.mark.parametrize("path", ["/etc/hostname", "../../x.parquet", "data/../../x.parquet", "/abs/*.parquet", "https://a/b.parquet", ""])
@pytest.mark.parametrize("shape", ["text", "list", "by split", "tables"])
def test_a_card_that_names_files_elsewhere_is_refused(cached: Path, path: str, shape: str) -> None:
    files: object = {"text": path, "list": [path], "by split": {"train": [path]}, "tables": [{"split": "train", "path": path}]}[shape]
    card(cached, [{"config_name": "default", "data_files": files}])
    with pytest.raises(UserError, match=r"no plain path below its folder|has no .parquet"):
        rows_of("a/b", revision=COMMIT, split="train")


def test_a_folder_here_that_is_named_like_an_id_is_not_the_data_set(cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "a" / "b").mkdir(parents=True)
    frame("위조").write_parquet(tmp_path / "here" / "a" / "b" / "train.parquet")
    monkeypatch.chdir(tmp_path / "here")
    assert rows_of("a/b", revision=COMMIT, split="train") == ["가", "가!", "나", "나!"]
    with pytest.raises(UserError, match=r"not a full commit id"):
        rows_of("a/b", revision="main", split="train")


def test_a_link_that_leaves_a_snapshot_is_refused(cached: Path, tmp_path: Path) -> None:
    frame("비밀").write_parquet(tmp_path / "secret.parquet")
    (cached / "data" / "train-2.parquet").symlink_to(tmp_path / "secret.parquet")
    with pytest.raises(UserError, match=r"is a link of .* that leaves its folder"):
        rows_of("a/b", revision=COMMIT, split="train")


@pytest.fixture
def on_disk(tmp_path: Path) -> Path:
    library = pytest.importorskip("datasets")
    library.DatasetDict({"train": library.Dataset.from_dict({"q": ["가", "나"]})}).save_to_disk(tmp_path / "data")
    return tmp_path / "data"


def test_a_saved_data_set(on_disk: Path) -> None:
    assert rows_of(on_disk, split="train") == ["가", "나"]
    assert rows_of(on_disk / "train") == ["가", "나"]


STATES: dict[str, Callable[[dict[str, Any]], object]] = {
    "upwards": lambda state: state.update(_data_files=[{"filename": "../../x.arrow"}]),
    "absolute": lambda state: state.update(_data_files=[{"filename": "/x.arrow"}]),
    "another format": lambda state: state.update(_data_files=[{"filename": "state.json"}]),
    "no text": lambda state: state.update(_data_files=[{"filename": 7}]),
    "no list": lambda state: state.update(_data_files="x.arrow"),
    "an order of its own": lambda state: state.update(_indices_data_files=[{"filename": "x.arrow"}]),
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_that_names_files_elsewhere_is_refused(on_disk: Path, tmp_path: Path, case: str) -> None:
    path = on_disk / "train" / "state.json"
    state = json.loads(path.read_text())
    STATES[case](state)
    path.write_text(json.dumps(state))
    (tmp_path / "x.arrow").write_bytes((on_disk / "train" / "data-00000-of-00001.arrow").read_bytes())
    with pytest.raises(UserError, match=r"state.json"):
        rows_of(on_disk, split="train")


@pytest.mark.parametrize("split", ["../..", "/etc", "train/..", ""])
def test_a_split_is_one_of_those_that_are_listed(on_disk: Path, split: str) -> None:
    with pytest.raises(UserError, match=r"has no split|needs `split`|plain path"):
        saved(on_disk, split)
    (on_disk / "dataset_dict.json").write_text(json.dumps({"splits": [split]}))
    with pytest.raises(UserError, match=r"plain path|needs `split`"):
        saved(on_disk, split)


def test_a_data_set_without_splits_is_all_for_training(tmp_path: Path) -> None:
    frame("가").write_parquet(tmp_path / "all.parquet")
    assert [path.name for path in files_of(tmp_path, None, None)] == ["all.parquet"]
    with pytest.raises(UserError, match=r"for the split 'test'"):
        files_of(tmp_path, "test", None)


def test_nothing_but_data_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    patterns: list[str] = []

    def snapshot_download(hub: str, **options: Any) -> str:
        patterns.extend(options["allow_patterns"])
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    datasets.snapshot("a/b", COMMIT, "train", None)
    assert all(pattern == datasets.CARD or pattern.endswith(datasets.SUFFIXES) for pattern in patterns) and patterns
