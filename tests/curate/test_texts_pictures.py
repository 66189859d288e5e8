"""A model beside the phrases tells what leans on a picture: on sentences that neither was made from, and where its file is no model."""

import dataclasses
import json
from pathlib import Path

import polars as pl
import pytest

from koreason.curate.spec import ImageModel
from koreason.curate.text.images import image_phrase
from koreason.curate.text.leaning import WHOLE, image_evidence
from koreason.curate.text.weights import read_weights
from koreason.errors import UserError
from tests.curate.texts import language

SET = Path(__file__).parent / "labelled" / "pictures_fourth.jsonl"


def figures(found: pl.Series, rows: list[dict]) -> tuple[float, float]:
    """Precision and recall."""
    hits = sum(row["depends"] and bool(one) for row, one in zip(rows, found, strict=True))
    return hits / sum(map(bool, found)), hits / sum(row["depends"] for row in rows)


def test_it_finds_more_than_the_phrases_do_in_a_set_that_nothing_was_made_from() -> None:
    rows = [json.loads(line) for line in SET.read_text(encoding="utf-8").splitlines()]
    texts = pl.Series([row["text"] for row in rows])
    precision, recall = figures(image_evidence(texts, language()), rows)
    print(f"pictures fourth: precision {precision:.3f} recall {recall:.3f} of {len(rows)}")
    alone = figures(image_phrase(texts, language()), rows)
    assert precision > alone[0] and recall > alone[1] + 0.2
    assert min(precision, recall) >= 0.85


def test_a_row_depends_on_no_other() -> None:
    texts = pl.Series([json.loads(line)["text"] for line in SET.read_text(encoding="utf-8").splitlines()[:40]])
    assert [image_evidence(texts.slice(row, 1), language())[0] for row in range(40)] == image_evidence(texts, language()).to_list()


def test_a_language_without_a_model_goes_by_its_phrases() -> None:
    texts = pl.Series(["오른쪽 그림에서 각 A의 크기는?", "이거 무슨 벌레인가요? 크기는 새끼손톱만해요", ""])
    alone = dataclasses.replace(language(), image_model=None)
    assert image_evidence(texts, alone).to_list() == image_phrase(texts, alone).to_list()


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b"{}", "is another file")])
def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_weights(ImageModel(file=str(tmp_path / "model.json"), sha256="0" * 64, threshold=0), WHOLE)
