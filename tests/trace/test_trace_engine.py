"""The trace stage with the real engine on a tiny model: told to end, resumed, other shard counts, new prompts."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest
from small_engine import ENGINE

from koreason.records.digests import sha256_file
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.tables import POOL, write_table

pytestmark = pytest.mark.slow

LANGUAGE = json.dumps({"scripts": ["Hangul"]})
RECIPE = {
    "system": "생각하고 답하세요.",
    "prefill": "<think>\n",
    "sampling": {
        "temperature": 0.8,
        "top_p": 0.95,
        "top_k": 40,
        "min_p": 0.0,
        "max_tokens": 96,
        "segment_tokens": 20,
        "think_tokens": 50,
        "think_end": "\n</think>\n\n답: ",
        "stop": ["."],
        "max_repeats": 6,
    },
    "engine": ENGINE | {"max_num_seqs": 4},
    "samples": 2,
    "seed": 3,
}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, home):
    folder = tmp_path_factory.mktemp("teacher")
    script = home / "tests" / "engine" / "tiny_model.py"
    subprocess.run([home / "envs" / "run", "vllm", "python", script, folder], check=True, capture_output=True)
    with Stage(folder, "base", {}, []) as stage:
        for path in sorted(path for path in folder.glob("*") if path.is_file()):
            stage.take(path)
    return folder


def write_pool(folder, count, *, long=False, first=""):
    rows = []
    for index in range(count):
        question = f"{index}번 문제: 사과 {index + 3}개를 둘이 나누면 몇 개씩인가?" + (" 길다" * 200 if long and index == 0 else "")
        question = question if index else first + question
        facts = {"source": "s", "target_share": 0.8, "dup_group": str(index)}
        rows.append({"prompt_id": f"{index * 7919 % 4096:03x}{index:021x}", "question": question, **facts})
    with Stage(folder, "clean", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=POOL).sort("prompt_id"), stage, "prompts.parquet", POOL)
    return folder


def command(home, teacher, pool, root, shard):
    options = {"--pool": pool, "--teacher": teacher, "--shard": shard, "--journal": root / "journal", "--out": root / shard}
    words = [str(word) for option in options.items() for word in option]
    return [str(home / "bin" / "koreason"), "trace", "--spec", json.dumps(RECIPE), "--language", LANGUAGE, *words]


def trace(home, teacher, pool, root, shard="00000-of-00001"):
    done = subprocess.run(command(home, teacher, pool, root, shard), capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((root / shard / "run.json").read_text())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, teacher, home):
    root = tmp_path_factory.mktemp("undisturbed")
    pool = write_pool(root / "pool", 12, long=True)
    return root, pool, trace(home, teacher, pool, root)


def test_rows_hold_thinking_and_answer(undisturbed):
    root, _, facts = undisturbed
    traces = pl.read_parquet(root / "00000-of-00001" / "traces.parquet")
    counts = read_manifest(root / "00000-of-00001")["counts"]
    assert traces.height == 24 == counts["rows"]
    assert traces.select("prompt_id", "sample").is_unique().all()
    refused = traces.filter(pl.col("finish") == "refused:prompt_too_long")
    assert refused.height == 2, "a prompt that does not fit is a row with its reason, not lost"
    told = traces.filter(pl.col("finish") == "length")
    assert told.height > 0
    assert (told["tokens"] == 96).all()
    assert told["think"].is_not_null().all(), "the budget closes the thinking"
    assert told["answer"].str.starts_with("답:").all()
    assert sum(counts["finish"].values()) == 24
    stopped = traces.filter((pl.col("finish") == "stop") & pl.col("answer").str.contains(".", literal=True))
    assert stopped["answer"].str.strip_suffix(".").str.contains(".", literal=True).not_().all(), "the first stop string is the last word"
    assert facts["engine_tokens"] > 0
    assert facts["tokens_per_second"] > 0


def test_told_to_end_it_keeps_its_work(undisturbed, tmp_path, teacher, home):
    root, pool, facts = undisturbed
    process = subprocess.Popen(command(home, teacher, pool, tmp_path, "00000-of-00001"), stderr=subprocess.PIPE, text=True)
    segments = tmp_path / "journal" / "00000-of-00001" / "segments.jsonl"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not (segments.exists() and segments.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75 and "Traceback" not in errors, errors
    assert errors.splitlines()[-1].endswith("answers are in the journal; type the same command again to go on")
    [drawn] = re.findall(r"told to end by SIGINT: (\d+) tokens drawn, ", errors)
    assert 0 < int(drawn) == facts["engine_tokens"] - trace(home, teacher, pool, tmp_path)["engine_tokens"], "no token twice"
    assert sha256_file(tmp_path / "00000-of-00001" / "manifest.json") == sha256_file(root / "00000-of-00001" / "manifest.json")


def test_nothing_is_drawn_twice(undisturbed, teacher, home):
    """Deleted output, another shard count and a grown pool: only what no journal holds is drawn."""
    root, pool, _ = undisturbed
    whole = root / "00000-of-00001"
    manifest = sha256_file(whole / "manifest.json")
    (whole / "traces.parquet").unlink()
    (whole / "manifest.json").unlink()
    assert trace(home, teacher, pool, root)["engine_tokens"] == 0
    assert sha256_file(whole / "manifest.json") == manifest
    halves = [f"0000{index}-of-00002" for index in range(2)]
    assert [trace(home, teacher, pool, root, half)["engine_tokens"] for half in halves] == [0, 0]
    frames = [pl.read_parquet(root / half / "traces.parquet") for half in halves]
    assert pl.concat(frames).sort("prompt_id", "sample").equals(pl.read_parquet(whole / "traces.parquet"))
    assert all(frame.height for frame in frames)
    grown = trace(home, teacher, write_pool(root / "grown", 13, long=True), root)
    assert grown["from_journal"] == 24
    assert 0 < grown["engine_tokens"] <= 2 * 96


def test_several_shards_share_one_engine(undisturbed, tmp_path, teacher, home):
    root, pool, facts = undisturbed
    halves = [f"0000{index}-of-00002" for index in range(2)]
    for half in halves:
        trace(home, teacher, pool, root, half)
    words = command(home, teacher, pool, tmp_path, halves[0])
    words[words.index("--shard") + 1 : words.index("--shard") + 2] = halves
    words[words.index("--out") + 1] = tmp_path / "{shard}"
    done = subprocess.run(words, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("loading ") == 1
    runs = [json.loads((tmp_path / half / "run.json").read_text()) for half in halves]
    assert [run["start_seconds"] > 0 for run in runs] == [True, False]
    assert sum(run["engine_tokens"] for run in runs) == facts["engine_tokens"]
    for half in halves:
        assert sha256_file(tmp_path / half / "manifest.json") == sha256_file(root / half / "manifest.json")
        assert (tmp_path / "journal" / half / "rows.jsonl").stat().st_size, "each shard has its journal"


def told_to_end_between(words: list, out: Path, halves: list[str]) -> bool:
    """Draw two shards and tell the job to end after the first; false where it had drawn the second before it heard."""
    words = [*words]
    words[words.index("--shard") + 1 : words.index("--shard") + 2] = halves
    words[words.index("--out") + 1] = out / "{shard}"
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not (out / halves[0] / "manifest.json").is_file():
        time.sleep(0.01)
    process.terminate()
    status = process.wait(timeout=60)
    assert status in (0, 75)
    return status == 75


def test_told_to_end_between_shards(undisturbed, tmp_path, teacher, home):
    """The first shard's manifest is there, the next run draws the second only."""
    root, pool, facts = undisturbed
    halves = [f"0000{index}-of-00002" for index in range(2)]
    tries = (tmp_path / str(number) for number in range(5))  # the second takes half a second, which a busy machine may oversleep
    out = next(place for place in tries if told_to_end_between(command(home, teacher, pool, place, halves[0]), place, halves))
    assert not (out / halves[1] / "manifest.json").exists()
    begun = json.loads((out / halves[0] / "run.json").read_text())["engine_tokens"]
    assert trace(home, teacher, pool, out, halves[1])["engine_tokens"] <= facts["engine_tokens"] - begun
    for half in halves:
        trace(home, teacher, pool, root, half)
        assert sha256_file(out / half / "manifest.json") == sha256_file(root / half / "manifest.json")


def test_several_shards_need_a_folder_each(tmp_path, teacher, home):
    words = command(home, teacher, write_pool(tmp_path / "pool", 2), tmp_path, "00000-of-00002")
    words[words.index("--shard") + 1 : words.index("--shard") + 2] = ["00000-of-00002", "00001-of-00002"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, "lacks {shard}" in done.stderr) == (2, True)


def test_a_missing_teacher_is_one_line(tmp_path, home):
    done = subprocess.run(command(home, tmp_path / "nobody", tmp_path, tmp_path, "00000-of-00001"), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"koreason: {tmp_path}/nobody: no such manifest")
    assert "Traceback" not in done.stderr
