"""The shape of the code: imports point one way, the start is light, generated tables match the classes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import archcalc
from archcalc import layers
from archcalc.layers.base import REGISTRY

PACKAGE = Path(archcalc.__file__).parent

# From left to right: a module imports only from its own place and from the left of it.
ROAD = [
    ["errors", "records"],
    ["dims"],
    ["conditions"],
    ["expr"],
    ["shapes"],
    ["readings"],
    ["rearranging"],
    ["layers"],
    ["yamlsrc"],
    ["values"],
    ["entries"],
    ["figures"],
    ["published"],
    ["chains"],
    ["spec"],
    ["specreader"],
    ["naming"],
    ["graph"],
    ["growth", "walk"],
    ["infer"],
    ["report"],
    ["precision"],
    ["liveness"],
    ["orders"],
    ["memory"],
    ["receptive"],
    ["checkpoints", "optimizers", "saving"],
    ["backward"],
    ["training"],
    ["fitting"],
    ["partition"],
    ["quantities"],
    ["formula"],
    ["explain"],
    ["zoo"],
    ["network"],
    ["analysis"],
    ["inline"],
    ["comparison"],
    ["sweeps"],
    ["efficiency"],
    ["tallies"],
    ["measuring"],
    ["solving"],
    ["claims", "verify"],
    ["catalogue", "checking", "reference", "render", "exporters"],
    ["draw"],
    ["page"],
    ["building"],
    ["build"],
    ["plot"],
    ["cli"],
    ["__main__", "__init__"],
]
PLACE = {module: number for number, modules in enumerate(ROAD) for module in modules}

# One-line methods that import inside the function: the only imports that point to the right.
EXCEPTIONS = {
    ("report", "quantities"), ("report", "formula"), ("report", "explain"), ("report", "render"), ("report", "draw"), ("explain", "render"),
    ("comparison", "render"), ("formula", "render"), ("solving", "render"),
    ("partition", "render"), ("receptive", "render"), ("efficiency", "render"), ("sweeps", "render"),
    ("network", "render"), ("network", "exporters"), ("liveness", "render"), ("memory", "render"),
    ("training", "render"), ("fitting", "render"), ("verify", "render"), ("claims", "render"),
}  # fmt: skip


def module_of(path: Path) -> str:
    """The module or subpackage of the road that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """The modules of archcalc that a file imports, anywhere in it."""
    found = set()
    depth = len(path.relative_to(PACKAGE).parts) - 1
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            full = node.module or ""
            if node.level > depth:
                found.update([full.split(".")[0]] if full else [alias.name for alias in node.names])
            elif full == "archcalc":
                found.update(alias.name for alias in node.names)
            elif full.startswith("archcalc."):
                found.add(full.split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("archcalc."))
    return {name for name in found if name in PLACE}


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_left(path: Path) -> None:
    module = module_of(path)
    wrong = {
        name
        for name in imports_of(path)
        if PLACE[name] > PLACE[module] and (module, name) not in EXCEPTIONS and module != "__init__"
    }
    assert not wrong, f"{module} imports {sorted(wrong)}, which stand to its right"


def test_the_road_names_every_module() -> None:
    assert {module_of(path) for path in FILES} == set(PLACE)


def test_the_import_test_can_fail() -> None:
    assert imports_of(PACKAGE / "analysis.py") >= {"walk", "report"}
    assert PLACE["report"] > PLACE["walk"] > PLACE["spec"]


def loaded_after(*arguments: str, before: str = "") -> set[str]:
    """The heavy libraries that a command has imported when it ends."""
    script = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(sorted({'sympy', 'numpy'} & set(sys.modules)), file=sys.stderr))\n"
        f"{before}\nfrom archcalc.cli import main\nmain({list(arguments)!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(done.stderr.strip().splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "vgg16"],
        ["table", "alexnet", "--format", "json", "--set", "torchvision=true"],
        ["field", "googlenet", "inception3a", "--at", "3,3"],
        ["explain", "vgg16", "stage1.conv_relu1.conv"],
        ["explain", "resnet50"],
        ["list"],
        ["memory", "vgg16", "--training", "--optimizer", "adam", "--fit", "4GiB"],
        ["check", "lenet5"],
        ["show", "mlp", "--expanded"],
        ["layers"],
        ["memory", "googlenet", "--brief"],
        ["compare", "3*conv3-64", "conv7-64", "--input", "64x56x56", "--layers"],
        ["partition", "alexnet"],
        ["partition", "vgg11", "--devices", "3", "--scheme", "auto"],
    ],
    ids=" ".join,
)
def test_numeric_runs_import_neither_sympy_nor_numpy(arguments: list[str]) -> None:
    assert loaded_after(*arguments) == set()


def test_the_light_start_test_can_fail() -> None:
    assert loaded_after("table", "vgg16", "--input", "3xHxW") >= {"sympy"}
    assert loaded_after("list", before="import numpy") == {"numpy"}


def test_the_table_of_families_matches_the_classes() -> None:
    for kind in layers.FAMILIES:
        assert layers.find(kind).kind == kind
    shipped = {kind: cls for kind, cls in REGISTRY.items() if cls.__module__.startswith("archcalc.layers.")}
    assert {kind: cls.__module__.rsplit(".", 1)[1] for kind, cls in shipped.items()} == layers.FAMILIES
    assert list(layers.FAMILIES) == sorted(layers.FAMILIES)


@pytest.mark.parametrize("kind", sorted(layers.FAMILIES))
def test_every_kind_is_documented_by_its_class(kind: str) -> None:
    assert (layers.find(kind).__doc__ or "").strip()


def test_no_text_reaches_eval() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                assert name not in {"eval", "exec", "sympify", "parse_expr", "lambdify"}, f"{path}: {name}"


def test_no_formula_stands_as_text_in_a_layer() -> None:
    for path in sorted((PACKAGE / "layers").glob("*.py")):
        tree = ast.parse(path.read_text())
        documented = [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef | ast.FunctionDef))]
        docstrings = {ast.get_docstring(node, clean=False) for node in documented}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings:
                assert not re.search(r"floor\(|ceil\(|\w ?[*/] ?\w", node.value), f"{path}: {node.value}"


def test_only_the_command_line_prints_or_exits() -> None:
    for path in FILES:
        if module_of(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"print", "exit", "input", "breakpoint"}, path


def test_long_modules_say_why() -> None:
    for path in FILES:
        text = path.read_text()
        if text.count("\n") > 400:
            assert "longer" in (ast.get_docstring(ast.parse(text)) or ""), path


def test_public_names_are_importable_and_documented() -> None:
    for name in archcalc.__all__:
        assert getattr(archcalc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = archcalc.nothing
