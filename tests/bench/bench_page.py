"""How long the page of ResNet-152 takes to draw itself anew in a browser, from the move of a slider on.

Run it by `python tests/bench/bench_page.py`; it needs Chromium and its driver.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from browser import browser

MOVES = """
const done = arguments[0];
const slider = document.querySelector("input[type=range][data-name=H]");
const taken = [];
const move = () => {
  if (taken.length === 50) return done(taken);
  const start = performance.now();
  slider.value = String(100 + 6 * taken.length);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => {
    taken.push([performance.now() - start, performance.getEntriesByName("redraw").at(-1).duration]);
    move();
  }));
};
move();
"""


def main() -> None:
    """Print the milliseconds of the script alone, and until the frame is painted."""
    with tempfile.TemporaryDirectory() as name:
        page = Path(name) / "page.html"
        subprocess.run([sys.executable, "-m", "archcalc", "report", "resnet152", "-o", str(page)], check=True)
        with browser(Path(name) / "profile") as driver:
            driver.set_script_timeout(60)
            driver.get(page.as_uri())
            ready = "const done = arguments[0]; const wait = () => document.documentElement.dataset.ready === undefined"
            driver.execute_async_script(f"{ready} ? setTimeout(wait, 20) : setTimeout(done, 1000); wait();")
            painted, script = zip(*driver.execute_async_script(MOVES), strict=True)
    print(f"script: median {statistics.median(script):.1f} ms of {len(script)} moves (at most 50)")
    print(f"until painted: median {statistics.median(painted):.1f} ms, the wait for the frame included")


if __name__ == "__main__":
    main()
