"""The documentation is true: every fence runs, generated pages are current, and nothing is left out."""

import importlib.util
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import click
import pytest

from archcalc import expr, figures, published, render, specreader
from archcalc.entries import GROUP_WORDS
from archcalc.layers import FAMILIES, find
from archcalc.quantities import NAMES
from archcalc.render.rows import COLUMNS
from archcalc.report import BITS

ROOT = Path(__file__).parent.parent


def _generate() -> ModuleType:
    """docs/generate.py, which is no part of the package."""
    found = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["docs_generate"] = module
    found.loader.exec_module(module)
    return module


generate = _generate()
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in generate.pages()}


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_runs(page: str) -> None:
    result = generate.run_page(page, PAGES[page])
    assert not result.failures, "\n\n".join(
        [*result.failures, "`python docs/generate.py` rewrites outputs of commands"]
    )
    stale = [path.name for path in generate.stale(result.pictures)]
    assert not stale, f"run `python docs/generate.py`: stale are the pictures {', '.join(stale)}"


def test_every_picture_is_made_by_the_page_that_shows_it() -> None:
    shown = {page: re.findall(r"!\[[^\]]+\]\((?:docs/)?pictures/([^)]+)\)", text) for page, text in PAGES.items()}
    for page, names in shown.items():
        made = re.findall(r"^\$ archcalc .* -o (\S+\.svg)$", PAGES[page], re.MULTILINE)
        assert set(names) <= set(made), page
    folder = list((ROOT / "docs" / "pictures").iterdir())
    assert sorted(path.name for path in folder) == sorted(name for names in shown.values() for name in names)
    assert not [path.name for path in folder if path.stat().st_size > 60_000]


def test_the_contents_name_every_page_and_notebook_once() -> None:
    named = re.findall(r"\]\(([^)]+)\)", _prose(PAGES["docs/README.md"]))
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"]
    notebooks = [f"notebooks/{path.name}" for path in (ROOT / "docs" / "notebooks").glob("*.ipynb")]
    assert sorted(named) == sorted(pages + notebooks)


def test_reading_on_goes_through_the_whole_book() -> None:
    page, seen = "docs/tutorial.md", []
    while True:
        seen.append(page)
        end = PAGES[page].split("\n---\n")[-1].strip()
        if end == "[Contents](README.md)":
            break
        following = re.fullmatch(r"Next: \[(.+)\]\(([\w-]+\.md)\) · \[Contents\]\(README\.md\)", end)
        assert following, page
        page = f"docs/{following[2]}"
        assert f"\n# {following[1]}\n" in "\n" + PAGES[page]
    assert sorted(seen) == sorted(page for page in PAGES if page.startswith("docs/") and page != "docs/README.md")


def test_generated_pages_are_current() -> None:
    stale = [path.relative_to(ROOT).as_posix() for path in generate.stale(generate.generated())]
    assert not stale, f"run `python docs/generate.py`: stale are {', '.join(stale)}"


def test_the_readme_begins_with_installing_and_testing() -> None:
    first, second = [fence.text for fence in generate.fences(PAGES["README.md"]) if fence.language == "sh"][:2]
    assert first == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/archcalc table vgg16"
    assert second == ".venv/bin/pip install '.[test]' && .venv/bin/python -m pytest -n auto"


def test_the_readme_shows_a_table_a_formula_and_a_picture() -> None:
    commands = re.findall(r"^\$ archcalc (\w+) small\.yaml", PAGES["README.md"], re.MULTILINE)
    assert commands == ["table", "formula", "draw"]
    assert len(re.findall(r"!\[.+\]\(docs/pictures/small\.svg\)", PAGES["README.md"])) == 1


@pytest.mark.parametrize("command", re.findall(r"`archcalc (\w+ [^`]+)`", PAGES["README.md"]))
def test_commands_that_the_readme_names_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (small,) = (fence.text for fence in generate.fences(PAGES["README.md"]) if fence.language == "yaml")
    (tmp_path / "small.yaml").write_text(small, encoding="utf-8")
    output, status = generate.run_command(f"archcalc {command}")
    assert status == 0, output


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _prose(PAGES[page])):
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", _prose(path.read_text(encoding="utf-8")), flags=re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{page} links to {target}"


def _anchor(heading: str) -> str:
    """The anchor of a heading as it is made on the common forges."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _prose(text: str) -> str:
    """The page without its fences."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def test_make_targets_that_are_named_exist() -> None:
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("there is no Makefile here")
    targets = set(re.findall(r"^([a-z]+):", makefile.read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {target for text in PAGES.values() for target in re.findall(r"`make ([a-z]+)`", text)}
    assert named <= targets


# Coverage: every name of the code occurs on its page


def _missing(words: Iterable[str], page: str) -> list[str]:
    """The words that the page does not name as code."""
    text = "\n".join(re.findall(r"`[^`\n]+`|^#+ .*$", PAGES[page], flags=re.MULTILINE))
    return [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)]


def test_every_command_and_option_is_documented() -> None:
    text = PAGES["docs/commands.md"]
    for name, command in generate.commands():
        assert f"\n## archcalc {name}\n" in text
        section = text.split(f"\n## archcalc {name}\n")[1].split("\n## ")[0]
        for param in command.params:
            if isinstance(param, click.Option):
                assert f"`{param.opts[-1]}" in section, f"{name} {param.opts}"
                assert param.help and param.help in section
    assert not _missing(["--help", "--version"], "docs/commands.md")


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_layer_kind_and_field_is_documented(kind: str) -> None:
    text = PAGES["docs/layers.md"]
    assert f"\n### {kind}\n" in text
    section = text.split(f"\n### {kind}\n")[1].split("\n### ")[0].split("\n## ")[0]
    for field, schema in find(kind).schema.items():
        assert field == "bits" or f"| `{field}` |" in section
        assert field == "bits" or all(word in section for word in schema.all_words())


def test_every_layer_kind_is_in_the_conventions() -> None:
    table = PAGES["docs/conventions.md"].split("<!-- generated: operations -->")[1]
    assert not [
        kind for kind in FAMILIES if kind != "activation" and f"| {kind} |" not in table and f"`{kind}`" not in table
    ]


@pytest.mark.parametrize(
    ("words", "page"),
    [
        (NAMES, "docs/quantities.md"),
        (COLUMNS, "docs/quantities.md"),
        (BITS, "docs/quantities.md"),
        (render.FORMATS, "docs/commands.md"),
        (specreader.SECTIONS, "docs/spec-language.md"),
        (published.PUBLISHED, "docs/spec-language.md"),
        (published.CONVENTIONS, "docs/spec-language.md"),
        (figures.ROUNDINGS, "docs/spec-language.md"),
        (specreader.PARTITION, "docs/spec-language.md"),
        (expr.FUNCTIONS, "docs/spec-language.md"),
        ((*GROUP_WORDS, "name", "when", "axis", "from", "takes", "identity", "in_channels"), "docs/spec-language.md"),
        (("same", "valid", "concat", "add", "multiply", "matmul"), "docs/spec-language.md"),
    ],
)
def test_every_word_is_documented(words: Iterable[str], page: str) -> None:
    assert not _missing(words, page)


def test_every_json_key_is_documented() -> None:
    import archcalc as ac
    from archcalc.render.machine import to_data

    data = to_data(ac.analyze("lenet5"))
    assert not _missing([*data, *data["layers"][0]], "docs/conventions.md")


def test_every_public_name_occurs() -> None:
    import archcalc as ac

    text = PAGES["docs/python.md"] + PAGES["docs/adding-a-layer.md"]
    assert not [name for name in ac.__all__ if not re.search(rf"\b{name}\b", text)]


def test_every_module_is_in_the_architecture() -> None:
    package = ROOT / "archcalc"
    modules = [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    packages = [path.parent.name for path in package.glob("*/__init__.py")]
    assert not _missing([*modules, *packages], "docs/architecture.md")
