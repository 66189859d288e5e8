"""`snakemake --report`: the page, its figures and its tables with captions and categories, in a real browser."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from report_tree import Tree
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from workflow_copy import Workflow

REPORT = "results/reports/selection"  # the file that it is planned from gives its name


@pytest.fixture(scope="module")
def page(built: Tree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real page, with its figures and tables."""
    folder = tmp_path_factory.mktemp("page")
    tree = Tree(shutil.copytree(built.root, folder, dirs_exist_ok=True), built.spec, built.run)
    assert tree.report() == 0
    return tree.out


@pytest.fixture(scope="module")
def archive(page: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked report of a finished run with that page, written by the environment that users have."""
    folder = tmp_path_factory.mktemp("archive")
    workflow = Workflow.copied_to(folder / "run")
    left = f"import shutil; shutil.copytree({str(page)!r}, out, dirs_exist_ok=True)"
    workflow.edit("bin/koreason", 'open(out + "/index.html", "w").close()', left)
    workflow.run()
    command = [home / "envs" / "run", "data", "snakemake", "--configfile", "selection.yaml", "--report", "report.zip"]
    done = subprocess.run(command, cwd=workflow.folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    with zipfile.ZipFile(workflow.folder / "report.zip") as packed:
        packed.extractall(folder)
    return folder / "report"


def test_it_holds_page_figures_and_tables(archive: Path, page: Path, browser: webdriver.Chrome) -> None:
    browser.get_log("browser")
    browser.get((archive / "report.html").as_uri())
    wait = WebDriverWait(browser, 30)

    def text() -> str:
        return str(browser.execute_script("return document.body.innerText"))

    def click(name: str) -> None:
        wait.until(lambda _: name in text())
        browser.find_element(By.XPATH, f"//*[normalize-space(text())='{name}']").click()

    wait.until(lambda _: "From raw native-language questions" in text())
    held = {folder: sorted(path.stem for path in (page / folder.lower()).iterdir()) for folder in ("Figures", "Tables")}
    held["Results"] = ["The page"]
    for category, files in held.items():
        click(category)
        wait.until(lambda _, files=files: all(file in text() for file in files))
        browser.refresh()
    results = browser.execute_script("return results")
    assert {entry["caption"].strip() != "" for entry in results.values()} == {True}
    for name, entry in results.items():
        assert (archive / entry["data_uri"]).read_bytes() == (page / Path(name).relative_to(REPORT)).read_bytes()
    browser.get((archive / results[f"{REPORT}/index.html"]["data_uri"]).as_uri())
    assert browser.title == "A run for the tests"
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
