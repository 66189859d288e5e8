"""How fast the report opens, and a score's answers in it:  envs/run dev python bench/answers.py [ITEMS] [CHARACTERS]

Makes a run of one model before and after training on one benchmark, as many items as the paper's nine have together (15,303), three
repeats each, writes its report, and opens it in Chromium from disk: seconds until the page stands, until a score's items are listed, and
until an item's answers are read. The claim: each under 2 s, whatever the answers' length.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

HOME = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HOME / "tests" / "report"), str(HOME / "tests"), str(HOME)]
import report_tree  # noqa: E402
from conftest import FLAGS  # noqa: E402
from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402

from koreason.records.stage import Stage  # noqa: E402
from koreason.tables import GENERATIONS, READINGS, SCORED, write_table  # noqa: E402


def enlarge(folder: Path, items: int, characters: int) -> None:
    """Put many long answers in the place of a score's few."""
    frame = pl.DataFrame({"item_id": [f"{n:05d}" for n in range(items)]}).join(pl.DataFrame({"repeat": [0, 1, 2]}), how="cross")
    said = "<think>\n" + "차근차근 생각해 보자. " * (characters // 12) + "</think>\n답은 \\boxed{A}"
    with Stage(folder / "generations", "generate", {}, []) as stage:
        drawn = frame.with_columns(prompt=pl.lit("문제 " * 80), response=pl.lit(said), finish=pl.lit("stop"), tokens=900, seed=1)
        write_table(drawn, stage, "generations.parquet", GENERATIONS)
    scored = frame.with_columns(category=pl.lit("c"), gold=pl.lit("A"), extracted=pl.lit("A"), correct=True, verdict=pl.lit("correct"))
    read = scored.with_columns(rule=pl.lit("box"), start=len(said) - 2, end=len(said) - 1, cluster="item_id")
    both = pl.concat([read.with_columns(profile=pl.lit(name)) for name in ("robust", "paper_text")])
    scores = (folder / "scores" / "scores.json").read_bytes()
    with Stage(folder / "scores", "score", {}, []) as stage:
        write_table(both.sort("item_id", "repeat"), stage, "readings.parquet", READINGS)
        write_table(scored, stage, "scored.parquet", SCORED)
        stage.path("scores.json").write_bytes(scores)
        stage.add("scores.json")


def waited(browser: webdriver.Chrome, script: str) -> float:
    """Seconds until a script returns true."""
    started = time.monotonic()
    while not browser.execute_script(script):
        time.sleep(0.01)
    return time.monotonic() - started


def main(items: int, characters: int) -> None:
    """Make, open, and print."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        tree = report_tree.build(Path(folder))
        for state in ("base/base", "mixed/short"):
            enlarge(tree.results / "evals" / "small" / state / "exam", items, characters)
        started = time.monotonic()
        assert tree.report() == 0
        size = sum(path.stat().st_size for path in (tree.out / "items").glob("*"))
        print(f"written in {time.monotonic() - started:.1f} s: {size / 1e6:,.0f} MB in {len(list((tree.out / 'items').glob('*')))} files")
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        try:
            started = time.monotonic()
            browser.get((tree.out / "index.html").as_uri())
            print(f"page open after {time.monotonic() - started:.2f} s ({(tree.out / 'index.html').stat().st_size / 1e6:.1f} MB)")
            browser.execute_script("document.querySelector('.matrix tbody tr:last-child button.open').click()")
            print(f"items listed after {waited(browser, 'return document.querySelectorAll(`#reader .items li`).length > 0'):.2f} s")
            browser.execute_script("document.querySelector('#reader .items button').click()")
            print(f"answers read after {waited(browser, 'return document.querySelectorAll(`#reader .answer`).length > 0'):.2f} s")
        finally:
            browser.quit()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", nargs="?", type=int, default=15_303, metavar="ITEMS", help="of the benchmark (default: %(default)s)")
    parser.add_argument("characters", nargs="?", type=int, default=1_000, metavar="CHARACTERS", help="of an answer (default: %(default)s)")
    arguments = parser.parse_args()
    main(arguments.items, arguments.characters)
