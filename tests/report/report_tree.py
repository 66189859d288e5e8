"""A small but complete results tree, as the stages would have left it, for the report to read."""

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from chain import measure

from koreason.cli import main
from koreason.records.stage import Stage
from koreason.tables import (
    CLEANED,
    DROPPED,
    DUPLICATES,
    GENERATIONS,
    MIX,
    OVERLAPS,
    POOL,
    PROMPTS,
    READINGS,
    SCORED,
    TRACES,
    UNDRAWN,
    write_table,
)

HOSTILE = '<script>document.title = "taken"</script><img src="http://example.invalid/x.png" onerror="alert(1)">"\'&amp;\u202e\x07'
CATEGORIES = {"webqa": "Daily", "exams": "Exams", "stem": "Science", "code": "Code"}
LICENCES = {"webqa": "A", "exams": "A", "stem": "A", "code": "B"}
QUESTIONS = {
    "webqa": "전세 계약이 끝나기 두 달 전에 집주인에게 이사를 나가겠다고 문자로 알렸는데 답이 없습니다. 보증금을 제때 돌려받으려면 무엇을 더 해 두어야 하나요?",
    "exams": "다음 중 조선 시대의 과거 제도에 대한 설명으로 옳지 않은 것은? ① 식년시는 3년마다 치렀다. ② 잡과에는 역과와 의과가 있었다. ③ 문과의 최종 시험은 전시였다. ④ 무과에는 소과가 있었다.",
    "stem": "반지름이 3 cm이고 높이가 8 cm인 원기둥에 물을 가득 채운 다음 반지름이 6 cm인 원기둥에 옮겨 담으면 물의 높이 $h$는 몇 cm인가요?",
    "code": "파이썬에서 dict를 값 기준으로 정렬하려고 sorted(d)를 썼더니 key만 나옵니다. items()를 써야 하는 이유가 궁금합니다.",
}
THINK = "Okay, 문제를 보자. The question asks about {topic}. Let me first restate what is given, 그리고 나서 each option in turn. "
ANSWER = "따라서 답은 {n}번입니다. 이유는 위에서 본 조건을 모두 만족하는 것이 이것뿐이기 때문입니다."


@dataclass
class Tree:
    """A results tree and what the report's command line says of it."""

    root: Path
    spec: dict[str, str]
    run: dict[str, Any]

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def out(self) -> Path:
        return self.root / "results" / "report"

    def report(self) -> int:
        """Run the stage in this process; returns the exit status."""
        spec, run = json.dumps(self.spec), json.dumps(self.run)
        return main(["page", "--spec", spec, "--run", run, "--results", str(self.results), "--out", str(self.out)])

    def page(self) -> str:
        return (self.out / "index.html").read_text(encoding="utf-8")

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_csv(self.out / "tables" / f"{name}.csv")


def plan() -> dict[str, Any]:
    sampling = {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "max_tokens": 512}
    filters = {
        "min_think_share": 0.05,
        "max_think_share": 0.20,
        "min_answer_share": 0.5,
        "max_loop_ratio": 4.0,
        "min_think_chars": 20,
        "max_tokens": 480,
    }
    return {
        "experiments": [{"models": ["small"], "mixes": ["mixed"], "schedules": ["short"], "benches": ["exam", "sums"], "base": True}],
        "languages": {"ko": "Korean"},
        "sources": {source: {"category": CATEGORIES[source], "licence": LICENCES[source]} for source in QUESTIONS},
        "bases": {"tiny": {"tokenizer": "tiny", "licence": "Apache-2.0", "parameters": 134515008}},
        "pools": {
            "forum": {
                "sources": list(QUESTIONS),
                "language": "ko",
                "min_target_share": 0.3,
                "min_chars": 50,
                "max_chars": 8192,
                "limit": 130,
            }
        },
        "recipes": {"en_ko": {"teacher": "tiny", "language": "ko", "system": "Think carefully.", "sampling": sampling, "shards": 2}},
        "mixes": {
            "mixed": {
                "traces": [{"pool": "forum", "recipe": "en_ko"}],
                "filters": filters,
                "quotas": {"Daily": 25, "Exams": 40, "Science": 40},
                "strategies": {"Science": "diverse"},
            }
        },
        "models": {"small": {"base": "tiny", "tensor_parallel": 2}},
        "schedules": {"short": {"epochs": 1, "lr": 5e-5}},
        "benches": {"exam": {"kind": "choice"}, "sums": {"kind": "math"}},
    }


def build(root: Path, question: str = "", note: str = "Small models, small numbers: this page shows the form, not a result.") -> Tree:
    """Write the tree; `question` is appended to every prompt."""
    chance = random.Random(5)
    results, prompts = root / "results", {}
    for source, text in QUESTIONS.items():
        with Stage(results / "sources" / source, "ingest", {}, []) as stage:
            rows = [prompt(source, index, f"{text} {question}") for index in range(60)]
            prompts[source] = rows
            write_table(pl.DataFrame(rows, schema=PROMPTS), stage, "prompts.parquet", PROMPTS)
            stage.counts.update(records=66, accepted=60, skipped={"not_a_question": 2}, rejected={"encoding": 3, "not_json": 1})
            stage.run["tokens_per_second"] = 0
    every = [row for rows in prompts.values() for row in rows]
    reasons = {1: "duplicate", 2: "target_share", 3: "too_short", 4: "image_dependent", 5: "limit"}
    fate = {row["prompt_id"]: reasons.get(index % 11) for index, row in enumerate(every)}
    kept = [row for row in every if not fate[row["prompt_id"]]]
    twins = curate(results, prompts, [row for row in every if fate[row["prompt_id"]] == "duplicate"], kept, chance)
    with Stage(results / "pools" / "forum", "pool", {}, []) as stage:
        rows = [{**row, "target_share": 0.6, "twins": twins.get(row["prompt_id"], 0)} for row in kept]
        write_table(pl.DataFrame(rows, schema=POOL), stage, "prompts.parquet", POOL)
        of = {row["prompt_id"]: row["source"] for row in every}
        dropped = [{"prompt_id": key, "source": of[key], "reason": reason, "evidence": ""} for key, reason in fate.items() if reason]
        write_table(pl.DataFrame(dropped, schema=DROPPED), stage, "dropped.parquet", DROPPED)
        parts = {source: count(rows, fate) for source, rows in prompts.items()}
        stage.counts.update(**count(every, fate), sources=parts)
    traces = [trace(index, row, chance) for index, row in enumerate(kept)]
    for shard, rows in (("00000-of-00002", traces[0::2]), ("00001-of-00002", traces[1::2])):
        with Stage(results / "traces" / "forum" / "en_ko" / shard, "trace", {}, []) as stage:
            write_table(pl.DataFrame(rows, schema=TRACES), stage, "traces.parquet", TRACES)
            ends = [row["finish"] for row in rows]
            stage.counts.update(prompts=len(rows), rows=len(rows), tokens=sum(row["tokens"] for row in rows))
            stage.counts["finish"] = {end: ends.count(end) for end in sorted(set(ends))}
            stage.run["tokens_per_second"] = 410.5
    assert not measure(results / "traces/forum/en_ko", 2, results / "measures/forum/en_ko")
    select(results / "mixes" / "mixed", traces)
    train(results, chance)
    for bench in ("exam", "sums"):
        with Stage(results / "benches" / bench, "bench", {}, []) as stage:
            stage.counts.update(items=30)
    for mix, schedule, exam, sums in (("base", "base", 0.26, 0.05), ("mixed", "short", 0.31, 0.11)):
        for bench, kind, accuracy in (("exam", "choice", exam), ("sums", "math", sums)):
            score(results / "evals" / "small" / mix / schedule / bench, bench, kind, accuracy, question)
    return Tree(root, {"title": "A run for the tests", "note": note}, plan())


def curate(
    results: Path, prompts: dict[str, list[dict[str, Any]]], gone: list[dict[str, Any]], kept: list[dict[str, Any]], chance: random.Random
) -> dict[str, int]:
    """What curation leaves between dumps and the pool; returns how many twins each kept prompt stands for."""
    for source, rows in prompts.items():
        with Stage(results / "cleaned" / "forum" / source, "clean", {}, []) as stage:
            made = [{**row, **measures(chance)} for row in rows]
            write_table(pl.DataFrame(made, schema=CLEANED), stage, "texts.parquet", CLEANED)
            stage.counts.update(input=len(rows), masked={"phone": 21 if source == "webqa" else 3, "mail": len(source), "account": 0})
    pairs, twins = [], {}
    for index, row in enumerate(gone):
        # most twins are of the same source, some of another
        other = kept[(7 * index) % len(kept)] if index % 3 == 0 else [each for each in kept if each["source"] == row["source"]][index]
        twins[other["prompt_id"]] = twins.get(other["prompt_id"], 0) + 1
        facts = {"group": other["prompt_id"], "similarity": 1.0, "method": "exact"}
        pairs += [{"prompt_id": row["prompt_id"], "twin": other["prompt_id"], **facts}]
        pairs += [{"prompt_id": other["prompt_id"], "twin": row["prompt_id"], **facts}] if twins[other["prompt_id"]] == 1 else []
    with Stage(results / "duplicates" / "forum", "dedup", {}, []) as stage:
        write_table(pl.DataFrame(pairs, schema=DUPLICATES).sort("prompt_id"), stage, "duplicates.parquet", DUPLICATES)
    found = {"bench": "exam", "item_id": "3", "method": "characters", "value": 0.9, "span": "조선 시대의 과거 제도"}
    for folder, sample, count in (("forum", None, 4), ("forum/en_ko", 0, 2)):
        hits = [{"prompt_id": row["prompt_id"], "sample": sample, **found} for row in kept[:count]]
        hits += [{**hits[0], "method": "signature"}, {**hits[0], "bench": "sums"}]
        with Stage(results / "overlaps" / folder, "decontaminate", {}, []) as stage:
            write_table(pl.DataFrame(hits, schema=OVERLAPS), stage, "overlaps.parquet", OVERLAPS)
    return twins


def measures(chance: random.Random) -> dict[str, Any]:
    """What clean would have measured."""
    share = min(1.0, chance.betavariate(8, 3))
    shares = dict.fromkeys(("share_characters", "share_outside_math_and_code", "share_letters"), share)
    facts = {"shows_image": chance.random() < 0.05, "image_phrase": "", "repetition": 0.0, "damage": 0.0, "chat_control": 0}
    return {"chars": int(chance.lognormvariate(5.4, 0.9)), "masked": int(chance.random() < 0.1), **shares, **facts}


def prompt(source: str, index: int, text: str) -> dict[str, Any]:
    key = f"{(index * 2654435761 + len(source) * 97) % 2**32:08x}{source}"
    origin = {"file": f"{source}.jsonl", "record": index}
    facts = {"source": source, "url": None, "answer": None, "posted_at": None}
    return {"prompt_id": key, "question": f"{text} 연락처 010-1234-56{index:02d}", "origin": origin, **facts}


def count(rows: list[dict[str, Any]], fate: dict[str, str | None]) -> dict[str, Any]:
    reasons = [reason for row in rows if (reason := fate[row["prompt_id"]])]
    return {"input": len(rows), "kept": len(rows) - len(reasons), "dropped": {reason: reasons.count(reason) for reason in set(reasons)}}


def trace(index: int, row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    tokens = min(512, int(chance.lognormvariate(5.2, 0.5)))
    texts = {
        "question": row["question"],
        "think": THINK.format(topic=CATEGORIES[row["source"]]) * 8,
        "answer": ANSWER.format(n=index % 4 + 1),
    }
    shares = {"think_share": min(1.0, chance.gammavariate(4, 0.03)), "answer_share": chance.betavariate(8, 2)}
    facts = {"prompt_id": row["prompt_id"], "source": row["source"], "sample": 0, "seed": index}
    finish = "length" if tokens == 512 else "stop"
    return {"request_key": f"{index:016x}", "finish": finish, "prompt_tokens": 90, "tokens": tokens, **facts, **texts, **shares}


def select(folder: Path, traces: list[dict[str, Any]]) -> None:
    quotas, drawn, dropped, categories = plan()["mixes"]["mixed"]["quotas"], [], [], {}
    for row in traces:
        reason = "outside_band" if not 0.05 <= row["think_share"] <= 0.20 else "too_long" if row["tokens"] > 480 else ""
        category, licence = CATEGORIES[row["source"]], LICENCES[row["source"]]
        part = categories.setdefault(category, {"passed": 0, "drawn": 0} | ({"clusters": 31} if category == "Science" else {}))
        part["passed"] += not reason
        if not reason and part["drawn"] >= quotas.get(category, 0):
            reason = "over_quota" if category in quotas else "category_not_in_mix"
        if reason:
            dropped.append({"prompt_id": row["prompt_id"], "sample": 0, "reason": reason, "part": 0})
            continue
        part["drawn"] += 1
        said = [
            ("system", "Think carefully."),
            ("user", row["question"]),
            ("assistant", f"<think>\n{row['think']}\n</think>\n\n{row['answer']}"),
        ]
        messages = [{"role": role, "content": content} for role, content in said]
        drawn.append(
            {
                **{key: row[key] for key in ("prompt_id", "sample", "source")},
                "category": category,
                "licence": licence,
                "messages": messages,
                "why_kept": "quota",
            }
        )
    with Stage(folder, "select", {}, []) as stage:
        write_table(pl.DataFrame(drawn, schema=MIX), stage, "mix.parquet", MIX)
        write_table(pl.DataFrame(dropped, schema=UNDRAWN), stage, "dropped.parquet", UNDRAWN)
        reasons = [row["reason"] for row in dropped]
        tally = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
        band = {"characters": 61, "prose_characters": 55, "prose_letters": 48, "reached": 80}
        stage.counts.update(input=len(traces), kept=len(drawn), dropped=tally, categories=categories, outside={}, band=band)


def train(results: Path, chance: random.Random) -> None:
    with Stage(results / "packed" / "mixed" / "tiny", "pack", {}, []) as stage:
        stage.counts.update(documents=75, tokens=21034, loss_tokens=14201)
    with Stage(results / "models" / "small" / "mixed" / "short", "train", {}, []) as stage:
        with open(stage.path("metrics.jsonl"), "w", encoding="utf-8") as file:
            for step in range(1, 25):
                loss = 2.1 * math.exp(-step / 12) + 1.9 + chance.uniform(-0.06, 0.06)
                rate = 5e-5 * min(step / 3, 0.5 + 0.5 * math.cos(math.pi * step / 24))
                row = {"step": step, "loss": loss, "grad_norm": 1.0, "lr": rate, "tokens": 870, "loss_tokens": 590, "epoch": 0}
                held_out = {"held_out_loss": round(loss + 0.2, 3)} if step % 12 == 0 else {}
                file.write(json.dumps(row | held_out) + "\n")
        stage.add("metrics.jsonl")
        stage.counts.update(documents=75, dropped={"longer than sequence_length": 0}, bins=48, steps=24, tokens=20880, loss_tokens=14160)
        stage.run["tokens_per_second"] = 298.0


def score(folder: Path, bench: str, kind: str, accuracy: float, said: str = "") -> None:
    """Answers to thirty items, three repeats each, and their scores; `said` stands in every text of theirs."""
    chance = random.Random(f"{folder.parent.parent.name}{bench}")
    items = [f"{said}{n:02d}" for n in range(30)]
    answers, read, scored = [], [], []
    for item in items:
        for repeat in range(3):
            right = chance.random() < accuracy
            response = f"<think>\n생각 {said}</think>\n답은 {said} \\boxed{{{'A' if right else 'B'}}}"
            place = response.index("boxed{") + 6
            answers.append((item, repeat, f"문제 {said}", response, "stop", 40, 1))
            verdict, category = ("correct" if right else "wrong"), f"{said}{int(item[-1]) % 2}"
            scored.append((item, repeat, category, f"A{said}", "A" if right else f"B{said}", right, verdict))
            read.append((item, repeat, "robust", scored[-1][4], right, verdict, "box, label", place, place + 1, item))
            read.append((item, repeat, "paper_text", None, False, "no_box", "no box", None, None, item))
    with Stage(folder / "generations", "generate", {}, []) as stage:
        write_table(pl.DataFrame(answers, schema=GENERATIONS, orient="row"), stage, "generations.parquet", GENERATIONS)
        stage.run["tokens_per_second"] = 380.0
    error = math.sqrt(accuracy * (1 - accuracy) / 30)
    spread = {"sd_over_repeats": 0.021, "se_over_items": error, "interval_95": [max(accuracy - 1.96 * error, 0), accuracy + 1.96 * error]}
    right = round(90 * accuracy)
    body = {"version": 1, "kind": kind, "items": 30, "repeats": 3, "accuracy": {"mean": accuracy, **spread}, "mean_tokens": 61.5}
    body |= {"verdicts": {"correct": right, "wrong": 70 - right, "no_box": 12, "token_limit": 8, "crash": 0}}
    body |= {"chance": 0.25 if kind == "choice" else None, "profile": "robust"}
    body["profiles"] = {name: {"accuracy": {"mean": accuracy, **spread}} for name in ("robust", "paper_text")}
    body["categories"] = {f"{said}{n}": {"items": 15, "mean": accuracy, **spread} for n in range(2)}
    with Stage(folder / "scores", "score", {}, []) as stage:
        write_table(pl.DataFrame(read, schema=READINGS, orient="row"), stage, "readings.parquet", READINGS)
        write_table(pl.DataFrame(scored, schema=SCORED, orient="row"), stage, "scored.parquet", SCORED)
        stage.path("scores.json").write_text(json.dumps(body), encoding="utf-8")
        stage.add("scores.json")
