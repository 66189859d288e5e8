"""From files of one's own to a configuration that runs as it is."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from koreason.benches.bench import normalised
from koreason.benches.spec import Items
from koreason.cli import main
from koreason.config.checks.check import problems
from koreason.config.files.layers import layered

ASKED = "{topic}에서 가장 헷갈리는 부분이 무엇인가요? 초보자도 이해할 수 있게 설명해 주세요. ({number})"


@pytest.fixture
def dumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A forum whose comments hold comments, an exam file in cp949, items of two benchmarks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOREASON_DATA", raising=False)
    monkeypatch.delenv("KOREASON_SITE", raising=False)
    rows = [
        {
            "제목": f"질문 {n}",
            "본문": f"<p>{ASKED.format(topic='물리', number=n)}</p>",
            "댓글": [{"내용": "저도요", "답글": [{"내용": "네"}]}],
        }
        for n in range(60)
    ]
    (tmp_path / "게시판.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["문제", "보기1", "보기2", "보기3", "정답"])
    writer.writerows([f"다음 중 {n} 더하기 2의 값으로 옳은 것은?", n + 2, n * 2, n - 2, 1] for n in range(40))
    (tmp_path / "exams2025.csv").write_bytes(table.getvalue().encode("cp949"))
    (tmp_path / "items.csv").write_text("문항,정답\n" + "".join(f"{n} 곱하기 7은?,{n * 7}\n" for n in range(6)), encoding="utf-8")
    items = [{"id": f"i{n}", "question": f"{n} 더하기 1은?", "options": [str(n), str(n + 1)], "answer": 2} for n in range(5)]
    (tmp_path / "choice.jsonl").write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    return tmp_path


def test_files_become_a_configuration_that_plans(dumps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "게시판.jsonl", "exams2025.csv", "--bench", "items.csv"]) == 0
    said = capsys.readouterr().out
    assert "encoding cp949" in said and "question: 제목, 본문" in said and f"written to {dumps}/my.yaml" in said
    text = (dumps / "my.yaml").read_text(encoding="utf-8")
    assert text.count("\n") <= 25 and text.count("#") >= 4
    written: dict[str, Any] = yaml.safe_load(text)
    assert set(written["sources"]) == {"daily", "exams2025"}
    assert written["sources"]["exams2025"]["encoding"] == "cp949" and written["sources"]["exams2025"]["category"] == "Exams"
    assert str(dumps) not in text, "paths are relative to the file: the folder may be moved"
    assert problems(layered([dumps / "my.yaml"])) == []
    assert main(["check", "--no-network", "--configfile", "my.yaml"]) == 0
    assert "nothing is found" in capsys.readouterr().out


def test_a_benchmark_of_choices(dumps: Path) -> None:
    assert main(["init", "게시판.jsonl", "--bench", "choice.jsonl", "--into", "other.yaml"]) == 0
    bench = yaml.safe_load((dumps / "other.yaml").read_text(encoding="utf-8"))["benches"]["mine"]
    assert bench["like"] == "ko_choice" and bench["columns"] == {"gold": "answer"}


def test_a_benchmarks_passage_and_both_parts_of_a_question_are_asked(dumps: Path) -> None:
    table = "지문,문제,①,②,정답\n물은 100도에서 끓는다.,물이 끓는 온도는?,90,100,②\n물은 0도에서 언다.,물이 어는 온도는?,0,10,①\n"
    (dumps / "passages.csv").write_text(table, encoding="utf-8")
    rows = [{"title": "덧셈", "body": f"{n} 더하기 1은 무엇인가요?", "정답": n + 1} for n in range(4)]
    (dumps / "parts.jsonl").write_text("\n" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")
    asked, clusters = {}, {}
    for name, kind in (("passages.csv", "choice"), ("parts.jsonl", "math")):
        assert main(["init", "게시판.jsonl", "--bench", name, "--force"]) == 0
        entry = yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))["benches"]["mine"]
        columns = entry["columns"]
        found = normalised(Items(kind=kind, file=str(dumps / name), sha256=entry["sha256"], columns=columns))  # type: ignore[arg-type]
        asked[name], clusters[name] = [item.question for item in found], {item.cluster for item in found}
    assert asked["passages.csv"] == ["물은 100도에서 끓는다.\n\n물이 끓는 온도는?", "물은 0도에서 언다.\n\n물이 어는 온도는?"]
    assert clusters["passages.csv"] == {"물은 100도에서 끓는다.", "물은 0도에서 언다."}
    assert asked["parts.jsonl"] == [f"덧셈\n\n{n} 더하기 1은 무엇인가요?" for n in range(4)]


def test_options_in_columns_of_their_own(dumps: Path) -> None:
    table = "문항,보기1,보기2,보기3,정답\n1 더하기 1은?,1,2,3,2\n2 더하기 3은?,5,6,,1\n4 더하기 4는?,8,7,6,1\n"
    (dumps / "columns.csv").write_text(table, encoding="utf-8")
    assert main(["init", "게시판.jsonl", "--bench", "columns.csv"]) == 0
    entry = yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))["benches"]["mine"]
    assert entry["columns"]["options"] == ["보기1", "보기2", "보기3"] and entry["like"] == "ko_choice"
    assert problems(layered([dumps / "my.yaml"])) == []
    columns = entry["columns"]
    items = normalised(Items(kind="choice", file=str(dumps / "columns.csv"), sha256=entry["sha256"], columns=columns))
    assert [(item.options, item.gold) for item in items] == [(["1", "2", "3"], "B"), (["5", "6"], "A"), (["8", "7", "6"], "A")]


def test_the_first_post_of_a_thread_and_not_its_replies(dumps: Path) -> None:
    posts = [{"subject": f"제목 {n}", "content": ASKED.format(topic="세금", number=n)} for n in range(40)]
    threads = [{"id": n, "first": post, "replies": [{"content": "답", "replies": [{"content": "네"}]}]} for n, post in enumerate(posts)]
    (dumps / "threads.json").write_text(json.dumps({"export": "2026", "threads": threads}, ensure_ascii=False), encoding="utf-8")
    assert main(["init", "threads.json"]) == 0
    [source] = yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))["sources"].values()
    assert source["columns"]["question"] == ["threads[].first.subject", "threads[].first.content"]


def test_a_folder_of_files_of_one_kind_is_one_source(dumps: Path) -> None:
    (dumps / "board").mkdir()
    for month in range(3):
        text = (dumps / "게시판.jsonl").read_text(encoding="utf-8").replace("물리", f"물리 {month}")
        (dumps / "board" / f"2025-{month}.jsonl").write_text(text, encoding="utf-8")
    assert main(["init", "board"]) == 0
    sources = yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))["sources"]
    assert list(sources) == ["board"] and len(sources["board"]["files"]) == 3 and sources["board"]["root"] == "board"


def test_what_lies_beside_the_dumps_of_a_folder_is_left_out(dumps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dumps / "all").mkdir()
    (dumps / "게시판.jsonl").rename(dumps / "all" / "게시판.jsonl")
    (dumps / "all" / "README.md").write_text("# 자료 안내\n\n이 자료는 게시판에서 모았습니다.\n", encoding="utf-8")
    (dumps / "all" / "LICENSE").write_text("Creative Commons\n", encoding="utf-8")
    (dumps / "all" / "표지.png").write_bytes(b"\x89PNG" + bytes(60))
    assert main(["init", "all"]) == 0
    assert list(yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))["sources"]) == ["daily"]
    said = capsys.readouterr().out
    assert [line.split(": ")[1].split("/")[-1] for line in said.splitlines() if "left out" in line] == ["LICENSE", "표지.png", "README.md"]
    assert main(["init", "all", "all/README.md", "--force"]) == 0, "what is named is taken"
    assert len(yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))["sources"]) == 2


def test_a_benchmark_beside_the_dumps_is_none_of_them(dumps: Path) -> None:
    assert main(["init", ".", "--bench", "choice.jsonl"]) == 0
    written = yaml.safe_load((dumps / "my.yaml").read_text(encoding="utf-8"))
    assert written["benches"]["mine"]["file"] == "choice.jsonl"
    assert "choice.jsonl" not in [file for source in written["sources"].values() for file in source["files"]]


def test_all_files_that_it_cannot_take_are_said_at_once(dumps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dumps / "a.pdf").write_bytes(b"%PDF-1.7")
    (dumps / "b.csv").write_bytes(b"")
    assert main(["init", "a.pdf", "게시판.jsonl", "b.csv"]) == 2
    assert [line.split(": ", 2)[1:] for line in capsys.readouterr().err.splitlines()] == [
        [f"{dumps}/a.pdf", "is a PDF; extract its text first"],
        [f"{dumps}/b.csv", "is empty; leave it out, or fetch it again"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "none.jsonl: no such file or folder"),
        (["english.jsonl"], "of its questions' letters are Hangul; leave it out"),
        (["게시판.jsonl", "--bench", "no_gold.csv"], "no_gold.csv:1: lacks 'gold'"),
        (["게시판.jsonl", "--bench", "item.xlsx"], "is neither .jsonl nor .csv"),
        ([".", "--bench", "none.jsonl"], "none.jsonl: no such file or folder"),
        (["게시판.jsonl", "--into", "items.csv"], "is there already"),
    ],
)
def test_what_it_cannot_make_a_run_of(dumps: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"title": f"Question {n}", "body": "What is the most confusing part of physics for a beginner?"} for n in range(30)]
    (dumps / "english.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (dumps / "no_gold.csv").write_text("문항,난이도\n1 더하기 1은 얼마인가?,상\n", encoding="utf-8")
    assert main(["init", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (dumps / "my.yaml").exists()


TEMPLATES = {
    "pools": {"forum": {"sources": ["quiz"], "mask_personal_data": [], "twins": {}}, "exams": {"sources": ["quiz"], "twins": {}}},
    "mixes": {"laptop": {"traces": [{"pool": "of_exams", "recipe": "smollm2_mixed"}], "quotas": {"Quiz": 3}}},
    "schedules": {"laptop_short": {}, "one_gpu": {}, "eight_gpus": {"lr": "1e-5"}},
    "benches": {"choice": {"file": "items.jsonl", "sha256": "0" * 64}, "mathematics": {"file": "items.jsonl", "sha256": "0" * 64}},
}


def test_every_entry_to_lie_over_is_enough_for_one_of_ones_own(tmp_path: Path, home: Path) -> None:
    quiz = yaml.safe_load((home / "config" / "taste.yaml").read_text(encoding="utf-8"))["sources"]["demo_quiz"]
    mine: dict[str, Any] = {"sources": {"quiz": quiz | {"category": "Quiz"}}}
    for table, entries in TEMPLATES.items():
        mine[table] = {f"of_{name}": {"like": name, **entry} for name, entry in entries.items()}
    cell = {"models": ["smollm2"], "mixes": ["of_laptop"], "base": True}
    mine["run"] = {"experiments": [cell | {"schedules": list(mine["schedules"]), "benches": list(mine["benches"])}]}
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(mine), encoding="utf-8")
    assert problems(layered([file])) == []
    mine["run"]["experiments"][0]["mixes"] = ["laptop"]
    file.write_text(yaml.safe_dump(mine), encoding="utf-8")
    assert problems(layered([file])) == [
        "mixes.laptop.traces: is empty; name some, or have an entry of your own with `like: laptop` and traces"
    ]
