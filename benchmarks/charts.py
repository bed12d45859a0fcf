"""Charts as SVG, readable on a light and on a dark page."""

from __future__ import annotations

from html import escape
from math import log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 720, 26, 190, 110, 44, 16
PLOT = WIDTH - LEFT - RIGHT
HEIGHT = 300
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .35 }
.bar, .dot { fill: #57606a }
.us { fill: #0969da }
.line { fill: none; stroke-width: 2; stroke: #57606a }
.a { stroke: #0969da } .b { stroke: #bc4c00 } .c { stroke: #1a7f37 }
.ta { fill: #0969da } .tb { fill: #bc4c00 } .tc { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar, .dot { fill: #8b949e } .us { fill: #58a6ff }
  .a { stroke: #58a6ff } .b { stroke: #f0883e } .c { stroke: #3fb950 }
  .ta { fill: #58a6ff } .tb { fill: #f0883e } .tc { fill: #3fb950 }
}
"""


def bars(
    title: str, values: Mapping[str, float], said: Mapping[str, str], *, log: bool
) -> str:
    """Return a chart with a bar for each name, and what is ``said`` at its end.

    On a logarithmic scale (``log``) what is less than 1 has a bar of that.
    """
    most = max([1.0, *values.values()])
    low = min([1.0, *(value for value in values.values() if value > 0)])

    def length(value: float) -> float:
        if not log:
            return PLOT * value / most
        return PLOT * (log10(max(value, low)) - log10(low) + 0.1) / _span(low, most)

    rows = [f'<text class="title" x="8" y="24">{escape(title)}</text>']
    for number, (name, value) in enumerate(values.items()):
        y = TOP + ROW * number
        us = " us" if name == "LeakWatch" else ""
        rows += [
            _text(LEFT - 8, y + 14, name, "end"),
            f'<rect class="bar{us}" x="{LEFT}" y="{y}" height="{ROW - 8}"'
            f' width="{max(length(value), 1):.0f}" rx="2"/>',
            _text(LEFT + max(length(value), 1) + 6, y + 14, said[name]),
        ]
    return _svg(title, rows, TOP + ROW * len(values) + BOTTOM)


def _span(low: float, most: float) -> float:
    return max(log10(most) - log10(low) + 0.1, 0.1)


def lines(
    title: str, at: Sequence[float], series: Mapping[str, Sequence[float]], unit: str
) -> str:
    """Return a chart of lines over logarithmic axes, each named at its end."""
    values = [value for each in series.values() for value in each if value > 0]
    low, high = min(values), max(values)

    def x(value: float) -> float:
        return LEFT / 2 + PLOT * (log10(value / at[0])) / log10(at[-1] / at[0])

    def y(value: float) -> float:
        part = log10(max(value, low) / low) / max(log10(high / low), 0.1)
        return HEIGHT - 40 - (HEIGHT - 100) * part

    rows = [f'<text class="title" x="8" y="24">{escape(title)}</text>']
    rows += _decades(low, high, y, unit)
    rows += [_text(x(value), HEIGHT - 14, f"{value:,}", "middle") for value in at]
    for mark, (name, points) in zip("abc", series.items(), strict=False):
        drawn = " ".join(
            f"{x(a):.0f},{y(b):.0f}" for a, b in zip(at, points, strict=True)
        )
        end = f'x="{x(at[-1]) + 8:.0f}" y="{y(points[-1]) + 4:.0f}"'
        rows += [
            f'<polyline class="line {mark}" points="{drawn}"/>',
            f'<text class="t{mark}" {end}>{escape(name)}</text>',
        ]
    return _svg(title, rows, HEIGHT)


def _decades(
    low: float, high: float, y: Callable[[float], float], unit: str
) -> Iterator[str]:
    """Yield a line across for each power of ten."""
    power = 10.0 ** int(log10(low) - 1)
    while power <= high * 1.01:
        if power >= low * 0.99:
            at = f"{y(power):.0f}"
            end = LEFT / 2 + PLOT
            yield f'<line class="grid" x1="{LEFT / 2}" x2="{end}" y1="{at}" y2="{at}"/>'
            yield _text(LEFT / 2 - 6, y(power) + 4, f"{power:,g} {unit}", "end")
        power *= 10


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    at = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f"<text {at}>{escape(text)}</text>"


def _svg(title: str, rows: Sequence[str], height: int) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
    )
    return "\n".join([head, *rows, "</svg>", ""])
