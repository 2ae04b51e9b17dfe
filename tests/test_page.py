"""The interactive page in a real browser: what it computes is what archcalc computes, to the last digit."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, DRIVER, browser
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims
from archcalc.analysis import with_values
from archcalc.cli import main
from archcalc.errors import ArchcalcError
from archcalc.liveness import schedule
from archcalc.memory import buffer_bytes, with_weights
from archcalc.network import load, variants
from archcalc.page import choices, page
from archcalc.partition import plan
from archcalc.receptive import Fields
from archcalc.render.rows import nested
from archcalc.report import BITS, Report
from archcalc.zoo import files

pytest.importorskip("selenium", reason="Selenium is not installed: pages are NOT looked at in a browser")
in_a_browser = [
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="Chromium is not installed: pages are NOT looked at in a browser"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
pytestmark = in_a_browser
NETWORKS = ("vgg16", "googlenet", "resnet50", "mobilenet")
COLUMNS = ("parameters", "macs", "flops", "activations")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile")) as made:
        made.set_script_timeout(30)
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def written(folder: Path, *networks: str, charts: bool = False, **settings: Any) -> Path:
    path = folder / f"{'-'.join(networks)}{charts}.html"
    if not path.exists():
        found = [choices(load(name), {}) for name in networks]
        path.write_text(page(found, charts=charts, **settings), encoding="utf-8")
    return path


def opened(driver: Any, path: Path, fragment: str = "") -> None:
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(path.as_uri() + fragment)
    settle(driver)


def settle(driver: Any) -> None:
    """Wait until the page has drawn what was chosen."""
    driver.execute_async_script(
        "const done = arguments[0]; const wait = () => document.documentElement.dataset.ready === undefined"
        " ? setTimeout(wait, 10) : requestAnimationFrame(() => requestAnimationFrame(() => done())); wait();"
    )


def choose(driver: Any, **values: Any) -> None:
    """Type numbers into the fields beside the sliders."""
    for name, value in values.items():
        driver.execute_script(
            "const field = document.querySelector(`input[type=text][data-name='${arguments[0]}']`);"
            "field.value = arguments[1]; field.dispatchEvent(new Event('input', { bubbles: true }));",
            name, str(value),
        )  # fmt: skip
    settle(driver)


def choose_menu(driver: Any, selector: str, value: str) -> None:
    driver.execute_script(
        "const menu = document.querySelector(arguments[0]); menu.value = arguments[1];"
        "menu.dispatchEvent(new Event('change', { bubbles: true }));",
        selector, value,
    )  # fmt: skip
    settle(driver)


def totals(driver: Any, network: int = 0) -> dict[str, str]:
    found = driver.execute_script(
        "return [...document.querySelectorAll(`#totals [data-network='${arguments[0]}'] [data-total]`)]"
        ".map(element => [element.dataset.total, element.dataset.value])",
        network,
    )
    return dict(found)


def table(driver: Any, network: int = 0) -> list[list[str]]:
    """Every row of the table: path, whether it is a level, output, then raw numbers."""
    driver.execute_script("document.querySelectorAll('table.layers').forEach(table => table.tBodies[0].click())")
    return driver.execute_script(
        "return [...document.querySelectorAll(`[data-network='${arguments[0]}'] table.layers tbody tr`)].map(row =>"
        "[row.cells[0].textContent.trim(), row.classList.contains('level') ? 'level' : '', row.cells[2].textContent,"
        "...[...row.cells].slice(3).map(cell => cell.dataset.value ?? '')])",
        network,
    )


def check_quiet(driver: Any) -> None:
    assert [entry for entry in driver.get_log("browser") if entry["level"] != "INFO"] == []
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if url.startswith(("http", "ws", "ftp", "//"))] == []


def check_against(driver: Any, report: Report, network: int = 0) -> None:
    """Totals, every layer, sizes, fields and memory of the page are those of the report."""
    data = report.to_dict()
    shown = totals(driver, network)
    for name, value in shown.items():
        if name in data["totals"]:
            assert value == str(data["totals"][name]), name
    assert shown["inference_memory"] == str(with_weights(report))
    assert shown["peak_activation_bytes"] == str(schedule(report).peak)
    assert shown["buffer_bytes"] == str(buffer_bytes(report))
    rows = {row[0]: row[2:] for row in table(driver, network) if not row[1]}
    steps = {step.layer: str(step.bytes) for step in schedule(report).steps}
    for layer in data["layers"]:
        output, *numbers = rows[layer["path"]]
        assert output == "x".join(map(str, layer["output"]))
        found = report.layer(layer["path"])
        assert numbers[:4] == [str(found[name]) for name in COLUMNS], layer["path"]
        assert numbers[5] == steps.get(layer["path"], ""), layer["path"]
    levels = {row[0]: row[2] for row in table(driver, network) if row[1]}
    made = {row.path: str(row.output) for row, _, is_level in nested(report) if is_level}
    assert levels == made
    fields = Fields(report)
    for field in fields:
        shown = rows[field.path][5]  # none where symbols alone leave open which places units see
        assert shown == str(field.size) or not isinstance(field.size, int) or shown == "", field.path


def settings_of(rng: random.Random, name: str) -> dict[str, Any]:
    """Random positions of the sliders of a network."""
    values: dict[str, Any] = {
        "H": rng.randint(64, 400), "W": rng.randint(64, 400), "N": rng.randint(1, 300), "classes": rng.randint(1, 3000),
    }  # fmt: skip
    if name == "mobilenet":
        values["alpha"] = rng.choice(["1/4", "0.5", "0.29", "1", "1.37", "2"])
    return values


def analyzed(name: str, values: dict[str, Any], dtype: str, **let: Any) -> Report:
    given = {key: value for key, value in values.items() if key not in "HWN"}
    return ac.analyze(name, input=(3, values["H"], values["W"]), batch=values["N"], dtype=dtype, let={**given, **let})


@pytest.mark.parametrize("name", NETWORKS)
def test_thirty_random_positions_of_the_sliders(driver: Any, folder: Path, name: str) -> None:
    rng = random.Random(name)
    opened(driver, written(folder, name))
    check_against(driver, ac.analyze(name))
    for _ in range(30):
        values, dtype = settings_of(rng, name), rng.choice(list(BITS))
        choose(driver, **values)
        choose_menu(driver, "#dtype", dtype)
        check_against(driver, analyzed(name, values, dtype))
    assert all(row[8] for row in table(driver) if not row[1]), "every layer has a receptive field"
    check_quiet(driver)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(network.name for family in files() for network in variants(family)))
def test_every_network_at_every_slider(driver: Any, folder: Path, name: str) -> None:
    """Each slider alone a third up, then all together; where archcalc refuses, the page has no numbers."""
    found = choices(load(name), {})
    path = folder / "one.html"
    path.write_text(page([found], charts=False), encoding="utf-8")
    opened(driver, path)
    check_against(driver, ac.analyze(name))
    names = driver.execute_script("return [...document.querySelectorAll('input[type=range]')].map(e => e.dataset.name)")
    sliders = [slider for slider in found.sliders if slider.name in names]
    moved = {slider.name: dims.floordiv(4 * slider.value, 3) + (slider.value < 3) for slider in sliders}
    for values in (*({one: value} for one, value in moved.items()), moved):
        driver.find_element("id", "reset").click()
        choose(driver, **values)
        try:
            report = ac.analyze(name, **with_values(load(name), values, {}))
        except ArchcalcError:
            assert driver.find_element("id", "problems").is_displayed(), values
        else:
            check_against(driver, report)
    check_quiet(driver)


def test_menus_choose_precomputed_networks(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "resnet50"))
    for menu, value, let in (
        ("depths", "3,8,36,3", {"depths": (3, 8, 36, 3)}),
        ("v1", "true", {"v1": True}),
        ("bottleneck", "false", {"bottleneck": False}),
    ):
        choose(driver, H=200, classes=10)
        choose_menu(driver, f"[data-menu='{menu}']", value)
        check_against(driver, ac.analyze("resnet50", input=(3, 200, 224), let={"classes": 10, **let}))
        driver.find_element("id", "reset").click()
        settle(driver)
    choose_menu(driver, "[data-variants]", "resnet18")
    check_against(driver, ac.analyze("resnet18"))
    check_quiet(driver)


def test_a_broken_assumption_stands_in_place_of_numbers(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "vgg16"))
    choose(driver, H=31)
    told = driver.find_element("id", "problems")
    assert (told.is_displayed(), told.text) == (True, "assumes H >= 32")
    shown = driver.execute_script("return [...document.querySelectorAll('[data-total]')].map(e => e.textContent)")
    assert set(shown) == {"\N{EN DASH}"}
    with pytest.raises(ArchcalcError):
        ac.analyze("vgg16", input=(3, 31, 224))
    choose(driver, H="many")
    assert driver.find_element("id", "problems").text == "H is a whole number >= 1"
    choose(driver, H=32)
    assert not driver.find_element("id", "problems").is_displayed()
    check_against(driver, ac.analyze("vgg16", input=(3, 32, 224)))


def test_a_link_restores_what_was_chosen(driver: Any, folder: Path) -> None:
    path = written(folder, "resnet50")
    opened(driver, path)
    choose(driver, H=320, N=8)
    choose_menu(driver, "#dtype", "float16")
    choose_menu(driver, "[data-menu='depths']", "3,4,23,3")
    driver.execute_async_script("setTimeout(arguments[0], 300)")
    fragment = driver.execute_script("return location.hash")
    assert sorted(fragment.removeprefix("#").split("&")) == ["0.depths=3%2C4%2C23%2C3", "H=320", "N=8", "dtype=float16"]
    opened(driver, path, fragment)
    report = ac.analyze("resnet101", input=(3, 320, 224), batch=8, dtype="float16")
    check_against(driver, report)
    opened(driver, path, "#H=abc&nonsense=1&0.depths=9,9&dtype=toString&7.x=2&__proto__=3&0.constructor=1")
    assert driver.find_element("id", "problems").text == "H is a whole number >= 1"
    check_quiet(driver)


def test_words_of_the_language_may_name_lets(driver: Any, folder: Path) -> None:
    names = ("toString", "constructor", "dtype", "valueOf")
    convs = [{"conv": {"filters": name, "kernel": 1}} for name in names]
    spec = {"input": [3, 8, 8], "let": dict.fromkeys(names, 5), "layers": convs}
    path = folder / "words.html"
    path.write_text(page([choices(load(spec), {})], charts=False), encoding="utf-8")
    opened(driver, path)
    check_against(driver, ac.analyze(spec))
    choose(driver, **{name: 7 + place for place, name in enumerate(names)})
    choose_menu(driver, "#dtype", "float16")
    report = ac.analyze(spec, let={name: 7 + place for place, name in enumerate(names)}, dtype="float16")
    check_against(driver, report)
    driver.execute_async_script("setTimeout(arguments[0], 300)")
    opened(driver, path, driver.execute_script("return location.hash"))
    check_against(driver, report)
    check_quiet(driver)


def test_bits_of_layers_hold_whatever_the_dtype(driver: Any, folder: Path) -> None:
    convs = [{"conv": {"filters": 8, "kernel": 3, "pad": 1, "bits": bits}} for bits in (32, 8, 3)]
    spec = {"input": [3, 32, 32], "layers": [convs[0], "relu", *convs[1:], {"conv": {"filters": 8, "kernel": 3}}]}
    words = {"input": [20], "layers": [{"embedding": {"count": 100, "size": 8}}, "flatten", {"linear": 5}]}
    for number, network in enumerate((spec, words)):
        path = folder / f"bits{number}.html"
        settings = {"devices": 2, "scheme": "pipeline"}
        found = choices(load(network), {}, dtype="int8")
        path.write_text(page([found], charts=False, partition=settings), encoding="utf-8")
        opened(driver, path)
        for dtype in ("int8", "float32", "float16", "int1"):
            choose_menu(driver, "#dtype", dtype)
            report = ac.analyze(network, dtype=dtype)
            check_against(driver, report)
            over = plan(report, devices=2, scheme="pipeline", stages=stages_of(network))
            moved = driver.execute_script(
                "return [...document.querySelectorAll('[data-moved]')].map(e => e.dataset.value)"
            )
            assert moved == [str(crossing.step_bytes) for crossing in over.crossings], dtype


def stages_of(network: Any) -> list[str]:
    """Where the stages of a pipeline begin for the numbers that a page begins with."""
    first = plan(ac.analyze(network), devices=2, scheme="pipeline", batch=1)
    return [first.report.layers[min(share.runs)].path for share in first.shares[1:]]


def test_the_whole_page_follows(driver: Any, folder: Path) -> None:
    """Captions in the diagram, the line under the heading, outputs of levels that end in a head."""
    opened(driver, written(folder, "mobilenet"))
    choose(driver, H=300, alpha="0.5", classes=10, N=8)
    choose_menu(driver, "#dtype", "int8")
    diagram = driver.execute_script("return document.querySelector('.blocks').textContent")
    assert "3x300x224" in diagram and "conv 3x3/2, 16" in diagram and "linear 10" in diagram
    assert not any(old in diagram for old in ("3x224x224", "conv 3x3/2, 32", "linear 1000"))
    about = driver.execute_script("return document.querySelector('.about').textContent")
    assert about == "input 3x300x224, batch 8, int8, alpha = 0.5, classes = 10"
    opened(driver, written(folder, "resnet50"))
    choose_menu(driver, "[data-variants]", "resnet18")
    diagram = driver.execute_script("return document.querySelector('.blocks').textContent")
    assert "input3x224x224" in diagram and "linear 1000" in diagram and "H" not in diagram
    choose_menu(driver, "[data-menu='depths']", "3,4,6,3")
    assert driver.execute_script("return document.querySelector('[data-variants]').value") == "resnet34"


def test_networks_of_different_defaults(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "alexnet_owt", "googlenet", "alexnet"))
    field = "return document.querySelector('input[type=text][data-name=H]')"
    assert driver.execute_script(f"{field}.value") == ""
    assert driver.execute_script(f"{field}.placeholder") == "224, 227"
    check_against(driver, ac.analyze("alexnet"), 2)
    choose(driver, H=224, W=224)
    for number, name in enumerate(("alexnet_owt", "googlenet", "alexnet")):
        check_against(driver, ac.analyze(name, input=(3, 224, 224)), number)


def test_sorted_rows_stay_sorted(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "vgg16"))
    driver.execute_script("document.querySelectorAll('table.layers th button')[4].click()")  # MACs, most first
    choose(driver, H=64, W=448, classes=3000)
    macs = driver.execute_script(
        "return [...document.querySelectorAll('table.layers tbody tr')].filter(row => row.offsetParent)"
        ".map(row => Number(row.cells[4].dataset.value))"
    )
    assert len(macs) == 40 and macs == sorted(macs, reverse=True)


def test_networks_are_compared_in_step(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "vgg16", "googlenet"))
    check_against(driver, ac.analyze("vgg16"), 0)
    check_against(driver, ac.analyze("googlenet"), 1)
    choose(driver, H=256, W=320, classes=17)
    for number, name in enumerate(("vgg16", "googlenet")):
        check_against(driver, ac.analyze(name, input=(3, 256, 320), let={"classes": 17}), number)
    ratio = driver.execute_script("return document.querySelector('[data-ratio=\"1 macs\"]').textContent")
    first, second = (ac.analyze(n, input=(3, 256, 320), let={"classes": 17}).macs for n in ("vgg16", "googlenet"))
    assert ratio == f"{(2000 * second + first) // (2 * first) / 1000:.3f}"


def test_formulas_stand_beside_their_numbers(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "vgg16"))
    shown = driver.execute_script("return document.querySelector('[data-formula=macs]').textContent")
    H, W, classes = ac.symbol("H"), ac.symbol("W"), ac.symbol("classes")
    report = ac.analyze("vgg16", input=(3, H, W), let={"classes": classes})
    assert shown == str(report.macs)
    driver.execute_script("const box = document.querySelector('.with-formulas'); box.click();")
    cells = driver.execute_script(
        "return [...document.querySelectorAll('table.layers tbody tr')].filter(row => row.offsetParent)"
        ".map(row => [row.cells[0].textContent.trim(), row.cells[4].querySelector('.formula').textContent])"
    )
    assert dict(cells)["linear1"] == str(report.layer("linear1").macs)


def test_levels_are_the_sums_of_their_layers(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "googlenet"))
    choose(driver, H=300)
    rows = table(driver)
    report = ac.analyze("googlenet", input=(3, 300, 224))
    levels = [row for row in rows if row[1]]
    assert len(levels) > 30
    for path, _, _, parameters, macs, *_ in levels:
        inside = [layer for layer in report if layer.path.startswith(f"{path}.")]
        assert (parameters, macs) == tuple(str(sum(layer[name] for layer in inside)) for name in ("parameters", "macs"))


def test_partition(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "alexnet"))
    choose(driver, N=32, H=300)
    over = plan(ac.analyze("alexnet", batch=32, input=(3, 300, 227)), batch=32)
    shares = driver.execute_script("return [...document.querySelectorAll('[data-share]')].map(e => e.dataset.value)")
    assert shares == [
        str(value)
        for share in over.shares
        for value in (share.images, share.parameters, share.batch_macs, share.batch_activations)
    ]
    moved = driver.execute_script("return [...document.querySelectorAll('[data-moved]')].map(e => e.dataset.value)")
    assert moved == [str(crossing.step_bytes) for crossing in over.crossings]
    choose(driver, classes=11)
    shown = "return [...document.querySelectorAll('[data-share], [data-moved]')].map(e => e.textContent)"
    assert set(driver.execute_script(shown)) == {""}
    told = driver.execute_script("return document.querySelector('.only').textContent")
    assert told == "This plan is known for gpus = 2, classes = 1000 only."
    choose(driver, classes=1000)
    assert "" not in driver.execute_script(shown)


def test_a_partition_that_is_asked_for(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "vgg11", partition={"devices": 3, "scheme": "pipeline"}))
    choose(driver, N=24, H=256, classes=10)
    first = plan(ac.analyze("vgg11"), devices=3, scheme="pipeline", batch=1)
    stages = [first.report.layers[min(share.runs)].path for share in first.shares[1:]]
    report = ac.analyze("vgg11", batch=24, input=(3, 256, 224), let={"classes": 10})
    over = plan(report, devices=3, scheme="pipeline", stages=stages)
    moved = driver.execute_script("return [...document.querySelectorAll('[data-moved]')].map(e => e.dataset.value)")
    assert moved == [str(crossing.step_bytes) for crossing in over.crossings]


def test_filter_fold_sort_and_copy(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "googlenet"))
    driver.execute_script(
        "const box = document.querySelector('.filter'); box.value = 'inception3a.5x5';"
        "box.dispatchEvent(new Event('input', { bubbles: true }));"
    )
    seen = "return [...document.querySelectorAll('table.layers tbody tr')].filter(row => row.offsetParent)"
    paths = driver.execute_script(f"{seen}.map(row => row.cells[0].textContent.trim())")
    assert paths and all("inception3a.5x5" in path for path in paths)
    driver.execute_script("document.querySelector('[data-copy=csv]').click()")
    text = driver.execute_script("return document.querySelector('#copied textarea').value")
    assert text.splitlines()[0] == "layer,kind,output,parameters,MACs,FLOPs,activations,field,bytes in memory"
    conv = ac.analyze("googlenet").layer("inception3a.5x5.conv_relu2.conv")
    assert f"{conv.path},conv,32x28x28,{conv.parameters},{conv.macs},{conv.flops},{conv.activations}," in text
    driver.execute_script("document.querySelector('#copied').close()")
    for form, mark in (("markdown", "| layer | kind |"), ("latex", "\\begin{tabular}{lll")):
        driver.execute_script(f"document.querySelector('[data-copy={form}]').click()")
        assert driver.execute_script("return document.querySelector('#copied textarea').value").startswith(mark)
        driver.execute_script("document.querySelector('#copied').close()")


def test_all_levels_unfold_and_fold(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "resnet50"))
    seen = "return [...document.querySelectorAll('table.layers tbody tr')].filter(row => row.offsetParent).length"
    report = ac.analyze("resnet50")
    top = len(report.graph.root.children)
    assert driver.execute_script(seen) == top
    driver.execute_script("document.querySelector('[data-fold=none]').click()")
    assert driver.execute_script(seen) == len(table(driver)) > len(report.layers)
    driver.execute_script("document.querySelector('.with-formulas').click()")
    choose(driver, H=200)
    shown = driver.execute_script(
        "return [...document.querySelectorAll('table.layers .formula')].filter(e => e.textContent).length"
    )
    assert shown > 6 * len(report.layers)
    driver.execute_script("document.querySelector('[data-fold=all]').click()")
    assert driver.execute_script(seen) == top
    check_quiet(driver)


def test_the_field_of_the_layer_under_the_pointer(driver: Any, folder: Path) -> None:
    opened(driver, written(folder, "vgg16"))
    report = ac.analyze("vgg16")
    number = report.layer("stage3.maxpool").node.number
    driver.execute_script(
        "const row = [...document.querySelectorAll('table.layers tbody tr')]"
        ".find(row => row.dataset.layers === `${arguments[0]} ${arguments[0]} ${arguments[0]}`);"
        "row.cells[2].dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));",
        number,
    )
    rows, columns = Fields(report)["stage3.maxpool"].axes
    assert driver.find_element("id", "field-text").text == (
        f"stage3.maxpool: a unit sees {rows.size}x{columns.size} of 224x224, {rows.jump}x{columns.jump} apart from the next"
    )
    box = driver.execute_script(
        "const box = document.querySelector('#field-drawing .seen');"
        "return ['x', 'y', 'width', 'height'].map(name => box.getAttribute(name))"
    )
    first = 14 * rows.jump - rows.before  # of the unit in the middle of 28
    assert box == [str(first), str(first), str(rows.size), str(rows.size)]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


def test_any_text_is_text(driver: Any, folder: Path) -> None:
    hostile = "<img src=x onerror=document.title=1></script><script>document.title=2</script>\"'`${1}"
    spec = {"title": hostile, "cite": hostile, "input": [3, 8, 8], "let": {"word": "a"}, "layers": ["relu", "flatten"]}
    path = folder / "hostile.html"
    path.write_text(page([choices(load(spec), {})], charts=False), encoding="utf-8")
    opened(driver, path)
    assert driver.title == f"network: {hostile}"
    assert hostile in driver.find_element("tag name", "h1").text
    parser = _Tags()
    parser.feed(path.read_text("utf-8"))
    assert "img" not in parser.tags and parser.tags.count("script") == 1
    check_quiet(driver)


def test_charts_are_drawn(driver: Any, folder: Path) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is not installed: charts are NOT drawn")
    path = written(folder, "resnet50", charts=True)
    assert path.stat().st_size < 3_000_000
    opened(driver, path)
    driver.execute_async_script("setTimeout(arguments[0], 500)")
    charts = driver.execute_script(
        "return [...document.querySelectorAll('.chart')].map(e => [e.getAttribute('aria-label'), e.querySelector('.bk-Figure') !== null])"
    )
    assert charts == [
        ["macs of each layer", True],
        [
            f"bytes in memory while each layer runs; the peak is at {schedule(ac.analyze('resnet50')).peaks[0].layer}",
            True,
        ],
        ["receptive field of each layer", True],
    ]
    choose(driver, H=100)
    check_quiet(driver)


def test_the_page_reads_without_a_script(folder: Path) -> None:
    """The numbers of the network as it was asked for stand in the file."""
    text = written(folder, "vgg16").read_text("utf-8")
    without = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert all(number in without for number in ("138,357,544", "15,470,264,320", "512x14x14"))
    assert len(text) < 500_000


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    done = run(main, ["report", "lenet5", "-o", "l.html", "--no-charts"])
    assert (done.exit_code, done.output) == (0, "")
    assert Path("l.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    once = Path("l.html").read_bytes()
    run(main, ["report", "lenet5", "-o", "l.html", "--no-charts"])
    assert Path("l.html").read_bytes() == once, "the same request gives the same page"
    refused = run(main, ["report", "nonsense", "-o", "n.html", "--no-charts"])
    assert refused.exit_code == 2 and not Path("n.html").exists()
    assert (
        "none of the networks has a let 'x' to set"
        in run(main, ["report", "vgg16", "lenet5", "--set", "x=1", "-o", "n.html"]).output
    )
    refused = run(main, ["report", "vgg16", "--input", "3xHxW", "-o", "n.html", "--no-charts"])
    assert refused.exit_code == 2 and "a page begins with numbers; give one for H, W" in refused.output
    monkeypatch.setitem(__import__("sys").modules, "bokeh", None)
    refused = run(main, ["report", "lenet5", "-o", "n.html"])
    assert refused.exit_code == 2
    assert (
        "charts need bokeh: pip install 'archcalc[report]'; or write the page without them: --no-charts"
        in refused.output
    )
    assert not Path("n.html").exists()
