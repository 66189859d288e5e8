"""Finished traces on the page: beside a teacher's, and alone."""

import json

from report_tree import Tree

from koreason.cli import main
from koreason.records.digests import sha256_file
from koreason.records.manifest import read_manifest

FILTERS = {"min_think_share": 0.0, "max_think_share": 1.0, "min_answer_share": 0.0, "max_loop_ratio": 9.0, "min_think_chars": 1}
MIX = {"filters": {**FILTERS, "max_tokens": 999}, "quotas": {"Sums": 5}, "samples_per_prompt": 1, "seed": 1}
KOREAN = ["--language", '{"scripts": ["Hangul"]}']


def bring(tree: Tree) -> None:
    """Import six traces and a record that is none, measure them, and draw five in place of what the mix has."""
    file = tree.root / "set.jsonl"
    said = [
        {"instruction": f"{n}에 1을 더하면?", "response": f"<think>We add 1 to {n} 그러면</think>답은 {n + 1}입니다."} for n in range(6)
    ]
    file.write_text("".join(json.dumps(each) + "\n" for each in [*said, {"instruction": "", "response": ""}]), encoding="utf-8")
    entry = {"format": "jsonl", "shape": "instruction_response", "max_reject_share": 0.5, "files": {file.name: sha256_file(file)}}
    spec, shard = json.dumps({**entry, "root": str(tree.root)}), "00000-of-00001"
    of_set = ["--shards", "1", "--block", shard, "--traces", str(tree.results / "traces/imported/set")]
    measures = str(tree.results / "measures/imported/set" / shard)
    words = ["import-traces", "--name", "set", "--spec", spec, *KOREAN, "--shard", shard, "--out"]
    assert main([*words, str(tree.results / "traces/imported/set" / shard)]) == 0
    assert main(["measure", "--spec", "{}", *KOREAN, *of_set, "--out", measures]) == 0
    mix = MIX | {"traces": [{"imported": "set"}]}
    words = ["select", "--spec", json.dumps(mix), "--shards", '{"imported/set": 1}', "--traces", str(tree.results / "traces"), "--measures"]
    words += [str(tree.results / "measures"), "--labels", '{"imported/set": {"category": "Sums", "licence": "A"}}']
    for left in ("manifest.json", "run.json"):
        (tree.results / "mixes/mixed" / left).unlink()
    assert main([*words, "--out", str(tree.results / "mixes/mixed")]) == 0
    tree.run["imported"] = {"set": {**entry, "category": "Sums", "licence": "A", "language": "ko"}}
    tree.run["mixes"]["mixed"] = mix


def test_the_page_tells_of_finished_traces_beside_a_teachers(tree: Tree) -> None:
    of_teacher = tree.run["mixes"]["mixed"]
    bring(tree)
    tree.run["mixes"]["mixed"] = {**tree.run["mixes"]["mixed"], "traces": [*of_teacher["traces"], {"imported": "set"}]}
    assert tree.report() == 0
    row = tree.table("imported").row(0, named=True)
    origin = f"set.jsonl (SHA-256 {tree.run['imported']['set']['files']['set.jsonl'][:12]}…)"
    assert (row["name"], row["licence"], row["records"], row["rejected"], row["traces"], row["origin"]) == ("set", "A", 7, 1, 6, origin)
    assert row["reasons"] == "no_question 1"
    assert f">{origin}<" in tree.page() and "6 came finished from set" in tree.page() and "written by tiny" in tree.page()
    drawn = {path.stem for path in (tree.out / "figures").iterdir()}
    assert {"think-share-imported-set", "lengths-forum-en_ko"} <= drawn
    assert "lengths-imported-set" not in drawn, "their tokens are not known"
    assert set(tree.table("measures")["recipe"]) == {"en_ko", "set"}


def test_a_run_without_any_teacher_has_its_page(tree: Tree) -> None:
    bring(tree)
    for table in ("sources", "pools", "recipes"):
        tree.run[table] = {}
    assert tree.report() == 0
    page = tree.page()
    assert "Questions in Korean" in page and "written by" not in page
    assert "답은 1입니다." in page, "its licence lets samples be shown"
    counts = read_manifest(tree.results / "mixes/mixed")["counts"]
    assert (counts["kept"], counts["dropped"]) == (5, {"over_quota": 1})
