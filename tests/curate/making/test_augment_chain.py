"""What is made of a pool goes through the ordinary chain into another pool."""

import json
from pathlib import Path

import chain
import polars as pl
from made_of import augment

FILTERS = {
    **{"min_target_share": 0.3, "min_chars": 5, "max_chars": 8192, "drop_image_dependent": True, "min_chars_beside_image": 150},
    **{"max_repetition": 0.9, "max_damage": 0.5, "limit": None},
}


def test_from_a_pool_to_another_pool(tmp_path: Path) -> None:
    questions = [f"다음 가운데 {number}번째로 발표된 작품의 제목으로 알맞은 것은?" for number in range(6)]
    options = [[f"{name} {number}권" for name in ("봄봄", "날개", "무정", "토지")] for number in range(6)]
    manifest = chain.source(tmp_path, "exams", questions, options=options, gold=["3"] * 6)
    assert chain.make(tmp_path / "first", manifest, pool=FILTERS, kinds={"exams": "exam"}) == 0
    first = pl.read_parquet(tmp_path / "first" / "pool" / "prompts.parquet")
    out = tmp_path / "styled"
    spec = {"format": "augmented", "augment": {"style": {}, "seed": 1}}
    assert augment(out, tmp_path / "first" / "pool" / "manifest.json", spec) == 0
    assert chain.make(tmp_path / "second", out / "manifest.json", pool=FILTERS, kinds={"styled": "exam"}) == 0
    second = pl.read_parquet(tmp_path / "second" / "pool" / "prompts.parquet")
    assert second.height == first.height == 6 and set(second["source"]) == {"styled"}
    assert second["parents"].explode().to_list() == first["prompt_id"].to_list()
    assert second["options"].to_list() == first["options"].to_list() and set(second["gold"]) == {"3"}
    for made, old in zip(second["question"], first["stem"], strict=True):
        assert old in made and made.endswith("권")
    facts = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["files"]["prompts.parquet"]
    assert facts["html"] is False and facts["rows"] == 6
