"""Scores side by side: paired tests, lengths and languages, and scores without what the mix holds."""

import shutil

import polars as pl
import pytest
from report_tree import Tree

from koreason.cli import main
from koreason.records.stage import Stage
from koreason.report.answers.tables import parted
from koreason.tables import ITEMS, OVERLAPS, write_table


def test_paired_tests_are_those_of_compare(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert tree.report() == 0
    rows = tree.table("paired").filter(pl.col("bench") == "sums").to_dicts()
    evals = tree.results / "evals" / "small"
    scores = [str(evals / state / "sums" / "scores") for state in ("base/base", "mixed/short")]
    assert main(["compare", *scores, "--profile", "robust"]) == 0
    said = capsys.readouterr().out
    assert len(rows) == 1 and f"{rows[0]['difference'] * 100:+.2f} points" in said and f"p = {rows[0]['p']:.4g}" in said
    assert rows[0]["low"] < rows[0]["difference"] < rows[0]["high"] and rows[0]["p_holm"] >= rows[0]["p"]


def test_lengths_and_languages(tree: Tree) -> None:
    assert tree.report() == 0
    row = tree.table("spoken").row(0, named=True)
    assert (row["answers"], row["tokens_half"], row["ended"]) == (90, 40, 1.0)
    # 답은 beside `boxed` and one letter
    assert row["hangul_answer"] == pytest.approx(2 / 8)


def test_what_is_opened_and_not_closed_is_thinking() -> None:
    said = ["<think>생각</think>answer", "prefilled 생각</think>answer", "<think>cut 생각", "no thinking", "<think>a</think>b<think>c"]
    think, answer = parted(pl.col("response"))
    found = pl.DataFrame({"response": said}).select(think.str.strip_prefix("<think>").alias("think"), answer.alias("answer"))
    assert found.rows() == [("생각", "answer"), ("prefilled 생각", "answer"), ("cut 생각", ""), ("", "no thinking"), ("a", "b<think>c")]


def test_scores_without_what_the_mix_holds(tree: Tree) -> None:
    with Stage(tree.results / "contamination" / "mixed", "decontaminate", {}, []) as stage:
        found = [{"prompt_id": f"{n}", "sample": 0, "bench": "exam", "item_id": f"{n:02d}", "method": "signature"} for n in range(6)]
        found += [{**found[0], "prompt_id": "x"}]
        frame = pl.DataFrame(found).with_columns(value=pl.lit(1.0), span=pl.lit(""))
        write_table(frame, stage, "overlaps.parquet", OVERLAPS)
        stage.counts["items"] = {"exam": 30}
    assert tree.report() == 0
    [row] = tree.table("contaminated").to_dicts()
    assert (row["bench"], row["items"], row["contaminated"]) == ("exam", 30, 6)
    scored = pl.read_parquet(tree.results / "evals/small/mixed/short/exam/scores/scored.parquet")
    clean = scored.filter(~pl.col("item_id").is_in([f"{n:02d}" for n in range(6)]))
    assert row["without"] == pytest.approx(clean["correct"].mean(), abs=1e-6)
    items = tree.table("contaminated_items")
    assert items.height == 6 and items.row(0, named=True)["texts"] == 2
    assert "Items that the training mix holds" in tree.page()


def test_a_mix_is_looked_through_for_items(tree: Tree) -> None:
    mix = pl.read_parquet(tree.results / "mixes/mixed/mix.parquet")
    question = mix["messages"][0][1]["content"]
    items = [{"id": "held", "category": "", "question": question, "options": [], "gold": "1", "kind": "math", "cluster": "held"}]
    items += [{**items[0], "id": "free", "question": "아무 데에도 없는 문제이며 그 답은 아무도 모른다. 몇인가?", "cluster": "free"}]
    with Stage(tree.results / "benches" / "looked", "bench", {}, []) as stage:
        write_table(pl.DataFrame(items, schema=ITEMS), stage, "items.parquet", ITEMS)
    out = tree.results / "contamination" / "mixed"
    words = ["--spec", '{"contamination": "both", "max_bench_share": 1.0}', "--language", '{"segmenter": "words"}']
    manifests = ["--in", str(tree.results / "mixes/mixed/manifest.json"), "--benches", str(tree.results / "benches/looked/manifest.json")]
    assert main(["decontaminate", *words, *manifests, "--out", str(out)]) == 0
    assert set(pl.read_parquet(out / "overlaps.parquet")["item_id"]) == {"held"}


def test_one_mix_against_another_is_what_compare_says(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("mixes", "packed", "models/small"):
        shutil.copytree(tree.results / folder / "mixed", tree.results / folder / "other")
    evals = tree.results / "evals" / "small"
    shutil.copytree(evals / "base" / "base", evals / "other" / "short")  # taught nothing
    tree.run["mixes"]["other"] = tree.run["mixes"]["mixed"]
    tree.run["experiments"][0]["mixes"].append("other")
    assert tree.report() == 0 and "One mix against another" not in tree.page()
    before = tree.table("paired")
    spec = {**tree.spec, "against": ["other"]}
    assert Tree(tree.root, spec, tree.run).report() == 0 and "One mix against another" in tree.page()
    rows = tree.table("paired").filter(pl.col("bench") == "sums", pl.col("against") == "other").to_dicts()
    folders = [str(evals / state / "sums" / "scores") for state in ("other/short", "mixed/short")]
    assert main(["compare", *folders, "--profile", "robust"]) == 0
    said = capsys.readouterr().out
    assert [row["mix"] for row in rows] == ["mixed"] and f"{rows[0]['difference'] * 100:+.2f} points" in said
    assert f"p = {rows[0]['p']:.4g}" in said
    beside = tree.table("paired").filter(pl.col("against") == "base")
    assert beside.drop("p_holm").equals(before.drop("p_holm")), "what stands beside the base is as it was, but for the family"
    assert (beside["p_holm"] >= before["p_holm"]).all()
