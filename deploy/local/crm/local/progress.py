"""What people see while something is under way: a spinner on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status


class Progress:
    """Steps, told one after the other; each is done when the next is told, or at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner: Status | None = None
        self._step: str | None = None
        self._since = 0.0

    def __call__(self, step: str) -> None:
        """Tells the next step, in a sentence without a full stop."""
        self.done()
        self._step, self._since = step, time.monotonic()
        if self._console.is_terminal:
            self._spinner = self._console.status(escape(step))
            self._spinner.start()
        else:
            self._console.print(escape(step), highlight=False, soft_wrap=True)

    def done(self, *, ok: bool = True) -> None:
        """The last step is over."""
        if self._spinner is not None and self._step is not None:
            self._spinner.stop()
            took = f"[dim]{time.monotonic() - self._since:.1f} s[/dim]"
            mark = "[green]✓[/green]" if ok else "[red]✗[/red]"
            self._console.print(f"{mark} {escape(self._step)} {took}", highlight=False, soft_wrap=True)
        self._spinner = self._step = None

    def note(self, sentence: str) -> None:
        """Something happened meanwhile."""
        self._console.print(escape(sentence), highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.done(ok=error is None)
