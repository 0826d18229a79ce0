"""Where commands print: as wide as the terminal, and wide enough to read where there is none."""

import sys

from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 160
"""In a file or a pipe nothing has to be folded for a screen."""


def terminal(*, stderr: bool = False) -> Console:
    """The console of a command."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDTH_WITHOUT_TERMINAL)
