"""The report's one script in a real browser: tables, the reader of answers, and script in every text that a model or benchmark said."""

import json
import time
from pathlib import Path

import pytest
from report_tree import HOSTILE, Tree, build
from selenium import webdriver
from test_report_browser import TOO_FAINT, TOO_WIDE, requests, show

from koreason.report.answers import texts
from koreason.report.answers.texts import as_script

READ = "return document.querySelector('#reader .reading').innerText"
TAKEN = "return [document.title, document.querySelectorAll('img').length, window.taken]"


@pytest.fixture(scope="module", params=["inside", "beside"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A report with hostile texts, its answers inside of the page, or in files beside it."""
    tree = build(tmp_path_factory.mktemp(request.param), HOSTILE)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "beside":
            patch.setattr("koreason.report.page.INSIDE", 1000)
            patch.setattr(texts, "PIECE", 2000)
        assert tree.report() == 0
    assert (tree.out / "items").is_dir() == (request.param == "beside")
    return tree


def until(browser: webdriver.Chrome, script: str) -> None:
    """Until a script returns true."""
    deadline = time.monotonic() + 20
    while not browser.execute_script(script):
        assert time.monotonic() < deadline, script
        time.sleep(0.05)


def opened(browser: webdriver.Chrome, page: Tree, width: int = 1200, scheme: str = "light") -> None:
    """Open the page, the answers of the last score in its table, and its first item."""
    show(browser, page, width, scheme)
    browser.execute_script("const all = document.querySelectorAll('.matrix button.open'); all[all.length - 1].click()")
    until(browser, "return document.querySelectorAll('#reader .items li').length > 0")
    browser.execute_script("document.querySelector('#reader .items button').click()")
    until(browser, "return document.querySelectorAll('#reader .reading .answer').length > 0")


def test_a_score_opens_its_answers(browser: webdriver.Chrome, page: Tree) -> None:
    browser.get_log("browser")
    opened(browser, page)
    assert browser.get_log("browser") == []
    said = browser.execute_script(READ)
    assert "Repeat 1" in said and "Repeat 3" in said and "Thinking, " in said
    assert "robust" in said and "paper_text" in said and "no box" in said
    assert browser.execute_script("return document.querySelector('#reader details').open") is False
    assert browser.execute_script("return document.querySelector('#reader mark').textContent") in ("A", "B")
    assert browser.execute_script("return document.querySelector('#reader h3').textContent") == "Answers of small, mixed, on sums"


def test_nothing_that_was_said_runs(browser: webdriver.Chrome, page: Tree) -> None:
    browser.get_log("performance")
    opened(browser, page)
    assert '<script>document.title = "taken"</script>' in browser.execute_script(READ)
    assert browser.execute_script(TAKEN) == ["A run for the tests", 0, None]
    here = page.out.as_uri()
    assert all(url.startswith(("data:,", here)) for url in requests(browser))
    # nor what is put into the page later by hand: only our script may load others
    browser.execute_script("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.taken = 1\">')")
    browser.execute_script(
        "const one = document.createElement('div'); one.innerHTML = '<script>window.taken = 1<\\/script>'; document.body.append(one)"
    )
    time.sleep(0.3)
    assert browser.execute_script("return window.taken") is None


def test_items_are_chosen_and_tables_sorted(browser: webdriver.Chrome, page: Tree) -> None:
    opened(browser, page)
    listed = "return document.querySelectorAll('#reader .items li').length"
    every = browser.execute_script(listed)
    browser.execute_script(
        "const s = document.querySelector('#reader select'); s.value = 'never right'; s.dispatchEvent(new Event('change'))"
    )
    assert 0 < browser.execute_script(listed) < every == 30
    browser.execute_script(
        "const s = document.querySelector('#reader input'); s.value = 'no such item'; s.dispatchEvent(new Event('input'))"
    )
    assert browser.execute_script(listed) == 0
    column = "return [...document.querySelectorAll('.matrix tbody tr')].map(row => row.cells[2].querySelector('button').textContent)"
    before = browser.execute_script(column)
    for _ in range(2):
        browser.execute_script("document.querySelectorAll('.matrix button.sort')[2].click()")
    assert browser.execute_script(column) == sorted(before, key=lambda figure: float(figure.rstrip("%")))
    browser.execute_script("document.querySelectorAll('.matrix button.sort')[2].click()")
    assert browser.execute_script(column) == sorted(before, key=lambda figure: -float(figure.rstrip("%")))


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_the_reader_fits_and_can_be_read(browser: webdriver.Chrome, page: Tree, width: int, scheme: str) -> None:
    opened(browser, page, width, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(TOO_WIDE) == []
    assert browser.execute_script(TOO_FAINT) == []


def test_files_beside_the_page_hold_one_call_each(page: Tree) -> None:
    for path in (page.out / "items").glob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert source.startswith("koreasonTake(") and "<" not in source
        name, text = json.loads("[" + source.removeprefix("koreasonTake(").rstrip().removesuffix(");") + "]")
        assert path.stem == name and isinstance(json.loads(text), dict)


def test_no_text_ends_the_call_or_the_block() -> None:
    hostile = '");alert(1);//</script><!--\u2028\u2029\\"\'`${1}'
    assert json.loads(as_script("a", hostile).removeprefix('koreasonTake("a",').rstrip().removesuffix(");")) == hostile
    assert "<" not in texts._json({hostile: hostile}) and json.loads(texts._json({hostile: hostile})) == {hostile: hostile}


def test_without_answers_nothing_of_them_is_there(tmp_path: Path) -> None:
    tree = build(tmp_path, HOSTILE)
    tree.spec["answers"] = False
    assert tree.report() == 0
    assert "data-cell" not in tree.page().split("<script>")[0] and "data-piece=" not in tree.page().split("<script>")[0]
    assert not (tree.out / "items").exists()
