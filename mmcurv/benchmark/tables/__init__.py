# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The same numbers as Markdown, LaTeX, CSV and in the terminal."""
