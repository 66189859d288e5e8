"""`koreason mirror` and `koreason pin` against a hub on this machine, asked by the hub's own client; and stages that read without it."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import polars as pl
import pytest
import yaml

from koreason.config.files.layers import read_bench
from koreason.images import enter
from koreason.mirrored import digest_of
from tests.made_model import made
from tests.mirror.hub_here import Hub, serving

Koreason = Callable[..., CompletedProcess[str]]
ROWS = [{"id": f"q{number}", "question": f"{number} + {number} = ?", "gold": str(2 * number)} for number in range(40)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A model, a benchmark, a data set and a dump."""
    found = Hub()
    files = {path.name: path.read_bytes() for path in made(tmp_path / "model").iterdir()}
    found.add("models", "lab/tiny", files | {"pytorch_model.bin": b"\x80pickle", ".gitattributes": b"* text"})
    found.add("datasets", "lab/exam", {"test.jsonl": LINES, "README.md": b"# exam"})
    pl.DataFrame(ROWS).write_parquet(tmp_path / "rows.parquet")
    found.add("datasets", "lab/prompts", {"data/train.parquet": (tmp_path / "rows.parquet").read_bytes(), "README.md": b"# prompts"})
    found.files["dumps/forum.jsonl"] = LINES
    with serving(found):
        yield found


@pytest.fixture
def koreason(hub: Hub, tmp_path: Path, run: Koreason) -> Koreason:
    """The command line, for which this hub is the hub."""

    def call(*words: object, **variables: str) -> CompletedProcess[str]:
        return run(*words, HF_ENDPOINT=hub.address, HF_HOME=str(tmp_path / "home"), HF_HUB_DISABLE_XET="1", **variables)

    return call


def written(hub: Hub, path: Path, revision: str = "FILL-IN", **digests: str) -> Path:
    """A configuration that names them all."""
    path.write_text(
        f"""# Kept as it is.
bases:
  tiny: {{hub: lab/tiny, revision: {revision}, tokenizer: tiny, licence: Apache-2.0, parameters: 5000}}   # a model
sources:
  prompts:
    format: datasets
    hub: lab/prompts
    revision: {revision}   # of the branch main
    split: train
    licence: A
    category: Exams
    columns: {{question: [question]}}
  forum:
    format: jsonl
    root: {path.parent / "dumps"}
    files: {{forum.jsonl: {digests.get("forum", "FILL-IN")}}}
    urls: {{forum.jsonl: "{hub.address}/dumps/forum.jsonl"}}
    licence: B
    category: Daily
    columns: {{question: [question]}}
benches:
  exam: {{kind: math, role: held-out, version: 1, hub: lab/exam, revision: {revision}}}
""",
        encoding="utf-8",
    )
    return path


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def pinned(hub: Hub, tmp_path: Path, koreason: Koreason) -> Path:
    """The configuration with everything pinned."""
    path = written(hub, tmp_path / "mine.yaml")
    done = koreason("pin", path)
    assert done.returncode == 0, done.stderr
    return path


def test_what_says_fill_in_becomes_a_commit_and_a_digest_and_nothing_else_changes(hub: Hub, pinned: Path, koreason: Koreason) -> None:
    config = read(pinned)
    taken = {
        name: sha256(data).hexdigest()
        for name, data in hub.repos["models", "lab/tiny"][0][1].items()
        if not name.startswith((".", "pytorch"))
    }
    assert (config["bases"]["tiny"]["revision"], config["bases"]["tiny"]["digest"]) == (
        hub.repos["models", "lab/tiny"][0][0],
        digest_of(taken),
    )
    assert config["sources"]["forum"]["files"]["forum.jsonl"] == sha256(LINES).hexdigest()
    assert config["benches"]["exam"]["digest"] == digest_of({"test.jsonl": sha256(LINES).hexdigest()})
    text = pinned.read_text(encoding="utf-8")
    assert "FILL-IN" not in text and text.startswith("# Kept as it is.\n") and "}   # a model\n" in text
    without = [line for line in text.splitlines() if not line.strip().startswith("digest:")]
    assert len(without) == len(written(hub, pinned.with_name("again.yaml")).read_text(encoding="utf-8").splitlines())
    before = pinned.read_bytes()
    assert "nothing says FILL-IN" in koreason("pin", pinned).stdout and pinned.read_bytes() == before


def test_the_paper_s_own_configuration_can_be_pinned(hub: Hub, home: Path, tmp_path: Path, koreason: Koreason) -> None:
    path = tmp_path / "paper.yaml"
    path.write_bytes((home / "config/paper.yaml").read_bytes())
    before = read(path)
    missing = [
        (table, entry) for table in ("bases", "benches") for entry in before.get(table, {}).values() if entry.get("revision") == "FILL-IN"
    ]
    assert missing
    for table, entry in missing:
        kind, files = ("models", {"config.json": b"{}"}) if table == "bases" else ("datasets", {"test.jsonl": LINES})
        hub.add(kind, entry["hub"], files)
    assert koreason("pin", path).returncode == 0
    after = read(path)
    for table in ("bases", "benches"):
        for name, entry in after.get(table, {}).items():
            was = before[table][name]
            assert {key: value for key, value in entry.items() if key not in ("revision", "digest")} == {
                key: value for key, value in was.items() if key != "revision"
            }
            assert was.get("revision") != "FILL-IN" or (len(entry["revision"]), len(entry["digest"])) == (40, 64)


def test_a_file_that_is_one_benchmark_is_pinned_with_its_kit(hub: Hub, tmp_path: Path, koreason: Koreason) -> None:
    path = tmp_path / "exam.yaml"
    path.write_text("# An exam.\nhub: lab/exam\nrevision: FILL-IN\nsplit: test\nkit: {hub: lab/prompts, revision: FILL-IN, split: test}\n")
    done = koreason("pin", path)
    assert done.returncode == 0, done.stderr
    found = read(path)
    assert (
        found["revision"] == hub.repos["datasets", "lab/exam"][0][0]
        and found["kit"]["revision"] == hub.repos["datasets", "lab/prompts"][0][0]
    )
    assert len({found["digest"], found["kit"]["digest"]}) == 2
    entries = read_bench(path)
    assert entries["exam"]["digest"] == found["digest"] and entries["exam_kit"]["digest"] == found["kit"]["digest"]


def test_weights_are_not_brought_to_be_pinned(hub: Hub, pinned: Path) -> None:
    assert not [asked for asked in hub.asked if asked.startswith("GET") and asked.endswith("model.safetensors")]


def test_it_brings_each_content_once_and_a_second_time_nothing(hub: Hub, pinned: Path, tmp_path: Path, koreason: Koreason) -> None:
    first = koreason("mirror", "--into", tmp_path / "mirror", "--configfile", pinned)
    assert first.returncode == 0 and "4 new" in first.stdout, first.stdout + first.stderr
    objects = [path for path in (tmp_path / "mirror/objects").rglob("*") if path.is_file()]
    assert all(sha256(path.read_bytes()).hexdigest() == path.name for path in objects)
    names = [path for path in (tmp_path / "mirror/hub").rglob("*") if path.is_file() and path.suffix != ".json"]
    assert names and not [path for path in names if path.name.startswith(("pytorch", ".git"))], "what no stage reads is not taken"
    lines = next(path for path in names if path.name == "test.jsonl")
    assert lines.samefile(tmp_path / "mirror/objects" / sha256(LINES).hexdigest()[:2] / sha256(LINES).hexdigest()), "as the dump's, too"
    hub.asked.clear()
    again = koreason("mirror", "--into", tmp_path / "mirror", "--configfile", pinned)
    assert again.returncode == 0 and "4 same" in again.stdout and hub.asked == []


@pytest.fixture
def mirror(pinned: Path, tmp_path: Path, koreason: Koreason) -> Path:
    done = koreason("mirror", "--into", tmp_path / "mirror", "--configfile", pinned)
    assert done.returncode == 0, done.stderr
    return tmp_path / "mirror"


def stages(pinned: Path, out: Path) -> dict[str, list[object]]:
    """What is read from a hub, as the rules have it read."""
    config = read(pinned)
    base = {key: value for key, value in config["bases"]["tiny"].items() if key in ("hub", "revision", "digest")}
    source = {key: value for key, value in config["sources"]["prompts"].items() if key not in ("licence", "category")}
    bench = {key: value for key, value in config["benches"]["exam"].items() if key not in ("role", "version")}
    commands = {"base": base, "ingest": source, "bench": bench}
    more = {"ingest": ["--source", "prompts"], "base": ["--for", "answers"]}
    return {name: [name, "--out", out / name, "--spec", json.dumps(spec), *more.get(name, [])] for name, spec in commands.items()}


@pytest.mark.parametrize("stage", ["ingest", "bench", pytest.param("base", marks=pytest.mark.slow)])
def test_stages_read_from_it_and_ask_nobody(hub: Hub, pinned: Path, mirror: Path, tmp_path: Path, koreason: Koreason, stage: str) -> None:
    hub.asked.clear()
    done = koreason(*stages(pinned, tmp_path / "out")[stage], KOREASON_MIRROR=str(mirror), HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert hub.asked == []
    counts = json.loads((tmp_path / "out" / stage / "manifest.json").read_text())["counts"]
    assert counts.get("items", counts.get("records", 40)) == 40


def test_what_it_lacks_and_what_was_damaged_is_one_line(pinned: Path, mirror: Path, tmp_path: Path, koreason: Koreason) -> None:
    command = stages(pinned, tmp_path / "out")["bench"]
    done = koreason(*command, KOREASON_MIRROR=str(tmp_path / "none"))
    assert (done.returncode, "does not hold lab/exam at" in done.stderr) == (2, True), done.stderr
    [file] = mirror.rglob("test.jsonl")
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[7] ^= 1
    file.write_bytes(data)
    done = koreason(*command, KOREASON_MIRROR=str(mirror))
    assert (done.returncode, "is not as it was mirrored" in done.stderr) == (2, True), done.stderr
    mended = koreason("mirror", "--into", mirror, "--configfile", pinned)
    assert "2 new" in mended.stdout, "the benchmark's, and the dump's, which has the same content"
    assert koreason(*command, KOREASON_MIRROR=str(mirror)).returncode == 0


def test_a_dump_comes_from_it_too(hub: Hub, pinned: Path, mirror: Path, koreason: Koreason) -> None:
    hub.files.clear()
    done = koreason("source", "fetch", "forum", "--configfile", pinned, KOREASON_MIRROR=str(mirror))
    assert done.returncode == 0 and (pinned.parent / "dumps/forum.jsonl").read_bytes() == LINES, done.stderr


def test_it_says_what_has_vanished_or_changed_upstream(hub: Hub, pinned: Path, mirror: Path, koreason: Koreason) -> None:
    check = ("mirror", "--into", mirror, "--configfile", pinned, "--check")
    hub.asked.clear()
    assert "4 same" in koreason(*check).stdout
    assert not [asked for asked in hub.asked if asked.startswith("GET") and "resolve" in asked], "nothing is brought"
    hub.add("datasets", "lab/prompts", {"README.md": b"# another"})
    hub.files["dumps/forum.jsonl"] = LINES[:-1]
    del hub.repos["models", "lab/tiny"]
    [(commit, files)] = hub.repos["datasets", "lab/exam"]
    hub.repos["datasets", "lab/exam"] = [(commit, files | {"test.jsonl": LINES + b"{}"})]
    done = koreason(*check)
    assert done.returncode == 2
    assert "vanished      bases.tiny: lab/tiny is not to be had" in done.stdout and "changed       sources.forum:" in done.stdout
    assert "changed       benches.exam: lab/exam: test.jsonl is another" in done.stdout
    assert "same          sources.prompts:" in done.stdout and "its branch main has moved on to" in done.stdout


def test_what_the_run_does_not_come_to_is_left(hub: Hub, pinned: Path, tmp_path: Path, koreason: Koreason) -> None:
    """Others' entries may lack their commits; a run's own may not."""
    chosen = tmp_path / "run.yaml"
    experiment = {"models": ["mine"], "mixes": [], "schedules": ["laptop_short"], "benches": ["exam"], "base": True}
    model = {"base": "tiny", "tensor_parallel": 1, "data_parallel": 1, "sequence_parallel": False, "dtype": "float32", "recompute": False}
    chosen.write_text(yaml.safe_dump({"models": {"mine": model}, "run": {"experiments": [experiment]}}))
    done = koreason("mirror", "--into", tmp_path / "mirror", "--configfile", pinned, chosen)
    assert done.returncode == 0, done.stderr
    assert "new           bases.tiny" in done.stdout and "new           benches.exam" in done.stdout and "2 new" in done.stdout


def test_another_content_than_the_pinned_one_is_refused(hub: Hub, pinned: Path, tmp_path: Path, koreason: Koreason) -> None:
    text = pinned.read_text(encoding="utf-8")
    digest = read(pinned)["benches"]["exam"]["digest"]
    pinned.write_text(text.replace(digest, "f" * 64), encoding="utf-8")
    done = koreason("mirror", "--into", tmp_path / "mirror", "--configfile", pinned, "--only", "benches.exam")
    assert done.returncode == 2 and "Traceback" not in done.stderr and f"the configuration says {'f' * 64}" in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "mirror/hub").glob("*/*/[0-9a-f]*.json")), "what is not whole has no index"


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (lambda text: text.replace("lab/tiny", "lab/none"), "pin", "bases.tiny: lab/none: is not to be had at main"),
        (lambda text: text.replace("urls:", "url_s:"), "pin", "sources.forum.files.forum.jsonl: says FILL-IN, and `urls` has none for it"),
        (lambda text: text, "mirror", "its revision 'FILL-IN' is not a full commit id; `koreason pin` writes it"),
        (lambda text: "bases: [", "pin", "cannot be read"),
    ],
)
def test_mistakes_are_one_line(hub: Hub, tmp_path: Path, koreason: Koreason, change: Callable[[str], str], words: str, said: str) -> None:
    path = written(hub, tmp_path / "mine.yaml")
    path.write_text(text := change(path.read_text(encoding="utf-8")), encoding="utf-8")
    options = [path] if words == "pin" else ["--into", tmp_path / "mirror", "--configfile", path]
    done = koreason(words, *options)
    assert done.returncode == 2 and "Traceback" not in done.stderr and said in done.stderr.splitlines()[-1], done.stderr
    assert path.read_text(encoding="utf-8") == text, "nothing is written before all is known"


def test_without_a_network_it_is_one_line(hub: Hub, pinned: Path, tmp_path: Path, run: Koreason) -> None:
    done = run(
        "mirror", "--into", tmp_path / "mirror", "--configfile", pinned, HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path / "home")
    )
    assert (done.returncode, done.stderr.strip().count("\n")) == (2, 0) and "the hub does not answer" in done.stderr, done.stderr


def test_a_job_in_a_container_is_shown_the_folder_and_told_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOREASON_MIRROR", str(mirror))
    assert enter._told(["ingest"], hub=False)["KOREASON_MIRROR"] == str(mirror)
    assert f"{mirror}:{mirror}:ro" in enter._folders(["ingest"])
