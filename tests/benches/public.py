"""Benchmarks in the formats in which others publish them, a handful of items each: written for the tests, in the shape of the originals.

    folder, known = FORMATS["click"](tmp_path)       # known: what the items have to come out as

Names of files, columns and forms of the gold are those of the public data sets; no question of theirs is here.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

# What is known of an item: its question's beginning, its options, its gold, kind and category.
Known = list[tuple[str, list[str], str, str, str]]
CITIES = ["부산", "서울", "대전", "대구", "광주"]


def parquet(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Rows as a Parquet file of a data set."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(path)


def table(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Rows as a CSV file of a data set."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def carded(folder: Path, subset: str, split: str, path: str) -> None:
    """A card that says which file is a subset's split, as the hub reads it."""
    facts = {"configs": [{"config_name": subset, "data_files": [{"split": split, "path": path}]}]}
    (folder / "README.md").write_text("---\n" + json.dumps(facts) + "\n---\n# A card\n", encoding="utf-8")


def kmmlu_redux(folder: Path) -> Known:
    """Options as a list, the place of the right one as a text."""
    rows = [{"question": "압력의 단위는?", "options": ["Pa", "N", "J", "W"], "solution": "1", "category": "기계"}]
    rows += [{"question": "2의 세제곱은?", "options": ["4", "6", "8", "9"], "solution": "3", "category": "수학"}]
    parquet(folder, "data/test-00000-of-00001.parquet", rows)
    return [("압력", ["Pa", "N", "J", "W"], "A", "choice", "기계"), ("2의", ["4", "6", "8", "9"], "C", "choice", "수학")]


def kmmlu_pro(folder: Path) -> Known:
    """Four or five options, an exam's name."""
    rows = [{"question": "수도는?", "options": CITIES, "solution": "2", "license_name": "공인회계사", "year": 2024, "round": "1"}]
    rows += [{"question": "옳은 것은?", "options": CITIES[:4], "solution": "4", "license_name": "변호사", "year": 2024, "round": "1"}]
    parquet(folder, "data/test-00000-of-00001.parquet", rows)
    return [("수도", CITIES, "B", "choice", "공인회계사"), ("옳은", CITIES[:4], "D", "choice", "변호사")]


def kmmlu_hard(folder: Path) -> Known:
    """A file a subject, an option a column, the place as a number; other splits beside it."""
    for subject, answer in (("accounting", 4), ("law", 1)):
        options = dict(zip("ABCD", CITIES, strict=False))
        row = {"question": f"{subject}의 문제", "answer": answer, **options, "Category": subject.title(), "Human Accuracy": 0.31}
        table(folder, f"data/{subject}-test.csv", [row])
        table(folder, f"data/{subject}-dev.csv", [row | {"question": "예시"}])
    names = ("accounting", "law")
    return [(name, CITIES[:4], gold, "choice", f"{name}-test") for name, gold in zip(names, "DA", strict=True)]


def math_ko(folder: Path) -> Known:
    """A column a language."""
    parquet(folder, "mt-math100.parquet", [{"en": "What is 1/2+1/3?", "ko": "1/2+1/3은?", "answer": "\\frac{5}{6}"}])
    carded(folder, "MT-MATH100", "test", "mt-math100.parquet")
    parquet(folder, "m-imo.parquet", [{"en": "?", "ko": "다른 부분", "answer": "1"}])
    return [("1/2", [], "\\frac{5}{6}", "math", "")]


def aime24_ko(folder: Path) -> Known:
    """A column a language; answers are numbers."""
    carded(folder, "MT-AIME2024", "test", "mt-aime2024.parquet")
    parquet(folder, "mt-aime2024.parquet", [{"en": "Find n.", "ko": "n을 구하시오.", "answer": 204}])
    return [("n을", [], "204", "math", "")]


def mclm_ko(folder: Path) -> Known:
    """The authors' kit: question, gold, category."""
    parquet(folder, "MCLM/test-00000-of-00001.parquet", [{"question": "7+5는?", "gold": "12", "category": "MT-MATH100"}])
    parquet(folder, "KSM/test-00000-of-00001.parquet", [{"question": "다른 부분", "gold": "1", "category": ""}])
    return [("7+5", [], "12", "math", "MT-MATH100")]


def ksm(folder: Path) -> Known:
    """Choices and values in one file; a choice's options stand in its question."""
    rows = [{"question": "값은? ① 3 ② 5 ③ 7 ④ 9 ⑤ 11", "answer": "2", "original": "?", "category": "수능/모의고사"}]
    rows += [{"question": "$x^2=2$인 양수 $x$는?", "answer": "\\sqrt{2}", "original": "?", "category": "KMO"}]
    rows += [{"question": "모두 더하면?", "answer": "120.0", "original": "?", "category": "전공수학"}]
    carded(folder, "KSM", "test", "KSM/ksm_test.csv")
    table(folder, "KSM/ksm_test.csv", rows)
    table(folder, "GSM8K/gsm8k_test.csv", [{"question": "다른 부분", "answer": "1", "original": "?"}])
    categories = ("수능/모의고사", "KMO", "전공수학")
    golds = (("choice", "B"), ("math", "\\sqrt{2}"), ("math", "120.0"))
    return [(row["question"][:3], [], gold, kind, name) for row, (kind, gold), name in zip(rows, golds, categories, strict=True)]


def hrb(folder: Path) -> Known:
    """Six subsets, a file each; options a to e, a letter as the answer."""
    for name in ("General Knowledge", "History", "Loan Words", "Rare Words", "Standard Nomenclature", "Reading Comprehension"):
        row = {"question": f"{name}: 다음 중 알맞은 것은?", **dict(zip("abcde", CITIES, strict=True)), "answer": "c"}
        table(folder, f"{name}.csv", [row])
    names = sorted(path.stem for path in folder.glob("*.csv"))
    return [(name, CITIES, "C", "choice", name) for name in names]


def click(folder: Path) -> Known:
    """JSON lists in a folder a category; the answer is an option's text; some have a passage."""
    for place, name in (("Dataset/Culture/Korean Economy", "economy.json"), ("Dataset/Language/Grammar", "grammar.json")):
        rows = [{"id": f"{name[:-5]}_{n}", "paragraph": "", "question": "수도는?", "choices": CITIES[:4], "answer": "서울"} for n in (1, 2)]
        rows[1]["paragraph"] = "긴 지문. " * 40
        (folder / place).mkdir(parents=True)
        (folder / place / name).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return [
        (start, CITIES[:4], "B", "choice", category)
        for category in ("Korean Economy", "Grammar")
        for start in ("수도는", "긴 지문. 긴 지문")
    ]


def kobalt(folder: Path) -> Known:
    """Ten options inside the question, a letter, a Korean category."""
    options = "\n".join(f"{letter}: {word}이다" for letter, word in zip("ABCDEFGHIJ", "가나다라마바사아자차", strict=True))
    question = f"지문:\n영진: 밥 먹었어?\n\n문제: 알맞은 것은?\n\n{options}\n"
    row = {"ID": "67ce909c", "대분류": "의미론", "소분류": "중의성", "question": question, "answer": "H", "난이도": 3, "sampling_YN": 0}
    (folder / "data").mkdir()
    carded(folder, "kobalt_v1", "raw", "data/train.jsonl")
    (folder / "data" / "train.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    return [("지문", [], "H", "choice", "의미론")]


def aime24(folder: Path) -> Known:
    """A problem, its answer as a text, in a split called train."""
    parquet(folder, "data/train-00000-of-00001.parquet", [{"id": 60, "problem": "Find m+n.", "solution": "…", "answer": "025"}])
    return [("Find", [], "025", "math", "")]


def aime25(folder: Path) -> Known:
    """Likewise, with a number of its own."""
    parquet(folder, "data/train-00000-of-00001-243207c6c994e1bd.parquet", [{"id": "0", "problem": "Find k.", "answer": "70"}])
    return [("Find", [], "70", "math", "")]


def gpqa(folder: Path) -> Known:
    """The right option in a column of its own, before the wrong ones."""
    wrong = {f"Incorrect Answer {n}": f"wrong {n}" for n in (1, 2, 3)}
    rows = [
        {"Record ID": f"rec{n}", "Question": f"Which one, {n}?", "Correct Answer": f"right {n}", **wrong, "High-level domain": "Physics"}
        for n in range(12)
    ]
    table(folder, "gpqa_diamond.csv", rows)
    table(folder, "gpqa_main.csv", rows)
    return [(row["Question"], sorted([row["Correct Answer"], *wrong.values()]), "", "choice", "Physics") for row in rows]


def kormedmcqa(folder: Path) -> Known:
    """Five options in columns, the place as a number, an exam by its subject and year."""
    options = dict(zip("ABCDE", ["간", "신장", "폐", "심장", "비장"], strict=True))
    rows = [{"subject": "doctor", "year": year, "q_number": 1, "question": "장기는?", **options, "answer": 5} for year in (2022, 2023)]
    table(folder, "doctor/test.csv", rows)
    table(folder, "nurse/test.csv", rows)
    return [("장기", list(options.values()), "E", "choice", "doctor")] * 2


def of_kit(name: str, question: str, gold: Any, category: str, kind: str, shown: str) -> Callable[[Path], Known]:
    """An item of a subset of the authors' kit, whose options stand in the question."""

    def write(folder: Path) -> Known:
        parquet(folder, f"{name}/test-00000-of-00001.parquet", [{"question": question, "gold": gold, "category": category}])
        parquet(folder, "ArenaHard/test-00000-of-00001.parquet", [{"prompts": "다른 부분"}])
        return [(question[:4], [], shown, kind, category)]

    return write


NUMBERED = "수도는?\n1. 부산\n2. 서울\n3. 대전\n4. 대구"
LETTERED = "빈칸에 알맞은 것은?\nA. 가\nB. 나\nC. 다\nD. 라\nE. 마"
FORMATS: dict[str, Callable[[Path], Known]] = {
    **{
        each.__name__: each
        for each in (kmmlu_redux, kmmlu_pro, kmmlu_hard, math_ko, aime24_ko, mclm_ko, ksm, hrb, click, kobalt, aime24, aime25, gpqa)
    },
    "kormedmcqa": kormedmcqa,
    "kmmlu_redux_kit": of_kit("KMMLU_Redux", NUMBERED, 2, "기계", "choice", "B"),
    "kmmlu_pro_kit": of_kit("KMMLU-Pro", NUMBERED + "\n5. 광주", 5, "약사", "choice", "E"),
    "kmmlu_hard_kit": of_kit("KMMLU-HARD", NUMBERED, 4, "Accounting", "choice", "D"),
    "ksm_kit": of_kit("KSM", "값은? ① 3 ② 5 ③ 7", "③", "수능/모의고사", "choice", "C"),
    "hrb_kit": of_kit("HRB1_0", LETTERED, "B", "loan_words", "choice", "B"),
    "click_kit": of_kit("CLIcK", LETTERED, 3, "Grammar", "choice", "C"),
    "kobalt_kit": of_kit("KoBALT-700", LETTERED.replace(". ", ": "), "E", "의미론", "choice", "E"),
    "aime24_kit": of_kit("AIME2024", "Find n.", "204", "", "math", "204"),
    "aime25_kit": of_kit("AIME2025", "Find n.", "70", "", "math", "70"),
    "gpqa_kit": of_kit("GPQA", "Which?\nA) one\nB) two\nC) three\nD) four", "D", "Physics", "choice", "D"),
}
