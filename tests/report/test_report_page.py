"""The stage `report` through its command line: what the page says, and what becomes of broken or hostile input."""

import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
import yaml
from damage import refuses_damage
from report_tree import Tree, build

from koreason.cli import main
from koreason.config.effects import given
from koreason.records.digests import sha256_file
from koreason.records.stage import Stage
from koreason.report.rendering import script, script_hash
from koreason.tables import GENERATIONS, write_table


class Outline(HTMLParser):
    """Collects tags, attributes, text and ids, and checks that elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "link"}:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self._open and self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.words.append(data)

    def close(self):
        super().close()
        assert not self._open, self._open

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


def outline(tree: Tree) -> Outline:
    parser = Outline()
    parser.feed(tree.page())
    parser.close()
    return parser


def ours(page: Outline) -> bool:
    """Whether the page's scripts are blocks of data and one script, ours, which its policy knows by its hash."""
    kinds = [value for tag, name, value in page.attributes if tag == "script" and name == "type"]
    [policy] = [value for value in page.values("content") if "default-src" in value]
    return (
        page.tags.count("script") == len(kinds) + 1
        and set(kinds) <= {"application/json"}
        and page.words.count(script()) == 1
        and policy.split(";")[:2] == ["default-src 'none'", f" script-src '{script_hash()}' 'strict-dynamic'"]
    )


def test_page_tells_the_run(tree: Tree) -> None:
    assert tree.report() == 0
    page = outline(tree)
    words = " ".join(" ".join(page.words).split())
    for expected in (
        "A run for the tests",
        "this page shows the form, not a result",
        "264 Raw records",
        "130 Clean prompts",
        "Pool forum: 54.2% of 240 questions were kept, and 22 more would be but for the limit; the commonest reason",
        "needs a picture",
        "outside the band",
        "Science of mixed: of questions that are alike, numbers aside, one; alike are questions that share 50% of their letters, five",
        "The student before training.",
        "26.0% ± 8.0",
        "31.0% ± 8.4",
        "which may be chance",
        "chance 25%",
        "95% interval",
        "410",
    ):
        assert expected in words, expected
    for section in ("flow", "prompts", "traces", "selection", "training", "scores", "time", "provenance"):
        assert section in page.values("id")
    assert "Published figures beside ours" not in words
    assert "전세 계약이" in words and "ko" in page.values("lang")


def test_it_says_how_far_it_can_be_made_again_and_how_it_is_cited(tree: Tree) -> None:
    in_half = {"engine": {"dtype": "bfloat16"}, "model": {"dtype": "bfloat16"}}
    for place in ("mixes", "traces", "models"):
        for manifest in (tree.results / place).rglob("manifest.json"):
            made = json.loads(manifest.read_text())
            record = {"stage": made["stage"], "spec": in_half, "made": made, "seconds": 1.0, "started": 0.0, "ended": 1.0}
            manifest.with_name("run.json").write_text(json.dumps(record))
    assert tree.report() == 0
    words = " ".join(" ".join(outline(tree).words).split())
    for expected in (
        "How to cite",
        "koreason: from raw native-language questions to an evaluated reasoning model, version",
        "Guijin Son and 11 others (2025): Pushing on Multilingual Reasoning Models",
        "https://doi.org/10.48550/arXiv.2510.04230",
        "bytes given the journal the same bytes where the journal is there",
        "tolerance within bounds that are stated beside it",
    ):
        assert expected in words, expected


def test_page_needs_nothing_from_elsewhere(tree: Tree) -> None:
    assert tree.report() == 0
    page = outline(tree)
    assert not {"iframe", "object", "embed", "img"} & set(page.tags) and ours(page)
    assert all(link.startswith(("#", "data:,", "tables/", "figures/")) for link in page.values("href") + page.values("src"))
    assert all((tree.out / link).is_file() for link in page.values("href") if link.startswith(("tables/", "figures/")))
    assert "@import" not in tree.page() and "url(" not in tree.page()


def test_declares_all_files(tree: Tree) -> None:
    assert tree.report() == 0
    files = json.loads((tree.out / "manifest.json").read_text())["files"]
    found = {str(path.relative_to(tree.out)) for path in tree.out.rglob("*") if path.is_file()} - {"manifest.json", "run.json"}
    assert set(files) == found
    for figure in tree.out.glob("figures/*.svg"):
        root = ElementTree.parse(figure).getroot()
        assert root.tag.endswith("svg") and float(root.get("width")) > 0
        assert root.find("{http://www.w3.org/2000/svg}title").text


def test_every_table_stands_in_the_docs(tree: Tree, home: Path) -> None:
    assert tree.report() == 0
    told = (home / "docs" / "report.md").read_text(encoding="utf-8")
    there = {path.stem for path in tree.out.glob("tables/*.csv")} | {"published", "teacher"}  # these are there where there is some
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == there


def test_counts_add_up(tree: Tree) -> None:
    assert tree.report() == 0
    prompts = tree.table("prompts")
    assert prompts["prompts"].sum() == 4 * 66
    assert prompts.filter(prompts["fate"] == "kept")["prompts"].sum() == 130
    assert tree.table("lengths")["traces"].sum() == 130
    assert tree.table("shares").group_by("text").agg(pl.col("traces").sum())["traces"].to_list() == [130, 130]
    assert tree.table("selection")["traces"].sum() == 130
    assert tree.table("training").height == 24


def test_same_results_same_bytes(tree: Tree, tmp_path: Path) -> None:
    assert tree.report() == 0
    content = {path: sha256_file(path) for path in sorted(tree.out.rglob("*")) if path.suffix in (".csv", ".svg") and path.stem != "time"}
    shutil.rmtree(tree.out)
    assert tree.report() == 0
    assert content == {path: sha256_file(path) for path in content}
    assert str(tmp_path) not in tree.page()


def test_hostile_text_stays_text(hostile_tree: Tree) -> None:
    assert hostile_tree.report() == 0
    page = outline(hostile_tree)
    assert "img" not in page.tags and ours(page)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert '<script>document.title = "taken"</script>' in "".join(page.words)
    assert "\u202e" not in hostile_tree.page() and "\x07" not in hostile_tree.page()


def test_hostile_configuration_stays_text(tmp_path: Path) -> None:
    tree = build(tmp_path, note="</p><script>alert(1)</script>")
    tree.run["recipes"]["en_ko"]["system"] = "{{ 7 * 7 }}</q><script>"
    assert tree.report() == 0
    assert ours(outline(tree))
    assert "{{ 7 * 7 }}" in tree.page()


def test_shows_no_text_that_may_not_be_passed_on(tree: Tree) -> None:
    assert tree.report() == 0
    assert "파이썬에서 dict를" not in tree.page(), "the source `code` has licence tier B"


def test_prompts_show_no_numbers_kept_or_dropped(tree: Tree) -> None:
    assert tree.report() == 0
    assert "Some that were dropped" in tree.page() and "연락처" in tree.page()
    assert "010-1234" not in tree.page()


def test_stage_without_run_sidecar(tree: Tree) -> None:
    for sidecar in tree.results.rglob("run.json"):
        sidecar.unlink()
    assert tree.report() == 0
    assert "not recorded" in tree.page()
    assert tree.table("time").height == 0


@pytest.mark.parametrize(
    "missing",
    [
        "sources/exams/manifest.json",
        "pools/forum/manifest.json",
        "traces/forum/en_ko/00001-of-00002/manifest.json",
    ],
)
def test_missing_input_is_one_line(tree: Tree, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tree.results / missing).unlink()
    assert tree.report() == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("koreason: ") and missing in error and "run" in error
    assert not (tree.out / "manifest.json").exists() and not (tree.out / "index.html").exists()


@pytest.mark.parametrize(
    "file",
    [
        "sources/exams/prompts.parquet",
        "pools/forum/dropped.parquet",
        "traces/forum/en_ko/00001-of-00002/traces.parquet",
        "mixes/mixed/mix.parquet",
        "models/small/mixed/short/metrics.jsonl",
        "evals/small/base/base/exam/scores/scores.json",
    ],
)
def test_damaged_input_is_refused(tree: Tree, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    refuses_damage(tree.report, tree.results / file, tree.out, capsys)


@pytest.mark.parametrize(
    "torn", ["sources/exams/manifest.json", "evals/small/base/base/exam/scores/scores.json", "models/small/mixed/short/metrics.jsonl"]
)
def test_torn_input_is_one_line(tree: Tree, torn: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tree.results / torn
    path.write_text(path.read_text()[:-9])
    assert tree.report() == 2
    assert torn in capsys.readouterr().err.strip().splitlines()[-1]


def test_run_without_benchmarks(tree: Tree) -> None:
    tree.run["experiments"][0]["benches"] = []
    assert tree.report() == 0
    assert "This run asks for no benchmark." in " ".join(outline(tree).words)
    assert tree.table("scores").height == 0


def sections(tree: Tree) -> set[str]:
    """Which sections the page has."""
    return set(re.findall(r'<section id="(\w+)">', tree.page()))


ENDS = {
    "pools": ({"pools": ["forum"]}, {"prompts"}),
    "traces": ({"traces": [{"pool": "forum", "recipe": "en_ko"}]}, {"prompts", "traces"}),
    "mixes": ({"mixes": ["mixed"]}, {"prompts", "traces", "selection"}),
    "models": ({"models": ["small"], "mixes": ["mixed"], "schedules": ["short"]}, {"prompts", "traces", "selection", "training", "scores"}),
    "scores": ({"models": ["small"], "benches": ["exam"], "base": True}, {"scores"}),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_part_of_the_way_shows_what_there_is(tree: Tree, end: str) -> None:
    block, shown = ENDS[end]
    tree.run["experiments"] = [block]
    behind = {
        "mixes": ("pools", "traces", "scores"),
        "pools": ("scores",),
        "recipes": ("pools", "scores"),
        "models": ENDS.keys() - {"models", "scores"},
    }
    for table, ends in behind.items():
        if end in ends:
            tree.run[table] = {}
    tree.run["sources"] = {} if end == "scores" else tree.run["sources"]
    tree.run["benches"] = {"exam": tree.run["benches"]["exam"]} if end == "scores" else {}
    assert tree.report() == 0
    assert sections(tree) - {"flow", "time", "provenance", "again"} == shown
    if end == "scores":
        assert tree.table("scores")["mix"].unique().to_list() == ["base"] and "Accuracy on exam" in tree.page()


def test_what_is_over_the_limit_passes_the_filters(tree: Tree) -> None:
    counts = json.loads((tree.results / "pools/forum/manifest.json").read_text())["counts"]
    over = counts["dropped"].get("limit", 0)
    assert tree.report() == 0
    share = (counts["kept"] + over) / counts["input"]
    assert over and f"{share:.1%} of the questions pass the filters; {over:,} of these are over the limit" in " ".join(outline(tree).words)


def test_the_cost_is_that_of_all_attempts(tree: Tree) -> None:
    lines = [
        {"start": 0.0, "end": 3600.0, "exit": 75, "gpus": "0,1", "tokens": 500},
        {"start": 4000.0, "end": 5800.0, "exit": 0, "gpus": "0,1", "tokens": 250},
    ]
    (tree.results / "models/small/mixed/short/attempts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert tree.report() == 0
    row = tree.table("time").filter(pl.col("stage") == "train").row(0, named=True)
    assert (row["attempts"], row["interrupted"], row["seconds"], row["gpu_hours"], row["tokens"]) == (2, 1, 5400.0, 3.0, 750)
    assert "3.0 GPU-hours" in (said := " ".join(outline(tree).words)) and "1 attempt was interrupted or failed" in said


def test_published_figures_stand_beside_ours(tree: Tree) -> None:
    said = {"where": "a paper, table 1", "before": {"tiny": 12.8}, "after": {"tiny": 38.8}, "mixes": ["mixed"]}
    tree.run["benches"]["sums"]["published"] = [said, said | {"mixes": ["another"]}, said | {"after": {}}]
    assert tree.report() == 0
    assert "Published figures beside ours" in tree.page()
    [row] = tree.table("published").to_dicts()
    assert (row["bench"], row["where"], row["published_base"], row["published"]) == ("sums", "a paper, table 1", 12.8, 38.8)
    assert row["accuracy"] == pytest.approx(11.0) and row["inside"] is False


def test_many_mixes_and_models(tree: Tree) -> None:
    names = [f"language_mix_of_some_kind_{index:02d}" for index in range(12)]
    for name in names:
        tree.run["mixes"][name] = json.loads(json.dumps(tree.run["mixes"]["mixed"]))
        for folder in ("mixes", "packed", "models/small", "evals/small"):
            shutil.copytree(tree.results / folder / "mixed", tree.results / folder / name)
    tree.run["mixes"][names[0]]["filters"]["max_think_share"] = 0.5
    del tree.run["mixes"]["mixed"]
    tree.run["experiments"][0]["mixes"] = names
    assert tree.report() == 0
    words = " ".join(outline(tree).words)
    assert "24 of 24 scores rise by training; the mean change is +5.5 percentage points." in words
    assert "The mixes accept different bands, so none is shaded." in words
    assert "on exam after" not in words
    assert len(list(tree.out.glob("figures/loss-*.svg"))) == 12


def test_scores_without_base(tree: Tree) -> None:
    tree.run["experiments"][0]["base"] = False
    assert tree.report() == 0
    assert tree.table("scores")["mix"].to_list() == ["mixed", "mixed"]


def test_reads_what_score_writes(tree: Tree) -> None:
    home = Path(os.environ["KOREASON_HOME"])
    benches = yaml.safe_load((home / "config" / "config.yaml").read_text(encoding="utf-8"))["benches"]
    bench = next(bench for bench in benches.values() if bench["kind"] == "choice") | {"profiles": ["robust", "paper_text"]}
    part = {rule: json.dumps(given(rule, "benches", bench)) for rule in ("bench", "score")}
    shutil.rmtree(tree.results / "benches" / "exam")
    assert main(["bench", "--spec", part["bench"], "--out", str(tree.results / "benches" / "exam")]) == 0
    asked = str(tree.results / "benches" / "exam" / "manifest.json")
    items = (home / "data" / "benches" / "ko_choice.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["id"] for line in items]
    for mix, schedule, label in (("base", "base", "A"), ("mixed", "short", "B")):
        cell = tree.results / "evals" / "small" / mix / schedule / "exam"
        shutil.rmtree(cell)
        reply = f"<think>\n</think>\n\\boxed{{{label}}}" if mix == "base" else f"</td><script>go()</script>\u202e\n정답은 {label}입니다."
        rows = [(key, repeat, "", reply, "stop", 9, 1) for key in ids for repeat in range(bench["repeats"])]
        with Stage(cell / "generations", "generate", {}, []) as stage:
            write_table(pl.DataFrame(rows, schema=GENERATIONS, orient="row"), stage, "generations.parquet", GENERATIONS)
            stage.counts["repeats"] = bench["repeats"]
        made = str(cell / "generations" / "manifest.json")
        words = ["--spec", part["score"], "--bench", asked, "--generations", made, "--out", str(cell / "scores")]
        assert main(["score-bench", *words]) == 0
    assert tree.report() == 0
    scores = tree.table("scores").filter(pl.col("bench") == "exam")
    assert scores["items"].to_list() == [len(ids)] * 2
    read = (
        tree.table("profiles")
        .filter((pl.col("mix") == "mixed") & (pl.col("bench") == "exam"))
        .select("profile", pl.col("accuracy") > 0)
        .rows()
    )
    assert read == [("robust", True), ("paper_text", False)]
    page = outline(tree)
    assert ours(page) and "\u202e" not in tree.page()
    words = "".join(page.words)
    assert "<script>go()</script>" in words and "robust: B (correct, stated answer); paper_text:" in words
    assert scores["chance"].to_list() == [0.25] * 2
    assert all(low < mean < high for low, mean, high in scores.select("low", "accuracy", "high").iter_rows())
