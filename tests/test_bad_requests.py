"""What the command line says of wrong requests and unreadable files: exit status, message, and never a traceback.

Exit status: 0 done, 1 a wrong spec or file, 2 a wrong request.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from archcalc.cli import main

GOOD = "input: [3, 8, 8]\nlet: {width: 4}\nlayers:\n  - conv: {filters: width, kernel: 3}\n"
FAMILY = "input: [3, 8, 8]\nvariants: {small: {w: 4}, large: {w: 8}}\nlayers:\n  - conv: {filters: w, kernel: 3}\n"
TWO_INPUTS = "input: {image: [3, 8, 8], question: [12]}\nlayers:\n  - from: image\n  - relu\n"
BAD = "input: [3, 8, 8]\nlayers: [rleu]\n"

on_posix = pytest.mark.skipif(os.name != "posix", reason="needs devices, pipes and a shell")
has_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few specs, as the working directory."""
    for name, text in (("good", GOOD), ("family", FAMILY), ("two", TWO_INPUTS), ("bad", BAD)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(*arguments: str) -> tuple[int, str]:
    """Exit status and the last line on standard error of a request that must fail and print nothing else."""
    result = CliRunner().invoke(main, list(arguments), prog_name="archcalc")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    return result.exit_code, result.stderr.rstrip("\n").split("\n")[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # networks
        ("table alxnet", "there is no network 'alxnet', and no such file; nearest: alexnet"),
        ("table vgg61", "there is no network 'vgg61', and no such file; nearest: "),
        ("table qqqqqq", "there is no network 'qqqqqq', and no such file; `archcalc list` shows all"),
        ("show alxnet", "there is no network 'alxnet', and no such file; nearest: alexnet"),
        ("check alxnet", "there is no network 'alxnet', and no such file; nearest: alexnet"),
        ("table vgg", "vgg is a family; ask for one of vgg11, "),
        ("table family.yaml", "family is a family; ask for one of small, large, as in `archcalc table family.yaml:small`"),
        ("table family.yaml:smal", "family.yaml has no variant 'smal'; did you mean 'small'?"),
        ("table good.yaml:small", "good.yaml has no variant 'small'; it has no variants"),
        ("table nothing.yaml", "there is no file 'nothing.yaml'"),
        ("table nothing.yaml:small", "there is no file 'nothing.yaml'"),
        ("check nothing.yaml", "there is no file 'nothing.yaml'"),
        ("show nothing.yaml", "there is no file 'nothing.yaml'"),
        # commands and options
        ("tabel vgg16", "there is no command 'tabel'; did you mean 'table'?"),
        ("zzzz", "there is no command 'zzzz'; known: check, claims, "),
        ("table", "Missing argument 'NAME|FILE'."),
        ("check", "Missing argument 'FILE...'."),
        ("table vgg16 more", "Got unexpected extra argument (more)"),
        ("table vgg16 --colums layer", "No such option '--colums'. Did you mean '--columns'?"),
        ("--verison", "No such option '--verison'. Did you mean '--version'?"),
        ("table vgg16 --columns layer,parms", "unknown column 'parms'; did you mean 'parameters'?"),
        ("table vgg16 --columns layer,layer", "--columns layer,layer: a column is named twice"),
        ("table vgg16 --sort mcas", "unknown column 'mcas'; did you mean 'macs'?"),
        ("table vgg16 --format pdf", "Invalid value for '--format': 'pdf' is not one of 'text', "),
        ("table vgg16 --units foo", "Invalid value for '--units': 'foo' is not one of 'exact', 'si'."),
        ("table vgg16 --depth 0", "Invalid value for '--depth': 0 is not in the range 1<=x<=99."),
        ("layers cnov", "unknown layer kind 'cnov'; did you mean 'conv'?"),
        ("layers zzzzz", "unknown layer kind 'zzzzz'; `archcalc layers` lists the kinds"),
        ("completion tcsh", "Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'."),
        # settings
        ("table good.yaml --set widht=3", "there is no let 'widht' to set; did you mean 'width'?"),
        ("table good.yaml --set in_channels=3", "there is no let 'in_channels' to set; known: width"),
        ("table two.yaml --set width=3", "there is no let 'width' to set; it has none"),
        ("table good.yaml --set width", "--set width: write NAME=VALUE, such as --set classes=10"),
        ("table good.yaml --set =3", "--set =3: write NAME=VALUE, such as --set classes=10"),
        ("table good.yaml --set width=", "--set width=: write NAME=VALUE, such as --set classes=10"),
        ("table good.yaml --set width=[1", "--set width=[1: not valid YAML; a bracket is not closed"),
        ("table good.yaml --set width=*a", "--set width=*a: alias '*a'; "),
        ("table good.yaml --set width=2**10**10", "width: '2**10**10': an exponent is a whole number from 0 to 64"),
        ("table good.yaml --set width=foo+1", "width: unknown name 'foo' in 'foo+1'; "),
        ("table good.yaml --set width={a:1}", "width: a mapping cannot stand here"),
        ("table good.yaml --set width=null", "width: value missing"),
        ("table good.yaml --set width=width", "width: width -> width is a circle"),
        ("table good.yaml --set width=3 --set width=5", "--set width is given twice"),
        # inputs
        ("table vgg16 --input 3x224", "the input has 3 axes, channels first; 3x224 has not"),
        ("table vgg16 --input 3,224,224", "--input 3,224,224: write the channels and the sizes with x between, such as 3x227x227"),
        ("table vgg16 --input 3x0x224", "--input 3x0x224: write the channels and the sizes with x between, such as 3x227x227"),
        ("table vgg16 --input 3x-1x224", "--input 3x-1x224: write the channels and the sizes with x between, such as 3x227x227"),
        ("table vgg16 --input 3x9999999999x9", "--input 3x9999999999x9: write the channels and the sizes with x between, "),
        ("table vgg16 --input image=3x224x224", "there is no input 'image'; known: input"),
        ("table two.yaml --input 3x8x8", "the network has several inputs; give them by name: image, question"),
        ("table two.yaml --input imgae=3x8x8", "there is no input 'imgae'; known: image, question"),
        ("table two.yaml --input 3x8x8 --input question=9", "give --input once, or once for each input as NAME=SIZE"),
        ("table vgg16 --input 3x8x8 --input 3x9x9", "give --input once, or once for each input as NAME=SIZE"),
        # batch and dtype
        ("table vgg16 --batch 0", "Invalid value for '--batch': 0 is not in the range 1<=x<=1000000000."),
        ("table vgg16 --batch x", "Invalid value for '--batch': 'x' is not a valid integer"),
        ("table vgg16 --dtype flaot32", "unknown dtype 'flaot32'; did you mean 'float32'?"),
        ("table vgg16 --dtype zzz", "unknown dtype 'zzz'; known: bfloat16, "),
        ("table vgg16 --max-layers 0", "Invalid value for '--max-layers': 0 is not in the range 1<=x<=100000000."),
    ],
)  # fmt: skip
def test_wrong_requests_exit_with_2(arguments: str, message: str) -> None:
    status, line = refusal(*arguments.split())
    assert line.startswith(f"Error: {message}")
    assert status == 2


@pytest.mark.parametrize("option", ["--columns", "--input", "--output", "--set"])
def test_empty_values_are_wrong_requests(option: str) -> None:
    status, line = refusal("table", "good.yaml", option, "")
    assert status == 2
    assert option in line


@pytest.mark.parametrize(
    "network",
    ["x" * 3000, "x" * 3000 + ".yaml", "family.yaml:" + "x" * 3000, "a\nb", "\x1b[31mred", "\u202e", "a\0b.yaml"],
    ids=["long name", "long path", "long variant", "two lines", "escape sequence", "turned round", "null character"],
)
@pytest.mark.parametrize("command", ["table", "check", "show"])
def test_odd_names_are_unknown_networks(command: str, network: str) -> None:
    result = CliRunner().invoke(main, [command, network])
    assert result.exit_code == 2
    assert len(result.stderr) < 300
    assert all(character.isprintable() for character in result.stderr.replace("\n", "")), "it could upset a terminal"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("table bad.yaml", "bad.yaml:2:10: layers[0] (rleu): unknown layer kind or block 'rleu'; did you mean 'relu'?"),
        ("table good.yaml --set width=0", "good.yaml:4:21: layers[0] (conv): filters: 0 is not a size; it must be at least 1"),
        ("table good.yaml --set width=big", "good.yaml:4:21: layers[0] (conv): filters: the word 'big' is not a size"),
        ("table good.yaml --set width=1,2", "good.yaml:4:21: layers[0] (conv): filters: the list [1, 2] is not a size"),
        ("table good.yaml --input 3x2x2", "good.yaml:4:5: layers[0] (conv): kernel of extent 3 is larger than the input of 2; give it padding, or take a smaller kernel"),
        ("show bad.yaml --expanded", "bad.yaml:2:10: layers[0] (rleu): unknown layer kind or block 'rleu'; did you mean 'relu'?"),
        ("check bad.yaml", "bad.yaml:2:10: layers[0] (rleu): unknown layer kind or block 'rleu'; did you mean 'relu'?"),
    ],
)  # fmt: skip
def test_wrong_specs_exit_with_1(arguments: str, message: str) -> None:
    result = CliRunner().invoke(main, arguments.split())
    assert result.stderr.split("\n")[0] == message
    assert (result.exit_code, result.stdout) == (1, "")


def test_check_goes_on_with_the_next_file() -> None:
    result = CliRunner().invoke(main, ["check", "bad.yaml", "good.yaml", "family.yaml"])
    assert result.exit_code == 1
    assert result.stdout == "good.yaml: ok, 1 network, 1 layer\nfamily.yaml: ok, 2 networks, 2 layers\n"
    assert result.stderr.endswith("bad.yaml: 1 problem\n")


def test_good_requests_exit_with_0() -> None:
    for arguments in (
        ["table", "good.yaml"],
        ["check", "good.yaml"],
        ["show", "bad.yaml"],
        ["list", "--filter", "zzzz"],
    ):
        assert CliRunner().invoke(main, arguments).exit_code == 0


@on_posix
@pytest.mark.parametrize("arguments", [["--set", b"width=\xff"], ["--input", b"3x\xff"], ["--columns", b"\xff"]])
def test_arguments_that_are_not_text(arguments: list[str | bytes]) -> None:
    command = [sys.executable, "-m", "archcalc", "table", "good.yaml", *arguments]
    result = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"Error: ")
    assert b"Traceback" not in result.stderr


# Files that are no specs, or that hang whoever reads them. These run as a process, so that a hang is seen.


def run(*arguments: str, shell: str = "") -> subprocess.CompletedProcess[str]:
    """Run the tool; with `shell` the rest of a shell line, such as `| head -1`."""
    command: str | list[str] = [sys.executable, "-m", "archcalc", *arguments]
    if shell:
        command = ["bash", "-c", f'"$0" -m archcalc "$@" {shell}', sys.executable, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20, check=False)
    assert "Traceback" not in result.stdout + result.stderr
    return result


def hostile(*arguments: str) -> str:
    """What the tool says of a hostile file, with exit status 1; a hang would end in the timeout of `run`."""
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    return result.stderr


@pytest.mark.parametrize("command", ["table", "check", "show"])
class TestHostileFiles:
    """Every command that reads a file refuses what is not one."""

    def test_binary(self, command: str, folder: Path) -> None:
        (folder / "x.yaml").write_bytes(bytes(range(256)) * 40)
        assert hostile(command, "x.yaml") == "Error: x.yaml is not UTF-8 text (byte 128)\n"

    def test_binary_that_is_text(self, command: str, folder: Path) -> None:
        (folder / "x.yaml").write_bytes(b"input: [3]\0\0\0")
        assert hostile(command, "x.yaml") == "Error: x.yaml is not text but binary data\n"

    def test_utf_16(self, command: str, folder: Path) -> None:
        (folder / "x.yaml").write_text(GOOD, encoding="utf-16")
        assert hostile(command, "x.yaml") == "Error: x.yaml is not UTF-8 text (byte 0)\n"

    def test_large_file(self, command: str, folder: Path) -> None:
        with (folder / "x.yaml").open("wb") as file:
            file.truncate(100_000_000)
        assert hostile(command, "x.yaml") == "Error: x.yaml is larger than 1,000,000 bytes, the limit for a spec\n"

    def test_folder(self, command: str, folder: Path) -> None:
        (folder / "x.yaml").mkdir()
        assert hostile(command, "x.yaml") == "Error: x.yaml is a folder, not a file\n"

    def test_folder_without_suffix(self, command: str, folder: Path) -> None:
        (folder / "somewhere").mkdir()
        assert hostile(command, "somewhere") == "Error: somewhere is a folder, not a file\n"

    @on_posix
    def test_device(self, command: str, folder: Path) -> None:
        assert hostile(command, "/dev/zero") == "Error: /dev/zero is not a regular file\n"

    @on_posix
    def test_pipe_without_writer(self, command: str, folder: Path) -> None:
        os.mkfifo(folder / "x.yaml")
        assert hostile(command, "x.yaml") == "Error: x.yaml is not a regular file\n"

    @on_posix
    def test_link_to_itself(self, command: str, folder: Path) -> None:
        (folder / "x.yaml").symlink_to("x.yaml")
        assert run(command, "x.yaml").returncode in (1, 2)

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser can read everything")
    def test_unreadable(self, command: str, folder: Path) -> None:
        (folder / "x.yaml").write_text(GOOD)
        (folder / "x.yaml").chmod(0)
        assert hostile(command, "x.yaml") == "Error: cannot read x.yaml: Permission denied\n"


@pytest.mark.parametrize(
    "spec",
    [
        "input: [3, 8, 8]\nlayers:\n  - " + "[" * 50_000,
        "input: [3, 8, 8]\nlayers:\n  - {repeat: 10**9, do: {repeat: 10**9, do: relu}}\n",
        "input: [3, 8, 8]\nlet: {x: 2**10**10**10}\nlayers: [relu]\n",
        "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    ],
    ids=["nesting", "repeats", "powers", "aliases"],
)  # fmt: skip
def test_hostile_specs_end_soon(spec: str, folder: Path) -> None:
    (folder / "x.yaml").write_text(spec)
    assert hostile("check", "x.yaml").startswith("x.yaml:")
    assert hostile("table", "x.yaml").startswith("x.yaml:")


def calling_tenfold(leaf: str) -> str:
    """Blocks that call the next one ten times each: a billion calls from ten lines ("billion laughs")."""
    blocks = [f"  b{level}: {{do: [{', '.join([f'b{level + 1}'] * 10)}]}}" for level in range(9)]
    return "\n".join(["input: [3, 8, 8]", "blocks:", *blocks, f"  b9: {{do: {leaf}}}", "layers: [b0, tanh]", ""])


@pytest.mark.parametrize("leaf", ["relu", "{concat: {a: relu, b: identity}}", "{head: aux, do: relu}"])
def test_a_billion_calls_are_refused_soon(leaf: str, folder: Path) -> None:
    (folder / "x.yaml").write_text(calling_tenfold(leaf))
    assert hostile("check", "x.yaml").startswith("x.yaml:")


@pytest.mark.parametrize("leaf", ["{relu: , when: false}", "identity", "[]"])
def test_a_billion_calls_that_hold_nothing_end_soon(leaf: str, folder: Path) -> None:
    """No layer is made, so the limit on layers never comes: the walk needs one of its own, or must not walk."""
    (folder / "x.yaml").write_text(calling_tenfold(leaf))
    result = run("check", "x.yaml")
    assert result.stdout == "x.yaml: ok, 1 network, 1 layer\n" or "the limit is" in result.stderr


# Where the output goes.


@on_posix
@pytest.mark.parametrize("command", ["list", "show vgg16", "table vgg16", "table vgg16 --format json", "layers"])
@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_stops_early_is_no_error(command: str, reader: str) -> None:
    result = run(*command.split(), shell=f"| {reader}")
    assert result.stderr == ""


@on_posix
@has_full_device
@pytest.mark.parametrize("command", ["list", "show vgg16", "table vgg16", "check good.yaml", "layers", "--help"])
def test_standard_output_on_a_full_disk(command: str) -> None:
    result = run(*command.split(), shell="> /dev/full")
    assert result.returncode == 1
    assert result.stderr == "Error: cannot write standard output: No space left on device\n"


@on_posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
@pytest.mark.parametrize("command", ["table good.yaml", "check good.yaml", "check bad.yaml", "table alxnet"])
def test_closed_streams_give_no_traceback(command: str, closed: str) -> None:
    assert run(*command.split(), shell=closed).returncode in (0, 1, 2)


@on_posix
def test_output_that_cannot_show_a_character(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x.yaml").write_text("title: Überall 网络\ncite: 网络\n" + GOOD, encoding="utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("LC_ALL", "C")
    assert run("table", "x.yaml").returncode == 0
    assert run("show", "x.yaml").returncode == 0


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere/table.txt", "Error: cannot write nowhere/table.txt: No such file or directory\n"),
        ("good.yaml/table.txt", "Error: cannot write good.yaml/table.txt: Not a directory\n"),
        (".", "Error: cannot write .: it is a folder\n"),
        pytest.param("/dev/full", "Error: cannot write /dev/full: No space left on device\n", marks=has_full_device),
        ("x" * 300, f"Error: cannot write {'x' * 300}: File name too long\n"),
    ],
)
def test_outputs_that_cannot_be_written(target: str, message: str, folder: Path) -> None:
    before = sorted(folder.iterdir())
    result = run("table", "good.yaml", "--output", target)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)
    assert sorted(folder.iterdir()) == before, "something was left behind"


@pytest.mark.parametrize("arguments", ["bad.yaml", "alxnet", "good.yaml --columns no", "good.yaml --set width=0"])
def test_a_failed_request_leaves_the_old_output_alone(arguments: str, folder: Path) -> None:
    (folder / "table.txt").write_text("old")
    before = sorted(folder.iterdir())
    assert run("table", *arguments.split(), "--output", "table.txt").returncode in (1, 2)
    assert (folder / "table.txt").read_text() == "old"
    assert sorted(folder.iterdir()) == before


def test_a_write_that_breaks_off_leaves_the_old_output_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new text goes to a file of its own first; if putting it in place fails, that file goes."""
    (folder / "table.txt").write_text("old")
    before = sorted(folder.iterdir())

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert refusal("table", "good.yaml", "--output", "table.txt") == (
        1,
        "Error: cannot write table.txt: No space left on device",
    )
    assert (folder / "table.txt").read_text() == "old"
    assert sorted(folder.iterdir()) == before


def test_output_is_written_whole_and_replaces_the_old(folder: Path) -> None:
    (folder / "table.txt").write_text("old" * 10_000)
    (folder / "table.txt").chmod(0o640)
    before = sorted(folder.iterdir())
    printed = run("table", "good.yaml").stdout
    result = run("table", "good.yaml", "--output", "table.txt")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (folder / "table.txt").read_text() == printed
    assert sorted(folder.iterdir()) == before
    if os.name == "posix":
        assert (folder / "table.txt").stat().st_mode & 0o777 == 0o640
