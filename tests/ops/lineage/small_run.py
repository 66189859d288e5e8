"""A small run below `results/`, by the stages themselves where they need no engine: two sources, a pool, traces, a mix, a model."""

import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl
from chain import clean, measure, sketch

from koreason.cli import main
from koreason.records.digests import sha256_file
from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.shards import holds, shard_names
from koreason.tables import CLEANED, DROPPED_TRACES, OVERLAPS, PROMPTS, TRACES, read_table, write_table
from koreason.train.documents.table import DOCUMENTS

RESULTS = Path("results")
TALK = [
    "<p>김치가 너무 시어졌는데 어떻게 하나요?</p><p>연락처는 010-1234-5678 입니다.</p>",
    "운동화에 묻은 얼룩을 지우는 가장 좋은 방법을 알려 주세요, 비누는 써 보았습니다.",
    "짧다",
    "운동화에 묻은 얼룩을 지우는 가장 좋은 방법을 알려 주세요, 비누는 써 보았습니다.",
    "이 그림을 \x1b[31m보고 \u202e무엇이 잘못되었는지 알려 주시면 정말 고맙겠습니다 선생님.",
]
EXAMS = [f"{number}명이 한 줄로 서는 방법은 모두 몇 가지인지 구하고 그 까닭을 설명하시오." for number in range(3, 9)]
POOL = {"min_target_share": 0.3, "min_chars": 20, "max_chars": 8192, "drop_image_dependent": False, "min_chars_beside_image": 10}
MIX = {
    "quotas": {"Exams": 3, "Daily": 9},
    "traces": [{"pool": "all", "recipe": "mixed"}],
    "samples_per_prompt": 1,
    "seed": 7,
    "filters": {
        "min_think_share": 0.0,
        "max_think_share": 1.0,
        "min_answer_share": 0.0,
        "max_loop_ratio": 99.0,
        "min_think_chars": 1,
        "max_tokens": 512,
    },
}
LABELS = {"talk": {"category": "Daily", "licence": "B"}, "exams": {"category": "Exams", "licence": "A"}}
SOURCES = list(LABELS)


def ids(source: str) -> list[str]:
    """Ids of a source's prompts in the dump's order."""
    return pl.read_parquet(RESULTS / "sources" / source / "prompts.parquet")["prompt_id"].to_list()


def manifests(folder: str) -> list[str]:
    return [str(RESULTS / folder / "all" / source / "manifest.json") for source in SOURCES]


def read(source: str, questions: Iterable[str]) -> None:
    """A source, of a dump with one line that is none."""
    dump = Path("dumps") / f"{source}.jsonl"
    dump.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"question": question}, ensure_ascii=False) for question in questions]
    dump.write_text("\n".join([*lines, '{"question": "torn by 010-9999-8888', ""]), encoding="utf-8")
    spec = {"format": "jsonl", "columns": {"question": ["question"]}, "max_reject_share": 0.5, "html": source == "talk", "root": "dumps"}
    spec["files"] = {dump.name: sha256_file(dump)}
    assert main(["ingest", "--source", source, "--spec", json.dumps(spec), "--out", str(RESULTS / "sources" / source)]) == 0


def decide(*withdrawn: str) -> None:
    """The pool."""
    options = ["--duplicates", str(RESULTS / "duplicates/all/manifest.json"), "--overlaps", str(RESULTS / "overlaps/all/manifest.json")]
    given = ["--spec", json.dumps(POOL), "--withdrawn", json.dumps(withdrawn), "--texts", *manifests("cleaned")]
    assert main(["pool", *given, *options, "--out", str(RESULTS / "pools/all")]) == 0


def build() -> None:
    """The whole of it, in this folder."""
    read("talk", TALK)
    read("exams", EXAMS)
    for source in SOURCES:
        cleaned = RESULTS / "cleaned/all" / source
        assert clean(cleaned, RESULTS / "sources" / source / "manifest.json", mask=source == "talk") == 0
        assert sketch(RESULTS / "sketches/all" / source, cleaned / "manifest.json") == 0
    given = ["--spec", '{"near_duplicates": null}', "--sketches", *manifests("sketches"), "--texts", *manifests("cleaned")]
    assert main(["dedup", *given, "--out", str(RESULTS / "duplicates/all")]) == 0
    found = {"prompt_id": ids("exams")[0], "sample": None, "bench": "ko_math", "item_id": "17", "method": "characters", "value": 0.875}
    with Stage(RESULTS / "overlaps/all", "decontaminate", {}, []) as stage:
        write_table(pl.DataFrame([found | {"span": "3명이 한 줄로"}], schema=OVERLAPS), stage, "overlaps.parquet", OVERLAPS)
    decide()


def learn() -> None:
    """Traces of the pool, the mix that is drawn from them, and a model that is trained on it."""
    pool = pl.read_parquet(RESULTS / "pools/all/prompts.parquet").sort("prompt_id").to_dicts()
    for shard in shard_names(2):
        rows = [
            {key: prompt[key] for key in ("prompt_id", "source", "question")}
            | {"request_key": f"key of {prompt['prompt_id']}", "sample": 0, "think": "생각 " * 9, "answer": "답", "finish": "stop"}
            | {"prompt_tokens": 9, "tokens": 230, "seed": 1, "think_share": 0.125, "answer_share": 0.5}
            for prompt in pool
            if holds(shard, prompt["prompt_id"])
        ]
        folder = RESULTS / "traces/all/mixed"
        with Stage(folder / shard, "trace", {}, []) as stage:
            write_table(pl.DataFrame(rows, schema=TRACES), stage, "traces.parquet", TRACES, shard=shard)
        journal = folder / "journal" / shard / "rows.jsonl"
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.write_text("".join(json.dumps({"key": row["request_key"], "text": row["think"]}) + "\n" for row in rows), encoding="utf-8")
    assert not measure(RESULTS / "traces/all/mixed", 2, RESULTS / "measures/all/mixed")
    given = [
        "--traces",
        str(RESULTS / "traces"),
        "--measures",
        str(RESULTS / "measures"),
        "--shards",
        '{"mixed": 2}',
        "--labels",
        json.dumps(LABELS),
    ]
    assert main(["select", *given, "--spec", json.dumps(MIX), "--out", str(RESULTS / "mixes/both")]) == 0
    with Stage(RESULTS / "packed/both/tiny", "pack", {}, []) as stage:
        mix = pl.read_parquet(RESULTS / "mixes/both/mix.parquet")
        documents = mix.select("prompt_id", "sample", tokens=pl.lit(300), loss_tokens=pl.lit(240))
        write_table(documents, stage, "documents.parquet", DOCUMENTS)
        write_table(pl.DataFrame(schema=DROPPED_TRACES), stage, "dropped.parquet", DROPPED_TRACES)
    with Stage(RESULTS / "models/small/both/short", "train", {}, []) as stage:
        stage.counts["documents"] = 3


def made_of(prompt_id: str) -> None:
    """A source of one prompt that was made of another."""
    row = {"prompt_id": "c" * 24, "source": "styled", "question": "다시 쓴 문제", "parents": [prompt_id]}
    row["origin"] = {"file": "all", "record": 1, "first": None, "bytes": None}
    frame = pl.DataFrame([row], schema={name: kind for name, kind in PROMPTS.items() if name in row})
    frame = frame.with_columns(pl.lit(None, kind).alias(name) for name, kind in PROMPTS.items() if name not in row)
    with Stage(RESULTS / "sources/styled", "ingest", {}, []) as stage:
        write_table(frame, stage, "prompts.parquet", PROMPTS)


def texts(source: str) -> pl.DataFrame:
    return read_table(held(RESULTS / "cleaned/all" / source), "texts.parquet", CLEANED)
