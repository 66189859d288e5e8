"""How the languages are mixed, on the page: tables of each measure, and a chart where any trace has it."""

import polars as pl
import pytest
from report_tree import Tree

from koreason.records.stage import Stage
from koreason.report.traced.mixing import DRAWN, profiles, spreads
from koreason.switching.spec import MEASURES
from koreason.tables import JUDGED, write_table


def test_the_table_has_every_measure_of_every_recipe(tree: Tree) -> None:
    assert tree.report() == 0
    table, found = tree.table("measures"), pl.read_parquet(tree.results / "measures/forum/en_ko/00000-of-00001/measures.parquet")
    assert table["measure"].to_list() == list(MEASURES) and set(table["traces"]) == {found.height}
    row = table.row(by_predicate=pl.col("measure") == "letters", named=True)
    ordered = found["letters"].sort()
    expected = [ordered[-(-found.height * tenths // 10) - 1] for tenths in (1, 5, 9)]
    assert [row[name] for name in ("tenth", "half", "nine_tenths")] == expected
    assert row["mean"] == pytest.approx(found["letters"].mean(), abs=1e-5)
    scripts = {row[2]: row[3:] for row in tree.table("scripts").iter_rows()}
    assert scripts.keys() == {"Hangul", "Latin"} and sum(letters for letters, _ in scripts.values()) == found["letters"].sum()


def test_the_page_draws_what_any_trace_has(tree: Tree) -> None:
    assert tree.report() == 0
    drawn = {path.stem for path in (tree.out / "figures").iterdir()}
    assert {f"measure-{name}" for name in (*DRAWN, "tenths", "scripts")} | {"band-mixed"} <= drawn
    band = (tree.out / "figures/band-mixed.svg").read_text(encoding="utf-8")
    for share in ("76.2%", "68.8%", "60.0%"):  # 61, 55 and 48 of 80
        assert share in band
    assert DRAWN.keys() <= MEASURES.keys()


def test_charts_of_one_value_and_of_none_but_zeros_are_drawn() -> None:
    row = {"label": "a recipe", "tenth": 0.0, "half": 0.0, "nine_tenths": 0.0}
    assert "a recipe 0.0% (0.0% to 0.0%)" in spreads("x", "X", "", "share", pl.DataFrame([row]), True).summary
    assert "NaN" not in str(profiles("x", "X", "", [("a", [0.0] * 10), ("b", [1.0] * 10)]).body)


def judged(tree: Tree) -> None:
    """Half of the traces of exam questions are judged, two thirds of them right; of the others nothing is known."""
    sources = pl.concat(pl.read_parquet(path) for path in sorted((tree.results / "traces/forum/en_ko").glob("*/traces.parquet")))
    known = pl.col("source") == "exams"
    place = pl.col("prompt_id").cum_count().over("source")
    rows = sources.sort("prompt_id", "sample").with_columns(
        gold=pl.lit("1"),
        extracted=pl.lit("1"),
        verdict=pl.when(known & (place % 3 > 0)).then(pl.lit("correct")).when(known).then(pl.lit("wrong")).otherwise(pl.lit("no_gold")),
    )
    with Stage(tree.results / "judged/forum/en_ko/00000-of-00001", "judge", {}, []) as stage:
        write_table(rows, stage, "judged.parquet", JUDGED)


def test_the_teacher_s_accuracy_is_shown_where_it_was_asked_for(tree: Tree) -> None:
    judged(tree)
    assert tree.report() == 0
    assert not (tree.out / "tables/teacher.csv").exists()
    tree.spec["judged"] = True
    assert tree.report() == 0
    table = tree.table("teacher").with_columns(pl.col("by", "stratum").fill_null(""))
    whole, exams = (table.filter(pl.col("by") == by).row(0, named=True) for by in ("", "category"))
    traces = pl.concat(pl.read_parquet(path) for path in (tree.results / "traces/forum/en_ko").glob("*/traces.parquet"))
    count = traces.filter(pl.col("source") == "exams").height
    assert whole["traces"] == exams["traces"] == count and exams["stratum"] == "Exams"
    assert whole["correct"] == count - count // 3 and whole["accuracy"] == pytest.approx(whole["correct"] / count, abs=1e-5)
    for name in DRAWN:
        assert table.filter(pl.col("by") == name)["traces"].sum() == count
    assert {"teacher-forum-en_ko", "teacher-strata-forum-en_ko"} <= {path.stem for path in (tree.out / "figures").iterdir()}
