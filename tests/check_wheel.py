"""Build the wheel, install it in an empty environment, and compare its networks with the checkout's."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, folder: Path) -> str:
    """What a command prints; its own errors go through."""
    return subprocess.run(
        [str(part) for part in command], cwd=folder, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def networks_of(environment: Path, folder: Path) -> list[str]:
    """The names that `archcalc list` prints."""
    lines = run(environment / "bin" / "archcalc", "list", folder=folder).splitlines()
    return [line.split()[0] for line in lines[2:]]


NEED_AN_EXTRA = {
    ("plot", "layers", "lenet5", "-o", "picture.svg"): "archcalc[plot]",
    ("report", "lenet5", "-o", "page.html"): "archcalc[report]",
    ("sweep", "vgg16", "--vary", "H=64:128:32", "-o", "rows.parquet"): "archcalc[parquet]",
}
NEED_NONE = (
    ("table", "lenet5"), ("explain", "lenet5", "C1"), ("formula", "lenet5", "macs", "--symbols", "H,W"),
    ("draw", "lenet5", "-o", "drawing.svg"), ("draw", "lenet5", "--format", "html", "-o", "drawing.html"),
    ("report", "lenet5", "--no-charts", "-o", "page.html"), ("memory", "lenet5"), ("field", "lenet5"),
    ("partition", "alexnet"), ("compare", "lenet5", "alexnet"), ("solve", "vgg16", "--for", "H", "--macs", "<=1G"),
    ("sweep", "vgg16", "--vary", "H=64:128:32"), ("metrics", "lenet5"), ("roofline", "lenet5", "--device", "v100"),
    ("verify", "lenet5"), ("claims", "mlp-21"), ("check", "lenet5"), ("show", "lenet5"), ("layers", "conv"),
    ("completion", "bash"),
)  # fmt: skip


def check_extras(environment: Path, folder: Path) -> None:
    """Without extras, commands that need none run, and the others name theirs and leave no file; else exit 1."""
    program = environment / "bin" / "archcalc"
    for command in NEED_NONE:
        run(program, *command, folder=folder)
    for command, extra in NEED_AN_EXTRA.items():
        (folder / command[-1]).unlink(missing_ok=True)
        done = subprocess.run([program, *command], cwd=folder, text=True, capture_output=True, check=False)
        if done.returncode != 2 or extra not in done.stderr or "Traceback" in done.stderr:
            sys.exit(f"archcalc {' '.join(command)} does not name {extra}: {done.stderr}")
        if (folder / command[-1]).exists():
            sys.exit(f"archcalc {' '.join(command)} leaves a file behind")


def main() -> None:
    """Exit 1 where the wheel lacks something."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = folder / "empty"
        empty.mkdir()
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, folder=empty)
        (wheel,) = folder.glob("*.whl")
        listed = {}
        for kind, target in (("wheel", [wheel]), ("editable", ["--editable", ROOT])):
            environment = folder / kind
            venv.create(environment, with_pip=True)
            run(environment / "bin" / "python", "-m", "pip", "install", "--quiet", *target, folder=empty)
            listed[kind] = networks_of(environment, empty)
        check_extras(folder / "wheel", empty)
        files = {path.relative_to(ROOT / "specs") for path in (ROOT / "specs").rglob("*.yaml")}
        script = (
            "import archcalc.zoo as z; [print(p.relative_to(z.directory())) for p in z.directory().rglob('*.yaml')]"
        )
        shipped = {Path(line) for line in run(folder / "wheel/bin/python", "-c", script, folder=empty).splitlines()}
        typed = "import archcalc; from pathlib import Path; print([path.name for path in Path(archcalc.__file__).parent.glob('*.pyi')], Path(archcalc.__file__).with_name('py.typed').is_file())"
        types = run(folder / "wheel/bin/python", "-c", typed, folder=empty).strip()
    if types != "['build.pyi'] True":
        sys.exit(f"the wheel lacks py.typed or the types of archcalc.build: {types}")
    if listed["wheel"] != listed["editable"] or not listed["wheel"]:
        sys.exit(f"the wheel lists {listed['wheel']}, the editable install {listed['editable']}")
    if shipped != files:
        sys.exit(f"the wheel ships {sorted(map(str, shipped))}, specs/ holds {sorted(map(str, files))}")
    print(f"wheel: {len(listed['wheel'])} networks, {len(shipped)} spec files, as in the checkout")


if __name__ == "__main__":
    main()
