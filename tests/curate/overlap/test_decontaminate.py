"""`koreason decontaminate` through its command line."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from koreason.cli import main
from koreason.curate import decontaminate as module
from koreason.curate.overlap import block
from tests.curate.overlap.made import bench, decontaminate, texts, traces
from tests.kills import killed

HOME = Path(__file__).resolve().parents[3]
ITEM = "어느 과일 가게에서 사과 137개와 배 248개를 상자 19개에 똑같이 나누어 담으려고 한다. 상자마다 담기는 과일의 개수와 남는 과일의 개수의 합을 구하시오."
OTHER = "넓이가 396인 직사각형의 둘레가 가장 짧을 때의 둘레를 구하고, 그때 두 변의 길이의 차가 얼마인지 설명하시오. 변의 길이는 자연수이다."
FOOT = "모든 풀이 과정을 빠짐없이 쓰고 마지막 줄에 답만 따로 적어 주십시오. 이 문제의 저작권은 출제 기관에 있습니다."
WORDS = re.findall(
    r"\S+", "산 강 바다 하늘 나무 돌 바람 비 눈 꽃 별 달 해 물 불 흙 길 집 문 창 책 글 말 소리 빛 그림자 마음 생각 시간 계절"
)


def filler(count: int, seed: int = 1) -> list[str]:
    """Texts of random words."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=40)) for _ in range(count)]


@pytest.mark.parametrize(("profile", "methods"), [("robust", {"characters", "signature"}), ("paper", {"words", "morphemes"})])
def test_an_overlap_names_item_method_value_and_span(tmp_path: Path, profile: str, methods: set[str]) -> None:
    source = texts(tmp_path / "forum", [*filler(3), f"질문입니다. {ITEM} 도와주세요."])
    found = decontaminate(tmp_path / "out", [source], [bench(tmp_path / "quiz", {"a": ITEM, "b": OTHER})], profile)
    assert set(found["prompt_id"]) == {"forum-000003"}
    assert set(found["method"]) >= (methods - {"signature"})
    for row in found.iter_rows(named=True):
        assert (row["bench"], row["item_id"], row["sample"]) == ("quiz", "a", None)
        assert 0 < row["value"] <= 1
        assert 0 < len(row["span"]) <= 200
        assert row["span"] in ITEM
    counts = json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]
    assert counts["texts"] == 4
    assert counts["overlapping"] == 1
    assert counts["items"] == {"quiz": 2}
    assert set(counts["benches"]["quiz"]) == set(found["method"])


def test_passage_and_options_are_looked_at(tmp_path: Path) -> None:
    quiz = bench(tmp_path / "quiz", {"a": ITEM, "b": "위 글의 중심 내용으로 가장 알맞은 것은?"}, {"b": ["나라의 역사", "바다와 사람"]})
    asked = "윗글의 중심 내용"
    by_passage = texts(tmp_path / "one", [asked], passage=ITEM, options=["가", "나"])
    by_options = texts(tmp_path / "two", ["위 글의 중심 내용으로 가장 알맞은 것은?"] * 2, options=["① 나라의 역사", "② 바다와 사람"])
    without = texts(tmp_path / "three", ["위 글의 중심 내용으로 가장 알맞은 것은?"], options=["다른 것", "나라의 역사"])
    found = decontaminate(tmp_path / "out", [by_passage, by_options, without], [quiz], max_bench_share=1)
    keys = found.select("prompt_id", "item_id", "method").rows()
    assert ("one-000000", "a", "characters") in keys
    assert {row for row in keys if row[1] == "b"} == {("two-000000", "b", "whole"), ("two-000001", "b", "whole")}


def test_items_of_short_parts_are_found_by_all_of_them(tmp_path: Path) -> None:
    options = ["비타민 A", "비타민 C", "비타민 D", "비타민 K"]
    asked = "다음 중 수용성 비타민은?"
    quiz = bench(tmp_path / "quiz", {"a": asked, "b": "옳은 것은?"}, {"a": options, "b": ["예", "아니오", "모름"]})
    marked = [
        f"{asked}\n① 비타민 D\n② 비타민 A\n③ 비타민 K\n④ 비타민 C",
        f"급해요! {asked} (1) 비타민 A (2) 비타민 C (3) 비타민 D (4) 비타민 K 답은?",
    ]
    others = [
        f"{asked} ① 비타민 D ② 비타민 A ③ 비타민 K ④ 비타민 E",
        f"{asked} 잘 모르겠다. " + "그래서 찾아보았다. " * 9 + ", ".join(options),
    ]
    sources = [
        texts(tmp_path / "marked", marked),
        texts(tmp_path / "columns", [asked], options=options[::-1]),
        texts(tmp_path / "others", [*others, "옳은 것은? ① 예 ② 아니오 ③ 모름"]),
    ]
    found = decontaminate(tmp_path / "out", sources, [quiz], max_bench_share=1)
    places = ["columns-000000", "marked-000000", "marked-000001"]
    assert found.select("prompt_id", "item_id", "method", "span").rows() == [(place, "a", "parts", asked[:-1]) for place in places]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]["not_looked_for"]["parts"] == 1


def test_traces_are_looked_through_by_what_they_say(tmp_path: Path) -> None:
    rows = [
        {"prompt_id": "p", "sample": 0, "source": "s", "question": ITEM, "think": "생각", "answer": "답"},
        {"prompt_id": "p", "sample": 1, "source": "s", "question": "q", "think": f"문제는 {ITEM}", "answer": None},
        {"prompt_id": "q", "sample": 0, "source": "s", "question": "q", "think": None, "answer": ITEM},
    ]
    made = traces(tmp_path / "traces", rows)
    for profile in ("robust", "paper", "both"):
        found = decontaminate(tmp_path / profile, [made], [bench(tmp_path / "quiz", {"a": ITEM})], profile, max_bench_share=1)
        assert set(found.select("prompt_id", "sample").iter_rows()) == {("p", 1), ("q", 0)}


@pytest.mark.parametrize("profile", ["robust", "paper"])
def test_what_a_source_says_everywhere_is_no_evidence(tmp_path: Path, profile: str) -> None:
    quiz = bench(tmp_path / "quiz", {"a": f"{OTHER[:40]} {FOOT}", "b": ITEM})
    everywhere = texts(tmp_path / "forum", [f"{text} {FOOT}" for text in filler(60)])
    seldom = texts(tmp_path / "board", [f"{text} {FOOT}" for text in filler(6, 2)])
    found = decontaminate(tmp_path / "out", [everywhere, seldom], [quiz], profile, max_bench_share=1)
    sources = [prompt.split("-")[0] for prompt in found["prompt_id"].unique()]
    assert sources == ["board"] * 6  # too seldom there to be known for what it is


@pytest.mark.parametrize("profile", ["robust", "paper"])
def test_a_benchmark_that_was_pasted_many_times_is_found_each_time(tmp_path: Path, profile: str) -> None:
    pasted = [f"{text} {ITEM} {FOOT}" for text in filler(60)]
    source = texts(tmp_path / "forum", [*pasted, *filler(100, 3)])
    found = decontaminate(tmp_path / "out", [source], [bench(tmp_path / "quiz", {"a": ITEM, "b": OTHER})], profile)
    assert found["prompt_id"].n_unique() == 60


def test_a_source_that_is_a_benchmark_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = texts(tmp_path / "dump", [ITEM, OTHER, *filler(1)])
    arguments = [
        "--spec",
        "{}",
        "--language",
        "{}",
        "--in",
        str(source),
        "--benches",
        str(bench(tmp_path / "quiz", {"a": ITEM, "b": OTHER})),
    ]
    assert main(["decontaminate", *arguments, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "67% of the source dump is the benchmark quiz" in said
    assert "max_bench_share" in said
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert not (tmp_path / "out" / "overlaps.parquet").exists()


def test_inputs_of_another_kind_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiz = bench(tmp_path / "quiz", {"a": ITEM})
    arguments = ["decontaminate", "--spec", "{}", "--language", "{}", "--out", str(tmp_path / "out"), "--in"]
    assert main([*arguments, str(quiz), "--benches", str(quiz)]) == 2
    assert "neither texts nor traces" in capsys.readouterr().err
    source = texts(tmp_path / "dump", filler(1))
    assert main([*arguments, str(source), "--benches", str(quiz), str(bench(tmp_path / "else" / "quiz", {"a": ITEM}))]) == 2
    assert "two benchmarks are called quiz" in capsys.readouterr().err


def mixed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Sources and benchmarks with overlaps of all kinds."""
    many = filler(300)
    for place in range(0, 300, 25):
        many[place] += f" {ITEM if place % 2 else OTHER} {FOOT}"
    sources = [texts(folder / "one", many), texts(folder / "two", [f"{text} {FOOT}" for text in [*filler(40, 9), ITEM]])]
    return sources, [bench(folder / "quiz", {"a": ITEM, "b": f"{OTHER[:40]} {FOOT}"}), bench(folder / "exam", {"a": OTHER})]


def test_bytes_depend_on_neither_chunks_nor_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, benches = mixed(tmp_path)
    wanted = decontaminate(tmp_path / "out", sources, benches, "both")
    assert wanted.height > 20
    expected = (tmp_path / "out" / "overlaps.parquet").read_bytes()
    for rows, size in ((1, 1), (7, 1000), (64, 40_000)):
        monkeypatch.setattr(module, "ROWS_PER_CHUNK", {"texts.parquet": rows, "traces.parquet": rows})
        monkeypatch.setattr(block, "BYTES", size)
        decontaminate(tmp_path / "again", sources[::-1], benches[::-1], "both")
        assert (tmp_path / "again" / "overlaps.parquet").read_bytes() == expected


def test_killed_and_run_again_it_writes_the_same(tmp_path: Path) -> None:
    sources, benches = mixed(tmp_path)
    decontaminate(tmp_path / "out", sources, benches, "both")
    command = [
        sys.executable,
        "-m",
        "koreason",
        "decontaminate",
        "--spec",
        '{"contamination": "both"}',
        "--language",
        '{"segmenter": "words"}',
    ]
    command += ["--in", *map(str, sources), "--benches", *map(str, benches), "--out", str(tmp_path / "killed")]
    environment = {**os.environ, "PYTHONPATH": str(HOME), "KOREASON_HOME": str(HOME)}
    killed(command, tmp_path / "killed", (tmp_path / "killed").is_dir, env=environment, cwd=tmp_path)
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    for name in ("overlaps.parquet", "manifest.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_empty_inputs_give_an_empty_table(tmp_path: Path) -> None:
    source, quiz = texts(tmp_path / "empty", []), bench(tmp_path / "quiz", {"a": "짧다"})
    assert decontaminate(tmp_path / "out", [source], [quiz], "both").is_empty()
    assert isinstance(decontaminate(tmp_path / "more", [texts(tmp_path / "some", ["", "\0", "짧다"])], [quiz], "both"), pl.DataFrame)
