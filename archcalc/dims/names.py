r"""Names of sizes in LaTeX mathematics.

>>> print(*map(latex_name, ("H", "F_h", "C_in", "P_h_begin", "n1", "alpha")))
H F_{h} C_{\mathrm{in}} P_{h,\mathrm{begin}} n_{1} \alpha
>>> print(*map(latex_name, ("width", "depths_0", "size_before", "_x_", "__")))
\mathrm{width} \mathrm{depths}_{0} \mathrm{size\_before} \mathrm{\_x\_} \mathrm{\_\_}
"""

from __future__ import annotations

import re

_LOWER = "beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega"
_UPPER = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
GREEK = frozenset(["alpha", *_LOWER.split(), *_UPPER.split()])
_INDEXED = re.compile(r"([A-Za-z]+?)_?([0-9]+)|([A-Za-z]+)_([A-Za-z0-9_]*[A-Za-z0-9])")


def latex_name(name: str) -> str:
    """A letter stands in italics, with what follows as its index; a word stands upright, a number behind it as its
    index."""
    matched = _INDEXED.fullmatch(name)
    stem, index = (matched[1] or matched[3], matched[2] or matched[4]) if matched else (name, "")
    is_letter = stem in GREEK or (len(stem) == 1 and stem.isalpha())
    if index and (is_letter or (index.isdigit() and "_" in name)):
        return f"{_stem(stem)}_{{{','.join(map(_stem, index.split('_')))}}}"
    return _stem(name)


def _stem(name: str) -> str:
    if name in GREEK:
        return f"\\{name}"
    if name.isdigit() or (len(name) == 1 and name.isalpha()):
        return name
    return rf"\mathrm{{{escaped(name)}}}"


def escaped(text: str) -> str:
    """Text whose characters have no meaning of their own in LaTeX."""
    return re.sub(r"([_#%&$])", r"\\\1", text)
