"""The notebooks of docs/notebooks: stored clean, and every claim of theirs true when they run without a network."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

import archcalc

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = ["does-it-fit", "lenet-to-mobilenet", "why-3x3"]

# Runs in front of every notebook: whoever looks up or calls another machine fails.
OFFLINE = """
import sys

def _refuse(event, arguments):
    outside = event == "socket.getaddrinfo" and arguments[0] not in (None, "localhost", "127.0.0.1")
    if event == "socket.connect":
        address = arguments[1]
        outside = isinstance(address, tuple) and address[0] not in ("localhost", "127.0.0.1", "::1")
    if outside:
        raise OSError(f"{event}: a notebook does not use the network")

sys.addaudithook(_refuse)
"""


def docs_generate() -> ModuleType:
    """The script that writes the generated pages."""
    spec = importlib.util.spec_from_file_location("docs_generate_of_notebooks", FOLDER.parent / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def execute(notebook: object, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every cell, in a kernel that sees this checkout and no network; CellExecutionError where one fails."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(Path(archcalc.__file__).parent.parent))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the notebook machinery are not ours
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()


def test_the_three_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_its_claims_hold(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, tmp_path, monkeypatch)
    shown = {output.get("output_type") for cell in notebook.cells for output in cell.get("outputs", ())}
    assert shown <= {"execute_result", "stream", "display_data"}
    run = tmp_path / path.name
    del notebook.cells[0]
    nbformat.write(notebook, run)
    assert run.read_text(encoding="utf-8") != path.read_text(encoding="utf-8")
    assert docs_generate().notebook(run) == path.read_text(encoding="utf-8")  # as `make docs` stores it
    texts = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not any("Warning" in text for text in texts)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_clean(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert text == nbformat.writes(notebook) + "\n" * (not nbformat.writes(notebook).endswith("\n"))
    cells = json.loads(text)["cells"]
    assert all(
        cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code"
    )
    assert all(cell["metadata"] == {} for cell in cells)
    ids = [cell["id"] for cell in cells]
    assert len({*ids}) == len(ids)
    assert all(re.fullmatch(r"[a-z]+[a-z0-9-]*", name) and not re.fullmatch(r"[0-9a-f]{8}", name) for name in ids)
    assert "picture" in ids
    lines = [line for cell in cells if cell["cell_type"] == "code" for line in "".join(cell["source"]).split("\n")]
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_part_of_a_notebook_asserts_something(path: Path) -> None:
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert sum(source.count("assert ") for source in sources) >= 25
    links = re.findall(r"\]\(([a-z0-9-]+\.ipynb)\)", path.read_text())
    assert all((FOLDER / link).is_file() for link in links)


def test_a_false_claim_and_the_network_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    from nbclient.exceptions import CellExecutionError

    for source, message in (
        ("import archcalc as ac\nassert ac.analyze('lenet5').parameters == 60_001", "AssertionError"),
        ("import urllib.request\nurllib.request.urlopen('http://example.org')", "does not use the network"),
    ):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        with pytest.raises(CellExecutionError, match=message):
            execute(notebook, tmp_path, monkeypatch)
