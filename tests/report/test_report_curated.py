"""What curation measured, on the page: tables that add up, figures for each, and none where nothing was left."""

import shutil

import polars as pl
import pytest
from report_tree import Tree

from koreason.report.curated.story import MOST, matrix

TABLES = ("prompt_sources", "prompt_lengths", "prompt_shares", "personal_data", "twins", "contamination")
FIGURES = (
    "prompt-lengths-forum",
    "prompt-lengths-forum-by-source",
    "prompt-shares-forum",
    "twins-forum",
    "personal-data-forum",
    "contamination-forum",
)


def test_every_prompt_is_counted(tree: Tree) -> None:
    assert tree.report() == 0
    for name in ("prompt_lengths", "prompt_shares", "prompt_sources"):
        assert tree.table(name).group_by("source").agg(pl.col("prompts").sum())["prompts"].to_list() == [60] * 4
    lengths, texts = tree.table("prompt_lengths"), pl.scan_parquet(tree.results / "cleaned/forum/*/texts.parquet").collect()
    for start, end in ((64, 91), (512, 725)):
        counted = lengths.filter((pl.col("from") == start) & (pl.col("to") == end))["prompts"].sum()
        assert counted == texts.filter(pl.col("chars").is_between(start, end, closed="left")).height
    below = lengths.filter(pl.col("to") <= 1024)["prompts"].sum()
    assert below == texts.filter(pl.col("chars") < 1024).height
    half = texts.filter(pl.col("source") == "exams")["chars"].median()
    assert tree.table("prompt_sources").filter(pl.col("source") == "exams")["chars_half"][0] == half


def test_twins_are_those_that_were_dropped(tree: Tree) -> None:
    assert tree.report() == 0
    twins, prompts = tree.table("twins"), tree.table("prompts")
    assert twins["prompts"].sum() == prompts.filter(pl.col("reason") == "duplicate")["prompts"].sum() == 22
    assert twins.filter(pl.col("kept") != pl.col("dropped"))["prompts"].sum() > 0
    for source, count in prompts.filter(pl.col("reason") == "duplicate").select("source", "prompts").iter_rows():
        assert twins.filter(pl.col("dropped") == source)["prompts"].sum() == count


def test_personal_data_and_overlaps(tree: Tree) -> None:
    assert tree.report() == 0
    found = tree.table("personal_data")
    assert found.filter(pl.col("kind") == "phone")["found"].to_list() == [21, 3, 3, 3] and "account" not in found["kind"]
    overlaps = tree.table("contamination").fill_null("")
    rows = {(row[1], row[2], row[3]): row[4] for row in overlaps.iter_rows()}
    assert rows["", "exam", ""] == 4 and rows["", "exam", "signature"] == 1 and rows["", "sums", ""] == 1
    assert rows["en_ko", "exam", "characters"] == 2


def test_the_limit_stands_apart(tree: Tree) -> None:
    assert tree.report() == 0
    figure = (tree.out / "figures/prompts-forum.svg").read_text(encoding="utf-8")
    assert figure.index("− too short") < figure.index("− over the limit") and 'class="idle"' in figure


def test_each_has_its_figure(tree: Tree) -> None:
    assert tree.report() == 0
    assert all((tree.out / "figures" / f"{name}.svg").is_file() for name in FIGURES)
    assert "What was measured of them" in tree.page()


@pytest.mark.parametrize("gone", ["cleaned", "duplicates", "overlaps", "overlaps/forum/en_ko", "cleaned/forum/exams"])
def test_what_is_not_there_is_left_out(tree: Tree, gone: str) -> None:
    shutil.rmtree(tree.results / gone)
    assert tree.report() == 0
    assert all((tree.out / "tables" / f"{name}.csv").is_file() for name in TABLES)


def test_a_run_without_any_of_it(tree: Tree) -> None:
    for gone in ("cleaned", "duplicates", "overlaps"):
        shutil.rmtree(tree.results / gone)
    assert tree.report() == 0
    assert "What was measured of them" not in tree.page()
    assert all(tree.table(name).height == 0 for name in TABLES)


def test_a_large_matrix_keeps_what_is_large() -> None:
    rows = [{"kept": f"k{row}", "dropped": f"d{column}", "prompts": row * column} for row in range(1, 12) for column in range(1, 12)]
    drawn = matrix("m", "M", "", pl.DataFrame(rows), ("kept", "dropped", "prompts"))
    assert str(drawn.body).count('class="cell"') == MOST * MOST
    assert "k11, d11: 121" in drawn.summary and f"others, others: {sum(range(1, 7)) ** 2}" in drawn.summary
