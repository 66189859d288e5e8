"""`koreason forget`: all that holds a prompt, and the exclusion that the pool honours."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from small_run import RESULTS, decide, ids, made_of

from koreason.cli import main

pytestmark = pytest.mark.usefixtures("run_folder")
Capture = pytest.CaptureFixture[str]
EXCLUSION = Path("withdrawn.yaml")


def forgotten(capsys: Capture, *arguments: str) -> str:
    assert main(["forget", *arguments]) == 0
    return capsys.readouterr().out


def withdrawn() -> list[str]:
    found: list[str] = yaml.safe_load(EXCLUSION.read_text(encoding="utf-8"))["run"]["withdrawn"]
    return found


def taken() -> str:
    """A prompt that the mix took."""
    mix = pl.read_parquet(RESULTS / "mixes/both/mix.parquet")
    return str(mix.filter(pl.col("source") == "exams")["prompt_id"][0])


def test_everything_that_holds_a_prompt_is_listed(capsys: Capture) -> None:
    prompt_id = taken()
    made_of(prompt_id)
    lines = forgotten(capsys, prompt_id[:9]).splitlines()
    again = [line.split()[-1] for line in lines if line.startswith("  made again without it")]
    still = [line for line in lines if line.startswith("  still holds it")]
    shard = next(path.parent.name for path in RESULTS.glob("traces/all/mixed/*/traces.parquet") if prompt_id in path_ids(path))
    assert again == [
        "results/pools/all/prompts.parquet",
        f"results/traces/all/mixed/{shard}/traces.parquet",
        "results/mixes/both/mix.parquet",
        "results/packed/both/tiny",
        "results/models/small/both/short",
    ]
    for folder in ("sources/exams/prompts", "cleaned/all/exams/texts", "sketches/all/exams/sketch", f"mixed/journal/{shard}/rows.jsonl"):
        assert any(folder in line and "1 row " in line for line in still), folder
    assert any(line.endswith("the dump: to have it gone there, edit it and its digest") for line in still)
    assert any("goes with it" in line and "c" * 24 in line for line in lines)
    assert withdrawn() == [prompt_id]
    assert lines[-1] == "    snakemake --cores 2 --configfile YOURS withdrawn.yaml"


def path_ids(path: Path) -> list[str]:
    return pl.read_parquet(path)["prompt_id"].to_list()


def test_the_pool_drops_it_and_says_why(capsys: Capture) -> None:
    prompt_id = taken()
    forgotten(capsys, prompt_id)
    decide(*withdrawn())
    assert prompt_id not in path_ids(RESULTS / "pools/all/prompts.parquet")
    dropped = pl.read_parquet(RESULTS / "pools/all/dropped.parquet").filter(pl.col("prompt_id") == prompt_id)
    assert dropped["reason"].to_list() == ["withdrawn"]


def test_twins_are_named_and_go_along_if_asked(capsys: Capture) -> None:
    one, other = (ids("talk")[place] for place in (1, 3))
    text = forgotten(capsys, one)
    assert "these twins have the same text" in text and f"\n  {other}\n" in text
    decide(*withdrawn())
    kept = path_ids(RESULTS / "pools/all/prompts.parquet")
    assert other in kept and one not in kept
    forgotten(capsys, one, "--with-twins")
    assert withdrawn() == sorted([one, other])
    decide(*withdrawn())
    assert not {one, other} & set(path_ids(RESULTS / "pools/all/prompts.parquet"))


def test_the_exclusion_grows_and_keeps_what_the_configuration_excludes(capsys: Capture) -> None:
    first, second, third = ids("exams")[1:4]
    forgotten(capsys, first)
    forgotten(capsys, second, "--dry-run")
    assert withdrawn() == [first]
    catalogue = Path("mine.yaml")
    catalogue.write_text(yaml.safe_dump({"run": {"withdrawn": [third]}}), encoding="utf-8")
    text = forgotten(capsys, second, "--configfile", "mine.yaml", "withdrawn.yaml")
    assert withdrawn() == sorted([first, second, third])
    assert "--configfile mine.yaml withdrawn.yaml" in text


def test_another_file_of_that_name_is_left_alone(capsys: Capture) -> None:
    EXCLUSION.write_text("run: [1]\n", encoding="utf-8")
    assert main(["forget", ids("exams")[1]]) == 2
    assert "withdrawn.yaml: is no list of what to leave out" in capsys.readouterr().err
    assert EXCLUSION.read_text(encoding="utf-8") == "run: [1]\n"
