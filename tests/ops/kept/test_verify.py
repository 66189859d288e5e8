"""`koreason verify`: what is broken, what was made of it, and what `--repair` takes back."""

import hashlib
import json
from pathlib import Path

import pytest
from damage import DAMAGES, flip

from koreason.cli import main
from koreason.config.rules import RULES
from koreason.ops.kept.outputs import PLACES
from koreason.ops.kept.verify import chosen
from koreason.records.stage import Stage

# each output with its stage, its files and what it was made of
RUN = {
    "bases/tiny": ("base", ["config.json", "model.safetensors"], []),
    "sources/a": ("ingest", ["prompts.parquet", "rejected.jsonl"], []),
    "sources/b": ("ingest", ["prompts.parquet"], []),
    "pools/p": ("pool", ["prompts.parquet"], ["sources/a", "sources/b"]),
    "traces/p/r/00000-of-00002": ("trace", ["traces.parquet"], ["pools/p", "bases/tiny"]),
    "traces/p/r/00001-of-00002": ("trace", ["traces.parquet"], ["pools/p", "bases/tiny"]),
    "mixes/m": ("select", ["mix.parquet"], ["traces/p/r/00000-of-00002", "traces/p/r/00001-of-00002"]),
    "packed/m/tiny": ("pack", ["tokens.npy"], ["mixes/m", "bases/tiny"]),
    "models/small/m/s": ("train", ["model.safetensors"], ["packed/m/tiny", "bases/tiny"]),
    "evals/small/m/s/x/generations": ("generate", ["generations.parquet"], ["models/small/m/s"]),
    "evals/small/m/s/x/scores": ("score", ["scores.json"], ["evals/small/m/s/x/generations"]),
    "reports/r": ("report", ["index.html", "tables/a.csv"], ["sources/a", "evals/small/m/s/x/scores"]),
}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole run's outputs, small, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, (stage_name, files, inputs) in RUN.items():
        with Stage(Path("results", name), stage_name, {}, [Path("results", part, "manifest.json") for part in inputs]) as stage:
            for file in files:
                stage.path(file).write_text(f"{name} {file} " * 9, encoding="utf-8")
                stage.add(file, **({"shard": Path(name).name} if stage_name == "trace" else {}))
    Path("results/traces/p/r/journal").mkdir()
    Path("results/traces/p/r/journal/rows.jsonl").write_text("drawn")
    return Path("results")


def snapshot() -> dict[str, str]:
    """All files but what is remembered of them, with their contents' digests."""
    files = (path for path in Path().rglob("*") if path.is_file() and ".koreason" not in path.parts)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def verify(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    capsys.readouterr()
    status = main(["verify", *words])
    return status, capsys.readouterr().out.splitlines()


def broken_in(lines: list[str]) -> list[str]:
    return [line.split()[1].rstrip(":") for line in lines if line.startswith(("broken", "gone"))]


def test_a_whole_run_is_whole(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = verify(capsys)
    assert (status, len(lines)) == (0, 1) and lines[0].startswith("12 outputs, 0.00 GB read: none broken")


def after(name: str) -> set[str]:
    """What was made of an output, directly or not."""
    direct = {other for other, (_, _, inputs) in RUN.items() if name in inputs}
    return direct.union(*map(after, direct)) if direct else set()


@pytest.mark.parametrize("name", RUN)
def test_one_byte_of_a_stages_file_is_named_and_what_was_made_of_it(results: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = results / name / RUN[name][1][-1]
    flip(file)
    status, lines = verify(capsys)
    assert status == 2 and broken_in(lines) == [str(file)] and "has SHA-256" in lines[0]
    listed = set(lines[1].removeprefix("         made of it: ").split(" and ")[0].split(", ")) - {"nothing"}
    everything = {f"results/{part}" for part in after(name)}
    assert listed <= everything and len(listed) == min(len(everything), 8)


def test_repair_takes_back_the_manifests_of_what_is_broken_and_nothing_else(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, (name, damage) in enumerate(zip(("sources/a", "mixes/m", "models/small/m/s", "reports/r"), DAMAGES.values(), strict=True)):
        damage(results / name / RUN[name][1][place % len(RUN[name][1])])
    (results / "bases/tiny/manifest.json").write_text("")
    (results / "pools/p/manifest.json").unlink()
    broken = ["bases/tiny", "mixes/m", "models/small/m/s", "pools/p", "reports/r", "sources/a"]
    before = snapshot()
    status, lines = verify(capsys)
    assert status == 2 and len(broken_in(lines)) == len(broken)
    assert snapshot() == before
    status, lines = verify(capsys, "--repair")
    assert status == 2
    manifests = {f"results/{name}/manifest.json" for name in broken}
    assert snapshot() == {path: digest for path, digest in before.items() if path not in manifests}
    typed = [line.split(" -- ")[1] for line in lines if " -- " in line]
    assert typed == [
        f"results/{name}/manifest.json" for name in ("bases/tiny", "sources/a", "pools/p", "mixes/m", "models/small/m/s", "reports/r")
    ]
    status, lines = verify(capsys)
    assert status == 2 and sum(line.startswith("gone ") for line in lines) == len(broken)


def test_a_changed_manifest_and_a_copied_shard_are_broken(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(results / "mixes/m/manifest.json")
    one, other = results / "traces/p/r/00000-of-00002", results / "traces/p/r/00001-of-00002"
    for name in ("traces.parquet", "manifest.json", "run.json"):
        (other / name).write_bytes((one / name).read_bytes())
    status, lines = verify(capsys)
    assert status == 2 and broken_in(lines) == ["results/mixes/m/manifest.json", str(other)]
    assert "holds the output of shard 00000-of-00002" in "".join(lines)


def test_an_output_within_another_is_none_of_its_files(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As results/overlaps/POOL/RECIPE lies in results/overlaps/POOL."""
    with Stage(results / "reports/r/of", "report", {}, []) as stage:
        stage.path("index.html").write_text("x")
        stage.add("index.html")
    assert "foreign" not in "".join(verify(capsys)[1])
    (results / "reports/r/of/old.svg").touch()
    assert [line for line in verify(capsys)[1] if "foreign" in line] == [
        "foreign  results/reports/r/of/old.svg: its manifest does not name it"
    ]


def test_foreign_files_are_told_and_count_where_an_engine_would_read_them(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "reports/r/old.svg").touch()
    status, lines = verify(capsys)
    assert status == 0 and lines[0] == "foreign  results/reports/r/old.svg: its manifest does not name it"
    (results / "bases/tiny/model-2.safetensors").touch()
    assert verify(capsys, "--repair")[0] == 2
    assert (results / "bases/tiny/model-2.safetensors").exists() and (results / "bases/tiny/manifest.json").exists()


def test_only_what_is_asked_for_is_read(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(results / "mixes/m/mix.parquet")
    for words, status in (
        (["trace"], 0),
        (["select"], 2),
        (["results/mixes"], 2),
        (["results/mixes/m/mix.parquet"], 2),
        (["results/reports/r"], 0),
    ):
        assert verify(capsys, *words)[0] == status, words
    assert main(["verify", "selct"]) == 2
    assert "neither a stage nor a path" in capsys.readouterr().err
    monkeypatch.chdir("/")
    status, lines = verify(capsys, str(tmp_path / "results/mixes"))
    assert status == 2 and "packed/m/tiny" in lines[1], "what was made of it is found in the run that holds it"


def test_a_memory_is_not_believed_but_renewed(results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("koreason.records.seen.SETTLED_NS", 0)
    file = results / "mixes/m/mix.parquet"
    assert verify(capsys, "select")[0] == 0
    [stamp] = [path for path in Path(".koreason/seen").rglob("*-*") if path.is_file()]
    manifest = json.loads((file.parent / "manifest.json").read_text())
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"sha256": "0" * 64}))
    manifest["files"]["mix.parquet"]["sha256"] = "0" * 64
    (file.parent / "manifest.json").write_text(json.dumps(manifest))
    (file.parent / "run.json").unlink()
    assert verify(capsys, "select")[0] == 2
    assert json.loads(stamp.read_text())["sha256"] != "0" * 64


# what the rules that are not called as their stage leave in their manifests
OTHERS = {
    "traces/imported/x/0": "import_traces", "judged/j": "judge", "measures/m": "measure", "overlaps/p": "decontaminate",
    "sources/g": "augment",
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("import_traces", 3), ("trace", 3), ("judge", 1), ("measure", 1), ("decontaminate_mix", 1), ("augment", 3), ("ingest", 3),
        ("page", 1), ("score", 1), ("dedup", 0),
    ],
)  # fmt: skip
def test_a_rule_names_the_stage_of_its_outputs(results: Path, capsys: pytest.CaptureFixture[str], word: str, found: int) -> None:
    for name, stage_name in OTHERS.items():
        with Stage(results / name, stage_name, {}, []) as stage:
            stage.path("rows.parquet").write_text(name, encoding="utf-8")
            stage.add("rows.parquet", **({"shard": "0"} if stage_name == "import_traces" else {}))
    status, lines = verify(capsys, word)
    assert (status, lines[0].split()[0] if lines else "0") == (0 if found else 2, str(found))


def test_every_rules_stage_is_one_of_the_places(results: Path) -> None:
    assert {stage for rule in RULES for stage in chosen([rule])[1]} == set(PLACES.values())
