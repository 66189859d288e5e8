"""The real engine, killed at random moments and by a request: every token that was drawn is counted, nobody is condemned by chance."""

import json
import os
import random

import polars as pl
import pytest
from killed import POISON, Attempt, run
from small_engine import ENGINE, SAMPLING
from test_trace_engine import LANGUAGE, write_pool

from koreason.engine.journals.journal import IN_FLIGHT, read_lines
from koreason.records import attempts
from koreason.records.digests import sha256_file

SHARD = "00000-of-00001"
SEGMENT, AT_ONCE = 16, 8
RECIPE = {
    "system": None,
    "prefill": "<think>\n",
    "sampling": SAMPLING | {"temperature": 1.0, "top_p": 1.0, "max_tokens": 400, "segment_tokens": SEGMENT},
    "engine": ENGINE | {"max_num_seqs": AT_ONCE, "max_model_len": 1024},
    "samples": 1,
    "seed": 3,
}
KILLS = [pytest.param(4, marks=pytest.mark.slow), pytest.param(40, marks=pytest.mark.soak)]


def words(root, out, pool="pool", **changes):
    recipe = RECIPE | {"engine": RECIPE["engine"] | changes}
    options = {"--pool": root / pool, "--teacher": root / "teacher", "--shard": SHARD}
    options |= {"--journal": root / out / "journal", "--out": root / out / SHARD}
    return ["trace", "--spec", json.dumps(recipe), "--language", LANGUAGE, *(str(word) for each in options.items() for word in each)]


def traces(root, out):
    return pl.read_parquet(root / out / SHARD / "traces.parquet")


@pytest.fixture(scope="module", params=KILLS)
def killed(request, tmp_path_factory):
    """Folder, attempts and kills of one shard undisturbed, killed, drawn by a peer that is killed as often; and of two poisoned ones."""
    root, kills = tmp_path_factory.mktemp("killed"), request.param
    chance = random.Random(None if "KOREASON_SOAK" in os.environ else kills)
    write_pool(root / "pool", 6 * (kills + 1))
    write_pool(root / "poisoned", 5, first=POISON)
    plan = [Attempt(words(root, "plain"))]
    plan += [Attempt(words(root, "killed"), kill_after=chance.randint(700, 1500)) for _ in range(kills)]
    plan += [Attempt(words(root, "killed"))]
    plan += [Attempt(words(root, "plain"), peer_of=number) for number in range(1, kills + 2)]
    plan += [Attempt(words(root, "poison", "poisoned", max_num_seqs=2), poison="SIGSEGV")] * 2
    return root, run(root, plan), kills


def test_of_what_is_killed_only_unfinished_segments_are_drawn_twice(killed):
    root, (undisturbed, *ended), kills = killed
    ended = ended[: kills + 1]
    assert [attempt["status"] for attempt in (undisturbed, *ended)] == [0, *[-9] * kills, 0]
    whole = traces(root, "plain")
    assert undisturbed["tokens"] == whole["tokens"].sum(), "what is counted is what was drawn"
    tables = [sha256_file(root / out / SHARD / "traces.parquet") for out in ("plain", "killed")]
    assert tables[0] == tables[1], "every row once, of the same text and length"
    finished = [row["key"] for row in read_lines(root / "killed" / "journal" / SHARD / "rows.jsonl")]
    assert len(finished) == len(set(finished)) == whole.height
    tokens = sum(attempt["tokens"] for attempt in ended)
    print(f"{kills} kills: {tokens / undisturbed['tokens']:.3f} times the tokens")
    assert tokens <= 1.1 * undisturbed["tokens"]
    assert tokens - undisturbed["tokens"] <= kills * AT_ONCE * SEGMENT


def test_a_peer_that_keeps_rows_only_loses_the_long_ones(killed):
    root, _, _ = killed
    lengths, whole = pl.read_ndjson(root / "rows.jsonl")["tokens"], traces(root, "plain")["tokens"]
    print(f"of the same tokens it has {lengths.len()} of {whole.len()} rows, of {lengths.mean():.0f} tokens instead of {whole.mean():.0f}")
    assert lengths.len() < whole.len()
    assert lengths.mean() < 0.9 * whole.mean()


def test_a_request_that_takes_the_process_down_is_found_by_the_next_attempt(killed):
    root, told, _ = killed
    first, second = told[-2:]
    assert (first["status"], second["status"]) == (128 + 11, 0)
    assert [line["signal"] for line in attempts.read(root / "poison" / SHARD)] == ["SIGSEGV", None]
    rows = traces(root, "poison")
    [bad] = rows.filter(pl.col("finish").str.starts_with("refused")).to_dicts()
    assert bad["finish"] == "refused:poisoned" and POISON in bad["question"]
    [line] = map(json.loads, (root / "poison" / SHARD / "errors.jsonl").read_text().splitlines())
    assert (line["prompt_id"], line["finish"]) == (bad["prompt_id"], "refused:poisoned") and "SIGSEGV" in line["why"]
    same = traces(root, "plain").join(rows, on="prompt_id", suffix="_too").filter(pl.col("request_key") == pl.col("request_key_too"))
    assert same.height == rows.height - 1 and (same["tokens"] == same["tokens_too"]).all(), "the others are answered as ever"
    run_json = json.loads((root / "poison" / SHARD / "run.json").read_text())
    assert set(run_json["engine_deaths"]) == {"SIGSEGV"}
    assert not (root / "poison" / "journal" / SHARD / IN_FLIGHT).exists()
