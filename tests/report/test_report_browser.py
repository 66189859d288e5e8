"""The report in a real browser: Chromium without a screen, the page opened from disk as a reader would."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_tree import HOSTILE, Tree, build
from selenium import webdriver

# Elements that reach beyond the window, those in a box of their own that scrolls aside.
TOO_WIDE = """
const inside = element => element.closest('.scroll, pre.json, .skip');
return [...document.querySelectorAll('body *')].filter(element => !inside(element))
    .filter(element => element.getBoundingClientRect().right > window.innerWidth + 0.5)
    .map(element => element.tagName + '.' + element.className.toString());
"""
# Text whose contrast with what lies behind it is below the 4.5 of WCAG 2.2, AA.
TOO_FAINT = """
const rgb = text => text.match(/[0-9.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
const behind = element => {
    for (let at = element; at; at = at.parentElement) {
        const colour = rgb(getComputedStyle(at).backgroundColor);
        if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
};
const faint = new Set();
for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest('title')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgb(element instanceof SVGElement ? style.fill : style.color)), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.add(element.tagName + '.' + (element.getAttribute('class') || '') + ' ' + contrast.toFixed(2));
}
return [...faint];
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A finished report whose prompts try to break out of their place."""
    tree = build(tmp_path_factory.mktemp("browser"), HOSTILE)
    assert tree.report() == 0
    return tree


def show(browser: webdriver.Chrome, page: Tree, width: int, scheme: str = "light", media: str = "") -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    browser.get((page.out / "index.html").as_uri())


def requests(browser: webdriver.Chrome) -> list[str]:
    events: list[dict[str, Any]] = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


def test_loads_nothing_and_complains_of_nothing(browser: webdriver.Chrome, page: Tree) -> None:
    browser.get_log("performance")
    browser.get_log("browser")
    show(browser, page, 1200)
    assert browser.title == "A run for the tests"
    assert browser.get_log("browser") == []
    outside = [url for url in requests(browser) if not url.startswith("data:,")]
    assert outside == [(page.out / "index.html").as_uri()]
    assert browser.execute_script("return document.images.length") == 0
    assert browser.execute_script("return [...document.scripts].filter(one => one.type !== 'application/json').length") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1400])
def test_fits_and_can_be_read(browser: webdriver.Chrome, page: Tree, width: int, scheme: str) -> None:
    show(browser, page, width, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(TOO_WIDE) == []
    assert browser.execute_script(TOO_FAINT) == []
    figures = browser.execute_script(
        "return [...document.querySelectorAll('svg')].map(e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height])"
    )
    assert len(figures) == len(list(page.out.glob("figures/*.svg"))) > 10
    assert all(wide > 250 and high > 40 for wide, high in figures)
    dark = sum(browser.execute_script("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")) < 300
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("width", [360, 1200])
def test_words_in_figures_stay_inside(browser: webdriver.Chrome, page: Tree, width: int) -> None:
    show(browser, page, width)
    outside = browser.execute_script(
        "return [...document.querySelectorAll('svg text')].filter(word => {"
        "  const [a, b] = [word.getBoundingClientRect(), word.ownerSVGElement.getBoundingClientRect()];"
        "  return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 3 || a.bottom > b.bottom + 3;"
        "}).map(word => word.textContent)"
    )
    assert outside == []
    smallest = browser.execute_script(
        "return Math.min(...[...document.querySelectorAll('svg text')].map(word => {"
        "  const box = word.ownerSVGElement;"
        "  return parseFloat(getComputedStyle(word).fontSize) * box.getBoundingClientRect().width / box.viewBox.baseVal.width;"
        "}))"
    )
    assert smallest >= 10


def test_is_told_to_those_who_cannot_see_it(browser: webdriver.Chrome, page: Tree) -> None:
    show(browser, page, 1200)
    assert browser.execute_script("return document.querySelectorAll('svg:not([role=img][aria-label])').length") == 0
    assert browser.execute_script("return document.querySelectorAll('th:not([scope])').length") == 0
    assert browser.execute_script("return [...document.querySelectorAll('h1')].length") == 1
    levels = browser.execute_script("return [...document.querySelectorAll('h1, h2, h3, h4, h5')].map(heading => +heading.tagName[1])")
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert browser.execute_script("return document.documentElement.lang") == "en"
    assert browser.execute_script("return document.querySelectorAll('.sample .text:not([lang=ko])').length") == 0
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    images = [node for node in tree if node.get("role", {}).get("value") in ("image", "img")]
    assert images and all(node["name"]["value"] for node in images)


def test_prints(browser: webdriver.Chrome, page: Tree, tmp_path: Path) -> None:
    show(browser, page, 720, "dark", media="print")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 720
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"
    assert len(browser.print_page()) > 20_000


@pytest.mark.parametrize("figure", ["prompts-forum", "scores-exam"])
def test_figures_stand_alone(browser: webdriver.Chrome, page: Tree, figure: str) -> None:
    browser.get((page.out / "figures" / f"{figure}.svg").as_uri())
    assert browser.execute_script("return document.documentElement.getBoundingClientRect().height") > 40
    bar = browser.execute_script("return getComputedStyle(document.querySelector('rect.kept, circle.trained')).fill")
    assert bar not in ("rgb(0, 0, 0)", "none")
