"""How the site is built: `make docs`, warnings as errors."""

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import eqchip

project = "eqchip"
author = "The eqchip developers"
release = version = eqchip.__version__

extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"eqchip {release}"


def setup(app: Sphinx) -> None:
    """Know netlists and tables as text; a fence names them so that the tests can write them to files."""
    app.add_lexer("netlist", TextLexer)
    app.add_lexer("csv", TextLexer)
