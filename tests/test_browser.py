"""Pages in a real browser: what is shown, folded and sorted; nothing is loaded from elsewhere, nothing is logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, DRIVER, browser

import archcalc as ac
from archcalc.render import Options, render

pytest.importorskip("selenium", reason="Selenium is not installed: pages are NOT looked at in a browser")
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="Chromium is not installed: pages are NOT looked at in a browser"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile")) as made:
        yield made


def opened(driver: Any, page: str, folder: Path) -> Any:
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    driver.get_log("performance")
    driver.get(path.as_uri())
    return driver


def rows(driver: Any) -> list[list[str]]:
    """The cells of the rows that are shown."""
    return driver.execute_script(
        "return [...document.querySelectorAll('tbody tr')].filter(row => row.offsetParent)"
        ".map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )


def click(driver: Any, text: str) -> None:
    driver.execute_script(
        "[...document.querySelectorAll('button')].find(button => button.innerText.trim() === arguments[0]).click()",
        text,
    )


def check_quiet(driver: Any) -> None:
    """Nothing was logged, and nothing asked for over a network."""
    assert driver.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if url.startswith(("http", "ws", "ftp", "//"))] == []


def test_levels_fold_and_unfold(driver: Any, tmp_path: Path) -> None:
    report = ac.analyze("resnet50")
    opened(driver, render(report, "html"), tmp_path)
    top = [row[0] for row in rows(driver)]
    assert top == [level.path for level in report.graph.root.children]
    click(driver, "conv2_x")
    assert [row[0] for row in rows(driver)] == [*top[:4], "residual1", "residual2", "residual3", *top[4:]]
    click(driver, "residual2")
    assert [row[0] for row in rows(driver)][5:9] == ["residual2", "main", "add", "relu"]
    click(driver, "conv2_x")
    assert [row[0] for row in rows(driver)] == top
    check_quiet(driver)


def test_columns_sort_by_exact_numbers(driver: Any, tmp_path: Path) -> None:
    filters = [10**8, 10**8 + 1, 7]
    layers = [{"conv": {"filters": count, "kernel": 1}, "name": f"c{count}"} for count in filters]
    wide = {"input": [3, 9, 9], "layers": layers}
    report = ac.analyze(wide)
    opened(driver, render(report, "html", Options(columns=("layer", "parameters", "macs"), units="si")), tmp_path)
    wanted = sorted(report.layers, key=lambda layer: -layer.macs)
    click(driver, "MACs")
    assert [row[0] for row in rows(driver)] == [layer.path for layer in wanted]
    click(driver, "MACs")
    assert [row[0] for row in rows(driver)] == [layer.path for layer in reversed(wanted)]
    click(driver, "MACs")
    assert [row[0] for row in rows(driver)] == [layer.path for layer in report]
    check_quiet(driver)


def test_a_sorted_table_shows_whole_paths_and_all_layers(driver: Any, tmp_path: Path) -> None:
    report = ac.analyze("googlenet_aux")
    opened(driver, render(report, "html"), tmp_path)
    click(driver, "parameters")
    shown = rows(driver)
    assert sorted(row[0] for row in shown) == sorted(layer.path for layer in report)
    counts = [int(row[3].replace(",", "")) for row in shown]
    assert counts == sorted(counts, reverse=True)
    check_quiet(driver)


def test_hostile_texts_stay_texts(driver: Any, tmp_path: Path) -> None:
    hostile = "</script><img src=x onerror=alert(1)><b>"
    data = {"title": hostile, "cite": hostile, "input": [4], "layers": [{"linear": 2}]}
    opened(driver, render(ac.analyze(data), "html"), tmp_path)
    assert hostile in driver.find_element("tag name", "caption").text
    assert driver.find_elements("tag name", "img") == []
    check_quiet(driver)


def test_a_narrow_screen_scrolls_inside_the_table_only(driver: Any, tmp_path: Path) -> None:
    driver.set_window_size(500, 800)
    opened(driver, render(ac.analyze("resnet50"), "html"), tmp_path)
    try:
        assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        driver.set_window_size(1100, 900)
