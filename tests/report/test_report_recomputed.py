"""Published tables recomputed: what bounds say of them, and the page that needs no run."""

import random
from pathlib import Path

import pytest
from report_tree import Tree
from scipy import stats as scipy_stats

from koreason.cli import main
from koreason.report.recomputed.carried import compared
from koreason.report.recomputed.tables import of_printed
from koreason.statistics.paired import mcnemar


def test_the_bounds_hold_for_any_data_with_these_shares() -> None:
    """McNemar's p on data that has them lies above the least; and of independent answers it is about the most."""
    draw, items = random.Random(4), 200
    for _ in range(300):
        ease, skill = [draw.random() for _ in range(items)], draw.random() * 0.5
        one = [draw.random() < p for p in ease]
        other = [draw.random() < min(1, p + skill) for p in ease]
        found = compared(100 * sum(one) / items, 100 * sum(other) / items, items)
        only_one = sum(a and not b for a, b in zip(one, other, strict=True))
        only_other = sum(b and not a for a, b in zip(one, other, strict=True))
        p = mcnemar(only_one, only_other)
        assert found.least <= p + 1e-12
        if found.carried == "no":
            assert p >= 0.05


def test_most_is_the_test_of_two_shares_without_pooling() -> None:
    found = compared(48.1, 55.8, 129)
    error = (0.481 * 0.519 / 129 + 0.558 * 0.442 / 129) ** 0.5
    assert found.most == pytest.approx(2 * scipy_stats.norm.sf(0.077 / error), abs=1e-9)
    assert found.least == pytest.approx(scipy_stats.binomtest(0, 10).pvalue, abs=1e-9)
    assert (found.carried, found.low < 0 < found.high) == ("if paired", True)
    assert compared(50, 51, 129).carried == "no" and compared(20, 60, 129).carried == "yes"


def test_gains_and_a_mix_follow_from_rows() -> None:
    rows = {"m": {"before": {"x": 40.0}, "Code": {"x": 60.0}, "Daily": {"x": 41.0}}}
    table = of_printed(
        {"title": "t", "where": "w", "says": [], "items": {"x": 1000}, "rows": rows, "against": "before"}
        | {"trained": {"Code": 1000, "Daily": 1000}, "available": {"Code": 700, "Daily": 5000}, "mix": 900}
    )
    [model] = table["gains"]
    assert [row["carried"] for row in model["rows"]] == ["yes", "not shown"] and model["quotas"] == {"Code": 700}
    assert table["summary"][0].startswith("2 of 2 figures are higher than before: 1 of these are carried")


def test_the_papers_tables_on_a_page_without_a_run(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "paper.html"
    assert main(["recompute", str(home / "config/paper.yaml"), "--out", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    for words in ("table 2", "table 3", "table 5", "+18.6", "74 of 81 figures are higher than before"):
        assert words in page
    # the paper: "degradation only in two cases, below two points"
    assert "ax-3_1-35b on hrb (-5.1), ax-3_1-35b on click (-5.7)" in page
    assert "<script" not in page
    assert main(["recompute", str(home / "config/demo.yaml"), "--out", str(out)]) == 2
    assert "holds no published table" in capsys.readouterr().err


def test_a_run_shows_them_too(tree: Tree) -> None:
    printed = {"title": "<b>T</b>", "where": "w", "says": ["<i>s</i>"], "items": {"x": 100}, "against": "a"}
    tree.spec["recomputed"] = [printed | {"rows": {"m": {"a": {"x": 10.0}, "b": {"x": 90.0}}}}]
    assert tree.report() == 0
    page = tree.page()
    assert "Published tables: what their own rows carry" in page and "&lt;b&gt;T" in page and "<b>T</b>" not in page


@pytest.mark.parametrize(("before", "after", "items"), [(0, 100, 1), (0, 20, 20), (0, 100, 4), (0, 0, 3), (100, 100, 3)])
def test_few_items_carry_no_more_than_any_data_could(before: float, after: float, items: int) -> None:
    found = compared(before, after, items)
    assert found.carried == "no" and found.most >= found.least >= mcnemar(0, round((after - before) / 100 * items))
