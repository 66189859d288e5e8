"""What is wrong with dumps and benchmarks is said before anything runs, each line with the absolute path and the mend."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from own import QUESTION, Own, digest


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.delenv("KOREASON_SITE", raising=False)
    return Own(tmp_path / "own")


def test_a_sound_configuration_has_no_findings(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    assert own.check(capsys) == (0, [])


def edited(own: Own) -> None:
    own.forum.write_text('{"title": "x", "body": "y"}\n', encoding="utf-8")


def in_cp949(own: Own) -> None:
    rows = [{"title": f"질문 {number}", "body": QUESTION.format(number=number)} for number in range(20)]
    own.again("forum.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("cp949"))


def a_table(own: Own) -> None:
    own.again("forum.csv", "title,body\n질문,무엇인가요\n답,글쎄요\n")


def source(**changed: object) -> Callable[[Own], None]:
    def change(own: Own) -> None:
        own.config["sources"]["forum"] |= {key: value if value is not ... else None for key, value in changed.items()}

    return change


WRONG: list[tuple[str, Callable[[Own], None], list[str]]] = [
    ("edited", edited, ["dumps/forum.jsonl: its SHA-256 is", "the catalogue says"]),
    ("in cp949", in_cp949, ["sources.forum.encoding", "its text is no utf-8", "set `encoding: cp949`", "dumps/forum.jsonl"]),
    ("not in cp949", source(encoding="euc-kr"), ["sources.forum.encoding", "its text is no euc-kr", "set `encoding: utf-8`"]),
    ("a table", a_table, ["dumps/forum.csv: none of its first 3 records can be read as jsonl", "it looks like csv"]),
    ("unknown encoding", source(encoding="hangul-1"), ["sources.forum", "encoding 'hangul-1' is unknown"]),
    ("too long", source(root="/" + 300 * "x"), ["the name is too long for its file system"]),
    ("no folder", source(root="/nowhere/dumps"), ["/nowhere/dumps: no such folder", "correct `root` of sources.forum"]),
    ("no file", source(files={"other.jsonl": "0" * 64}), ["dumps/other.jsonl: no such file"]),
    ("out of root", source(files={"../items.jsonl": "0" * 64}), ["leads out of the folder `root`"]),
    ("variable", source(root="$KOREASON_NOT_SET/dumps"), ["the environment variable KOREASON_NOT_SET is not set", "export"]),
    ("placeholder", source(format="placeholder", files={}), ["sources.forum: is a placeholder"]),
    ("columns", source(columns={"question": ["제목"]}), ["dumps/forum.jsonl: lacks the column 제목", "its columns are title, body"]),
    ("separator", source(format="csv", separator="ab"), ["sources.forum.separator: is 'ab'"]),
]


def refused(own: Own, change: Callable[[Own], None], words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a change is refused with, which holds the words."""
    change(own)
    status, [line] = own.check(capsys)
    assert status == 2
    assert [word for word in words if word not in line] == []
    return line


@pytest.mark.parametrize(("change", "words"), [pytest.param(*case, id=name) for name, *case in WRONG])
def test_a_dump_that_ingest_would_refuse(
    own: Own, change: Callable[[Own], None], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(own, change, words, capsys)
    assert str(own.folder) in line or "dumps/" not in line, "paths are absolute"
    status, lines = own.check(capsys, "benches")
    assert status == 0 and lines in ([], [f"(nothing planned meets it) {line}"]), "what would not meet it is not stopped"


def test_what_is_wrong_with_an_entry_hides_nothing_else_of_it(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    forum = own.config["sources"]["forum"]
    forum |= {"encoding": "hangul-1", "separator": ";;", "files": {**forum["files"], "none.jsonl": "0" * 64}}
    own.config["sources"]["edited"] = {**forum, "encoding": "utf-8", "separator": None, "columns": {"question": ["제목"], "answer": ["답"]}}
    own.config["sources"]["edited"]["files"] = {"forum.jsonl": "0" * 64}
    own.config["pools"]["mine"]["sources"].append("edited")
    status, lines = own.check(capsys)
    assert status == 2 and all(line.startswith("sources.") for line in lines), "each begins with its place"
    for words in (
        ["forum.separator: is ';;'"],
        ["forum: encoding 'hangul-1' is unknown"],
        ["forum: ", "none.jsonl: no such file"],
        ["edited: ", "its SHA-256 is"],
        ["edited: ", "lacks the column 답, 제목"],
    ):
        assert sum(all(word in line for word in words) for line in lines) == 1, words
    assert len(lines) == 5


def bench(**changed: object) -> Callable[[Own], None]:
    def change(own: Own) -> None:
        own.config["benches"]["mine"] |= changed

    return change


def items(*lines: str) -> Callable[[Own], None]:
    def change(own: Own) -> None:
        own.bench.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        own.config["benches"]["mine"]["sha256"] = digest(own.bench)

    return change


GOOD = '{"id": "1", "question": "하나?", "options": ["1", "2"], "gold": "A"}'
BENCHES: list[tuple[str, Callable[[Own], None], list[str]]] = [
    ("no digest", bench(sha256=None), ["items.jsonl: its 'sha256' is not set", "set it to"]),
    ("no file", bench(file="/nowhere/items.jsonl"), ["/nowhere/items.jsonl: no such benchmark file"]),
    (
        "branch",
        bench(file=None, sha256=None, hub="a/b", revision="FILL-IN"),
        ["benches.mine", "revision 'FILL-IN' is not a full commit id"],
    ),
    ("no gold", items(GOOD, '{"id": "2", "question": "둘?", "options": ["1", "2"]}'), ["items.jsonl:2: lacks 'gold'"]),
    ("ids twice", items(GOOD, GOOD), ["1 ids stand more than once"]),
    ("options", items('{"id": "1", "question": "하나?", "options": "1, 2", "gold": "A"}'), ["is not a list of options"]),
    ("gold of no option", items('{"id": "1", "question": "하나?", "options": ["1", "2"], "gold": "E"}'), ["is no label of 2 options"]),
]


@pytest.mark.parametrize(("change", "words"), [pytest.param(*case, id=name) for name, *case in BENCHES])
def test_a_benchmark_that_could_not_be_scored(
    own: Own, change: Callable[[Own], None], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    refused(own, change, words, capsys)


def test_all_findings_at_once(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    edited(own)
    bench(sha256=None)(own)
    status, lines = own.check(capsys)
    assert status == 2 and len(lines) == 2


def test_what_nothing_can_be_planned_of_hides_no_finding(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    edited(own)
    bench(sha256=None)(own)
    own.config["schedules"] = {"mine": {"epochs": 0}}
    own.config["pools"]["mine"]["min_chars"] = 9000
    own.config["mixes"]["mine"]["traces"] = [{"pool": "mien", "recipe": "smollm2_mixed"}]
    own.config["run"]["experiments"].append({"models": ["smollm2"], "benches": [], "base": True})
    own.config["run"]["experiments"].append({"models": ["smollm2"], "mixes": ["mine"], "schedules": ["laptop_short"]})
    status, lines = own.check(capsys)
    words = [
        "schedules.mine: lacks the keys",
        "schedules.mine.epochs: 0 is not accepted",
        "mixes.mine.traces[0].pool: 'mien' is not in pools; did you mean 'mine'?",
        "pools.mine: min_chars is 9000 and max_chars is 8000",
        "run.experiments[1]: models that are not trained are only asked",
        f"{own.forum}: its SHA-256 is",
        f"{own.bench}: its 'sha256' is not set",
    ]
    assert status == 2 and [word for word in words if not any(word in line for line in lines)] == [], lines
    assert len(lines) == len(words), lines
