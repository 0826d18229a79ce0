"""Plots of the table: rates and latencies, ours beside the best peer and the limit, on logarithmic scales."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.path.lines import MILLISECONDS, PER_SECOND, Figure, Line

PLOTS = Path(__file__).parents[1] / "plots"
COLOURS = {"ours": "#1f6f8b", "best peer": "#d98032", "limit": "#b8b8b8", "goal": "#2f2f2f"}
HEIGHT = 0.26


def plot(lines: Sequence[Line]) -> None:
    """Draws `plots/rates.png` and `plots/latencies.png`."""
    PLOTS.mkdir(exist_ok=True)
    _draw("rates", "facts per second (log scale), more is better", [each for each in lines if each.unit == PER_SECOND])
    _draw("latencies", "ms (log scale), less is better", [each for each in lines if each.unit == MILLISECONDS])


def _draw(name: str, axis: str, lines: Sequence[Line]) -> None:
    from matplotlib.figure import Figure as Canvas  # fetched for the measurement, and slow to load

    shown = [each for each in reversed(lines) if each.ours.runs]
    if not shown:
        return
    canvas = Canvas(figsize=(10, 1.2 + 0.75 * len(shown)), dpi=110)
    axes = canvas.add_subplot()
    axes.set_xscale("log")
    series: dict[str, Callable[[Line], Figure | None]] = {
        "ours": lambda line: line.ours,
        "best peer": lambda line: line.best_peer,
        "limit": lambda line: line.limit,
    }
    for place, (label, of) in enumerate(series.items()):
        _bars(axes, [(at + (1 - place) * HEIGHT, of(line)) for at, line in enumerate(shown)], label)
    for at, line in enumerate(shown):
        goal = "goal" if at == 0 else None
        axes.plot([line.goal] * 2, [at - 0.4, at + 0.4], color=COLOURS["goal"], linestyle="--", linewidth=1, label=goal)
    axes.set_yticks(range(len(shown)), [each.name for each in shown], fontsize=8)
    axes.set_xlabel(axis)
    axes.margins(x=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1.0 + 0.35 / len(shown)), ncols=4, frameon=False, fontsize=8)
    canvas.savefig(PLOTS / f"{name}.png", bbox_inches="tight")


def _bars(axes: Any, placed: Sequence[tuple[float, Figure | None]], label: str) -> None:
    there = [(at, figure) for at, figure in placed if figure and figure.runs and figure.value > 0]
    if not there:
        return
    bars = axes.barh([at for at, _ in there], [f.value for _, f in there], HEIGHT, color=COLOURS[label], label=label)
    texts = [f"{figure.value:,.3g} {figure.who}" if figure.value < 100 else f"{figure.value:,.0f} {figure.who}"
             for _, figure in there]  # fmt: skip
    axes.bar_label(bars, texts, padding=3, fontsize=7)
