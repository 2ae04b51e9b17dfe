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
