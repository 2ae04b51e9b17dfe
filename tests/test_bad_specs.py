"""What the tool says of wrong specs: every message with its place and hint, in full.

The cases stand in `tests/bad/*.txt`: a name behind `==`, the spec, and a line `->` for each problem, in order.
`<tab>` stands for a tab, which editors like to replace.
"""

from pathlib import Path
from typing import Any

import pytest

from archcalc.checking import check
from archcalc.errors import ArchcalcError, SpecError

BAD = Path(__file__).parent / "bad"


def cases() -> list[Any]:
    """Every case of the tables: the spec and the problems that must be reported."""
    found = []
    for table in sorted(BAD.glob("*.txt")):
        for part in ("\n" + table.read_text(encoding="utf-8")).split("\n== ")[1:]:
            name, *lines = part.rstrip("\n").split("\n")
            spec = [line.replace("<tab>", "\t") for line in lines if not line.startswith("-> ")]
            problems = [line.removeprefix("-> ") for line in lines if line.startswith("-> ")]
            text = "\n".join(spec) + "\n" if spec else ""
            found.append(pytest.param(text, problems, id=f"{table.stem}: {name}"))
    return found


def problems_of(text: str, folder: Path) -> list[str]:
    """The problems of a spec, as `line:column: message; hint`."""
    file = folder / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        check(file)
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]


@pytest.mark.parametrize(("spec", "problems"), cases())
def test_messages(spec: str, problems: list[str], tmp_path: Path) -> None:
    assert problems, "a case needs at least one line `->`"
    assert problems_of(spec, tmp_path) == problems


def test_there_are_many_cases() -> None:
    """A slip in the reading of the tables must not empty them."""
    assert len(cases()) > 300


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("layers: [re\x07lu]\ninput: [3]\n", "1:12: the character '\\x07' cannot stand in a spec; remove it"),
        (
            "input: [3]\nlet: {x: 1 +\u200b 1}\nlayers: [relu]\n",
            "2:10: let.x: '1 +\\u200b 1': the character '\\u200b' cannot stand in an expression",
        ),
        (
            'input: [3]\nlet: {x: "1 +\\n1"}\nlayers: [relu]\n',
            "2:10: let.x: '1 +\\n1': the character '\\n' cannot stand in an expression",
        ),
        (
            'input: [3]\nlet: {x: "1\\0"}\nlayers: [relu]\n',
            "2:10: let.x: '1\\x00': the character '\\x00' cannot stand in an expression",
        ),
    ],
    ids=["control character", "invisible character", "newline", "null character"],
)
def test_characters_that_cannot_be_seen(spec: str, problem: str, tmp_path: Path) -> None:
    assert problems_of(spec, tmp_path) == [problem]


# Hostile texts. None of these may run long, fill the memory or end in another error than our own.

LAYERS = "input: [3, 8, 8]\nlayers:\n"
NESTED = "nested more than 32 deep; write the inner part as a block"
TOO_LARGE = "layers or more, the limit is 200,000; --max-layers, or max_layers= in Python, raises it"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (LAYERS + "  - " + "[" * 50_000 + "]" * 50_000, f"3:35: {NESTED}"),
        (LAYERS + "  - " + "{a: " * 50_000 + "}" * 50_000, f"3:125: {NESTED}"),
        (LAYERS + "  " + "- " * 50_000 + "relu", f"3:65: {NESTED}"),
        ("[" * 50_000, f"1:33: {NESTED}"),
        ("".join(" " * depth + "a:\n" for depth in range(1300)), f"33:33: {NESTED}"),
        (
            LAYERS + "  - {repeat: 2, do: {conv: {filters: " + "(" * 10_000 + "1" + ")" * 10_000 + ", kernel: 3}}}",
            f"3:38: layers[0].do (conv): filters: '{'(' * 57}...': an expression has at most 500 characters, this one 20,001",
        ),
        (
            LAYERS + "  - linear: " + "(" * 31 + "1" + ")" * 31,
            f"3:13: layers[0] (linear): units: '{'(' * 31}1{')' * 25}...': brackets are nested more than 30 deep",
        ),
        (
            LAYERS + "  - linear: " + "9" * 900_000,
            f"3:13: layers[0] (linear): units: '{'9' * 57}...': an expression has at most 500 characters, this one 900,000",
        ),
        (LAYERS + "  - {repeat: 1000000000, do: relu}", f"3:5: layers[0]: the network has 1,000,000,000 {TOO_LARGE}"),
        (LAYERS + "  - {repeat: 10**9, do: relu}", f"3:5: layers[0]: the network has 1,000,000,000 {TOO_LARGE}"),
        (LAYERS + "  - {repeat: 200001, do: relu}", f"3:5: layers[0]: the network has 200,001 {TOO_LARGE}"),
        (
            LAYERS + "  - {repeat: 60, do: {repeat: 60, do: {repeat: 60, do: relu}}}",
            f"3:5: layers[0]: the network has 216,000 {TOO_LARGE}",
        ),
        (
            LAYERS + "  - {repeat: 10**9, do: {concat: {a: identity, b: relu}}}",
            f"3:5: layers[0]: the network has 2,000,000,000 {TOO_LARGE}",
        ),
    ],
    ids=[
        "brackets", "braces", "dashes", "unclosed brackets", "indents", "expression of 10,000 brackets",
        "expression of 31 brackets", "900,000 digits", "repeat a billion times", "repeat 10**9 times",
        "one layer too many", "nested repeats", "a repeat that grows",
    ],
)  # fmt: skip
def test_hostile_texts_are_refused(spec: str, problem: str, tmp_path: Path) -> None:
    assert problems_of(spec, tmp_path) == [problem]


def calling_tenfold(leaf: str, depth: int = 10) -> str:
    """Blocks that call the next one ten times each: 10**depth leaves from ten lines ("billion laughs")."""
    blocks = [f"  b{level}: {{do: [{', '.join([f'b{level + 1}'] * 10)}]}}" for level in range(depth)]
    return "\n".join(["input: [3, 8, 8]", "blocks:", *blocks, f"  b{depth}: {{do: {leaf}}}", "layers: [b0, tanh]", ""])


@pytest.mark.parametrize("leaf", ["relu", "{add: {a: relu, b: identity}}", "{head: aux, do: relu}"])
def test_blocks_that_call_each_other_tenfold_are_refused(leaf: str, tmp_path: Path) -> None:
    (problem,) = problems_of(calling_tenfold(leaf), tmp_path)
    assert "the limit is 200,000" in problem and "--max-layers" in problem


def test_channels_that_double_without_end(tmp_path: Path) -> None:
    """The sizes, not the layers, pass all bounds here; ints of thousands of digits must not be made or printed."""
    (problem,) = problems_of(calling_tenfold("{concat: {a: identity, b: identity}}", depth=3), tmp_path)
    assert len(problem) < 500


def lists_of_lists(use: str) -> str:
    """A list of 10**7 numbers, from lets that name each other ten times."""
    lets = [f"  a{level}: [{', '.join([f'a{level + 1}'] * 10)}]" for level in range(7)]
    units = "blocks: {unit: {takes: [x], do: relu}}"
    return "\n".join(["input: [8]", "let:", *lets, "  a7: 1", units, f"layers: [{use}]", ""])


@pytest.mark.parametrize("use", ["{relu: , when: a0 == a0}", "{linear: a0}", "{unit: a0}", "{for: {x: a0}, do: relu}"])
def test_a_list_of_ten_million_numbers_is_refused(use: str, tmp_path: Path) -> None:
    assert all(len(problem) < 500 for problem in problems_of(lists_of_lists(use), tmp_path))


@pytest.mark.parametrize(
    "spec",
    [
        LAYERS + "  - rleu\n" * 5_000,
        LAYERS + "".join(f"  - from: name{number}\n" for number in range(5_000)),
        LAYERS + "".join("  - {relu: , name: twice}\n" for _ in range(5_000)),
        "".join(f"section{number}: 1\n" for number in range(5_000)),
    ],
    ids=["unknown kinds", "unknown targets", "names given twice", "unknown sections"],
)
def test_thousands_of_problems_are_reported_soon_and_not_all(spec: str, tmp_path: Path) -> None:
    assert 50 <= len(problems_of(spec, tmp_path)) <= 1000


@pytest.mark.parametrize(
    "spec",
    [
        LAYERS + "  - " + "a" * 900_000,
        LAYERS + "  - {relu: , name: " + "a" * 900_000 + "/}",
        LAYERS + "  - from: " + "a" * 900_000,
        LAYERS + "  - add: {" + ", ".join(f"b{n}: {{conv: {{filters: {n}, kernel: 1}}}}" for n in range(1, 2000)) + "}",
        LAYERS + "  - repeat: '" + "[" * 30 + "1" + "]" * 30 + "'\n    do: relu",
        LAYERS + "  - repeat: a" + "[0]" * 150 + "\n    do: relu",
        "input: [3]\n" + "a" * 900_000 + ": 1\nlayers: [relu]\n",
    ],
    ids=["kind", "name", "target", "branches", "list in a list", "expression", "section"],
)
def test_messages_stay_short_whatever_the_text(spec: str, tmp_path: Path) -> None:
    for problem in problems_of(spec, tmp_path):
        assert len(problem) < 500
        assert "((" not in problem, "a list as Python would print it"


# Specs that only together with another file, or in a single variant, are wrong.


def problems_beside(text: str, other: str, folder: Path) -> list[str]:
    (folder / "densenet.yaml").write_text(other)
    return [problem.replace(f"{folder}/", "") for problem in problems_of(text, folder)]


UNIT = "input: [3, 8, 8]\nlet: {k: 3}\nblocks:\n  unit: {takes: [f], do: {conv: {filters: f, kernel: 3}}}\nlayers: [relu]\n"
CALL = "input: [3, 8, 8]\nuse: {densenet: [unit]}\nlayers:\n  - unit: 4\n"


def test_a_used_block(tmp_path: Path) -> None:
    (tmp_path / "densenet.yaml").write_text(UNIT)
    file = tmp_path / "good.yaml"
    file.write_text(CALL)
    assert check(file) == "1 network, 1 layer"


@pytest.mark.parametrize(
    ("spec", "other", "problem"),
    [
        (
            CALL.replace("densenet", "densnet"),
            UNIT,
            "2:7: use.densnet: there is no file 'densnet.yaml' beside this one or in the zoo; did you mean 'densenet'?",
        ),
        (
            CALL.replace("[unit]", "[unti]").replace("- unit: 4", "- relu"),
            UNIT,
            "2:18: use.densenet[0]: densenet.yaml has no block 'unti'; did you mean 'unit'?",
        ),
        (
            CALL,
            UNIT.replace("kernel: 3", "kernel: k"),
            "2:18: use.densenet[0]: block 'unit' of densenet.yaml reads let 'k'; make it a parameter",
        ),
        (
            CALL,
            UNIT.replace("kernel: 3", "kernal: 3, kernel: 3"),
            "2:7: use.densenet: densenet.yaml has problems of its own: "
            "densenet.yaml:4:46: blocks.unit.do (conv): unknown field 'kernal'; did you mean 'kernel'?",
        ),
    ],
    ids=["unknown file", "unknown block", "closed block reads a let", "the other file is wrong"],
)
def test_use(spec: str, other: str, problem: str, tmp_path: Path) -> None:
    assert problems_beside(spec, other, tmp_path) == [problem]


def test_files_that_use_each_other(tmp_path: Path) -> None:
    back = "input: [3, 8, 8]\nuse: {bad: [unit]}\nblocks: {other: {do: relu}}\nlayers: [relu]\n"
    problems = problems_beside("input: [3, 8, 8]\nuse: {densenet: [other]}\nlayers: [relu]\n", back, tmp_path)
    assert len(problems) == 1 and "in a circle" in problems[0] and problems[0].startswith("2:7: ")


def test_problems_are_sorted_by_line_and_show_their_source(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("input: [3, 8, 8]\nlayers:\n  - rleu\n  - conv: {filters: 4, kernal: 3}\n")
    with pytest.raises(SpecError) as caught:
        check(file)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places) == [(3, 5), (4, 5), (4, 24)]
    assert f"{file}:3:5: layers[0] (rleu): unknown layer kind" in str(caught.value)
    assert "\n    3 |   - rleu\n" in str(caught.value)


def test_a_wrong_value_is_reported_once_for_a_family(tmp_path: Path) -> None:
    """All variants are walked, and meet the same mistake at the same place."""
    spec = "input: [3, 8, 8]\nvariants: {a: {w: 1}, b: {w: 2}}\nlayers:\n  - conv: {filters: w, kernel: 9}\n"
    assert problems_of(spec, tmp_path) == [
        "4:5: layers[0] (conv): kernel of extent 9 is larger than the input of 8; give it padding, or take a smaller kernel"
    ]


@pytest.mark.parametrize(
    "published",
    ["{quantity: [macs], value: 0, source: me}", "{quantity: macs, value: 0, source: me, of: [x]}",
     "{quantity: macs, value: 0, source: me, rounding: {}}", "{quantity: macs, value: [1], source: me}",
     "{quantity: macs, value: true, source: me}", "{quantity: {}, value: {}, source: {}}"],
)  # fmt: skip
def test_published_values_of_wrong_types(published: str, tmp_path: Path) -> None:
    problems = problems_of(f"input: [3, 8, 8]\nlayers: [relu]\npublished:\n  - {published}\n", tmp_path)
    assert all(problem.startswith("4:") for problem in problems)


@pytest.mark.parametrize(
    ("end", "places"),
    [
        (
            "variants: {a: {n: 4}, b: {}}",
            ["3:23: variants.b: 'n' has no value here; give it in `let` or in every variant"],
        ),
        ("published: {}", ["3:12: published: published is a list of entries"]),
        ("published: false", ["3:12: published: published is a list of entries"]),
    ],
    ids=["a let reads what a variant lacks", "published is an empty mapping", "published is false"],
)
def test_what_once_slipped_through(end: str, places: list[str], tmp_path: Path) -> None:
    let = "let: {w: 2 * n}" if "variants" in end else "title: x"
    assert problems_of(f"input: [3, 8, 8]\n{let}\n{end}\nlayers: [relu]\n", tmp_path) == places


def test_two_layers_of_one_path(tmp_path: Path) -> None:
    spec = LAYERS + "  - {relu: , name: a.b}\n  - {do: {tanh: , name: b}, name: a}\n"
    assert problems_of(spec, tmp_path) == [
        "4:10: a.b (tanh): two layers would be called 'a.b'; choose a name without a '.'"
    ]


# Good specs that look unusual.


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("input: [2, 16]\nlayers:\n  - conv: {filters: 4, kernel: 3, pad: same}\n", "1 network, 1 layer"),
        ("input: [1, 8, 8, 8]\nlayers:\n  - conv: {filters: 4, kernel: [1, 3, 3]}\n", "1 network, 1 layer"),
        ("input: [8]\nlayers:\n  linear: 4\n", "1 network, 1 layer"),
        ("input: [8]\nlayers: relu\n", "1 network, 1 layer"),
        (LAYERS + "  - add: {main: relu, shortcut: []}\n", "1 network, 2 layers"),
        (LAYERS + "  - add: {main: relu, shortcut: {tanh: , when: false}}\n", "1 network, 2 layers"),
        (LAYERS + "  - {repeat: 0, do: relu}\n  - tanh\n", "1 network, 1 layer"),
        (LAYERS + "  - {repeat: 10**9, do: identity}\n  - tanh\n", "1 network, 1 layer"),
        (LAYERS + "  - {for: {f: []}, do: {conv: {filters: f, kernel: 1}}}\n  - tanh\n", "1 network, 1 layer"),
        (LAYERS + '  - conv: {filters: "max(3, 4)", kernel: 3}\n', "1 network, 1 layer"),
        (LAYERS + "  - conv:\n      filters: max(3, 4)\n      kernel: 3\n", "1 network, 1 layer"),
        (LAYERS + "  - conv: {filters: [3, 4][1], kernel: 1}\n".replace("[3, 4][1]", "'[3, 4][1]'"), "1 network, 1 layer"),
        (LAYERS + "  - concat: {1x1: relu, 3x3: tanh, 1: relu6}\n", "1 network, 4 layers"),
        (LAYERS + "  - concat: {off: relu, null: tanh, true: identity}\n", "1 network, 3 layers"),
        ("input: [3, 8, 8]\nvariants: {18: {f: 4}, 34: {f: 8}}\nlayers:\n  - conv: {filters: f, kernel: 1}\n", "2 networks, 2 layers"),
        ("input: [3, 8, 8]\nlet: {f: 4}\nlayers:\n  - conv: {filters: 4*f, kernel: f % 3}\n", "1 network, 1 layer"),
        ("input: [3, 8, 8]\nlet: {x: A}\nlayers:\n  - {relu: , when: x == 'A'}\n", "1 network, 1 layer"),
        ("input: [3, 8, 8]\nlet: {dropout: 1/2}\nlayers:\n  - dropout: dropout\n", "1 network, 1 layer"),
        ("input: [3, 8, 8]\nlet: {b: a + 1, a: 3}\nlayers:\n  - conv: {filters: b, kernel: 1}\n", "1 network, 1 layer"),
        ("input: {1: [3, 8, 8], 2: [12]}\nlayers:\n  - from: 2\n  - relu\n", "1 network, 1 layer"),
        (LAYERS + "  - {relu: , name: 3}\n  - tanh\n  - from: 3\n", "1 network, 2 layers"),
        (LAYERS + "  - {relu, when: true}\n  - {relu: , when: false}\n", "1 network, 1 layer"),
        (LAYERS + "  - {relu: , name: a, when: false}\n  - {tanh: , name: a}\n  - from: a\n", "1 network, 1 layer"),
        (LAYERS + "  - add: {a: {relu: , name: x}, b: [{tanh: , name: x}, {from: x}]}\n", "1 network, 3 layers"),
        ("---\ninput: [3, 8, 8]\nlayers: [relu]\n...\n", "1 network, 1 layer"),
        ("\ufeffinput: [3, 8, 8]\r\nlayers: [relu]\r\n", "1 network, 1 layer"),
        ("{input: [3, 8, 8], layers: [relu]}", "1 network, 1 layer"),
        ('{"input": [3, 8, 8], "layers": ["relu", {"conv": {"filters": 4, "kernel": 3}}]}', "1 network, 2 layers"),
        (LAYERS + "  - {repeat: 20, do: {repeat: 20, do: relu}}\n", "1 network, 400 layers"),
        ("input: [3, 8, 8]\nblocks: {unused: {takes: [f], do: {conv: {filters: f, kernel: 99}}}}\nlayers: [relu]\n", "1 network, 1 layer"),
        ("title: Überall 网络\ncite: 'a: b'\ninput: [3, 8, 8]\nlayers: [relu]  # a comment\n", "1 network, 1 layer"),
    ],
)  # fmt: skip
def test_unusual_specs_that_are_good(spec: str, found: str, tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(spec, encoding="utf-8", newline="")
    assert check(file) == found


def test_no_other_error_than_our_own_for_any_cut(tmp_path: Path) -> None:
    """A spec that is cut off anywhere, as by an editor that saves too early, gives messages and nothing else."""
    text = (Path(__file__).parent / "specs" / "examples" / "two_inputs.yaml").read_text(encoding="utf-8")
    file = tmp_path / "cut.yaml"
    for end in range(0, len(text), 3):
        file.write_text(text[:end], encoding="utf-8")
        try:
            check(file)
        except ArchcalcError as error:
            assert "Traceback" not in str(error)
