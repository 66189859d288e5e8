"""Figures over labelled sets: how much is lost and left of pages, how well dependence on pictures and personal data are found."""

import difflib
import json
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.personal import masked
from koreason.curate.text.pictures.phrases import image_phrase
from tests.curate.text.texts import clean, halves, language

MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&[a-zA-Z]{2,8};|&#")
LEAST = 0.95
UNSEEN = "third"  # its figures are what to expect, whatever they are
LABELS = {"landline_joined": "landline", "landline_service": "landline"}  # kinds that the labels do not tell apart


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def figures(kind: str, half: Path, hits: int, found: int, wanted: int) -> tuple[float, float]:
    precision, recall = hits / max(found, 1), hits / max(wanted, 1)
    print(f"{kind} {half.name}: precision {precision:.3f} recall {recall:.3f} of {wanted}")
    return precision, recall


@pytest.mark.parametrize("half", [half for half in halves() if (half / "html").is_dir()], ids=lambda half: half.name)
def test_pages_lose_nothing_and_keep_no_markup(half):
    names = sorted((half / "html").glob("*.html"))
    texts = clean(*(name.read_text(encoding="utf-8") for name in names), mask=False)["question"].to_list()
    lost = left = total = 0
    for name, found in zip(names, texts, strict=True):
        wanted = name.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")
        same = difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
        missing = len(wanted) - sum(block.size for block in same)
        markup = sum(
            len(tag) for tag, times in (Counter(MARKUP.findall(found)) - Counter(MARKUP.findall(wanted))).items() for _ in range(times)
        )
        if missing or markup:
            print(f"{name.name}: {missing} characters missing, {markup} of markup: {found!r}, wanted {wanted!r}")
        lost, left, total = lost + missing, left + markup, total + len(wanted)
    print(f"pages {half.name}: loss {lost / total:.4f} residue {left / total:.4f} of {len(names)} pages, {total} characters")
    if half.name == "seen":
        assert lost == left == 0


@pytest.mark.parametrize("half", halves(), ids=lambda half: half.name)
def test_dependence_on_pictures(half):
    rows = lines(half / "image.jsonl")
    phrases = image_phrase(pl.Series([row["text"] for row in rows]), language()).to_list()
    for row, phrase in zip(rows, phrases, strict=True):
        if row["drop"] != bool(phrase):
            print(f"{'missed' if row['drop'] else 'wrong'}: {row['text']} ({phrase!r})")
    hits = sum(row["drop"] and bool(phrase) for row, phrase in zip(rows, phrases, strict=True))
    precision, recall = figures("pictures", half, hits, sum(map(bool, phrases)), sum(row["drop"] for row in rows))
    assert half.name == UNSEEN or min(precision, recall) >= LEAST


def test_patterns_share_classes():
    classes = {"scene": "그림 | 사진", "picture": "{scene}|도표"}
    korean = PromptLanguage(scripts=["Hangul"], image_phrases=["다음 {picture}{1,2}은"], classes=classes)
    texts = ["다음 사진은", "다음 도표도표은", "다음 글은"]
    assert image_phrase(pl.Series(texts), korean).to_list() == [*texts[:2], ""]


@pytest.mark.parametrize("half", halves(), ids=lambda half: half.name)
def test_personal_data(half):
    rows = lines(half / "personal.jsonl")
    texts, counts = masked(pl.Series([row["text"] for row in rows]), language().personal_data)
    by_kind = {LABELS.get(kind, kind): [0, 0, 0] for kind in counts}  # right, found, wanted
    for place, row in enumerate(rows):
        wanted = Counter(each["kind"] for each in row["masked"] if each["value"])
        right = Counter(each["kind"] for each in row["masked"] if each["value"] not in texts[place])
        found = Counter(LABELS.get(kind, kind) for kind, count in counts.items() for _ in range(count[place]))
        if found != wanted or right != wanted:
            print(f"{row['text']} -> {texts[place]}: found {dict(found)}, wanted {dict(wanted)}")
        for kind, figure in by_kind.items():
            figure[0] += min(right[kind], found[kind])
            figure[1] += found[kind]
            figure[2] += wanted[kind]
    hits, found_all, wanted_all = (sum(figure[place] for figure in by_kind.values()) for place in range(3))
    for kind, (right_kind, found_kind, wanted_kind) in by_kind.items():
        figures(f"  {kind}", half, right_kind, found_kind, wanted_kind)
    precision, recall = figures("personal data", half, hits, found_all, wanted_all)
    assert half.name == UNSEEN or min(precision, recall) >= LEAST
