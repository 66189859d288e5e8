"""Drawing of small charts as SVG: scales, axes and shapes with class names instead of colours.

    canvas = Canvas(200); canvas.bar(130, 8, 90, 14, "kept", "answered: 12")

Inside the page the style sheet colours the classes, in light and in dark; `standalone` brings the colours along.
All charts share one width, so that a figure is as legible on a telephone as in a column of a wide screen.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from koreason.shown import printable

WIDTH = 360  # in user units, which are CSS pixels where the figure is shown at its natural size
PALETTE = Path(__file__).with_name("palette.css")


@dataclass(frozen=True)
class Figure:
    """A finished chart: `name` is its file's, `title` its heading, `caption` tells how to read it, `summary` tells it in words."""

    name: str
    title: str
    caption: str
    summary: str
    height: float
    body: Markup

    def inline(self) -> Markup:
        """For the page, whose style sheet has the colours."""
        head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">')
        return head.format(WIDTH, number(self.height), printable(self.summary)) + self.body + Markup("</svg>")

    def standalone(self) -> str:
        """A file of its own."""
        head = Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {} {}" width="{}" height="{}" role="img">'
            "<title>{}</title><desc>{}</desc><style>{}</style>"
            '<rect class="paper" width="100%" height="100%"/>'
        )
        size = WIDTH, number(self.height)
        style = Markup(PALETTE.read_text(encoding="utf-8"))
        return str(head.format(*size, *size, printable(self.title), printable(self.summary), style) + self.body + Markup("</svg>\n"))


def number(value: float) -> str:
    """A coordinate: at most two decimals, none where they are 0."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def short(value: float) -> str:
    """A count for an axis: 950, 1.2k, 5.79M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            divisor = 1e3 if unit == "k" else size
            return f"{value / divisor:.3g}{unit}"
    return f"{value:,.4g}"


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round values from `low` to `high`, at most `most`, evenly spaced."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1, 2, 5, 10, 20) if span / (factor * power) < most)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` to user units from `start` to `end`; both directions may run downwards.

    Attributes:
        doubling: each doubling takes the same room; what is below `low`, which is above 0 then, stands at `start`.
    """

    low: float
    high: float
    start: float
    end: float
    doubling: bool = False

    def __call__(self, value: float) -> float:
        """Position of a value."""
        if self.doubling:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
            return self.start + (self.end - self.start) * part
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0.5)


class Canvas:
    """Collects shapes; `body` is what goes between `<svg>` and `</svg>`."""

    def __init__(self) -> None:
        self._shapes: list[Markup] = []

    @property
    def body(self) -> Markup:
        """All shapes in the order they were drawn."""
        return Markup("").join(self._shapes)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start", turn: float = 0) -> None:
        """Words with their base line at `y`; `anchor` is `start`, `middle` or `end`; turned by so many degrees, clockwise."""
        turned = Markup(' transform="rotate({} {} {})"').format(number(turn), number(x), number(y)) if turn else Markup("")
        self._shapes.append(
            Markup('<text x="{}" y="{}" class="{}" text-anchor="{}"{}>{}</text>').format(
                number(x), number(y), kind, anchor, turned, printable(words)
            )
        )

    def bar(self, x: float, y: float, width: float, height: float, kind: str, tip: str = "", shade: float = 1) -> None:
        """A rectangle, of the colour's `shade` (0 to 1); `tip` shows where the pointer rests on it."""
        inside = Markup("<title>{}</title>").format(printable(tip)) if tip else Markup("")
        faint = Markup(' fill-opacity="{}"').format(number(shade)) if shade < 1 else Markup("")
        self._shapes.append(
            Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"{}>{}</rect>').format(
                number(x), number(y), number(max(width, 0)), number(max(height, 0)), kind, faint, inside
            )
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        self._shapes.append(
            Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(number(x1), number(y1), number(x2), number(y2), kind)
        )

    def path(self, points: list[tuple[float, float]], kind: str) -> None:
        """A line through points."""
        joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._shapes.append(Markup('<polyline points="{}" class="{}"/>').format(joined, kind))

    def dot(self, x: float, y: float, radius: float, kind: str, tip: str = "") -> None:
        """A circle."""
        inside = Markup("<title>{}</title>").format(printable(tip)) if tip else Markup("")
        self._shapes.append(
            Markup('<circle cx="{}" cy="{}" r="{}" class="{}">{}</circle>').format(number(x), number(y), number(radius), kind, inside)
        )

    def axis_below(self, scale: Scale, y: float, values: list[float], labels: list[str], name: str) -> None:
        """Ticks, their labels and the axis' name below a chart whose base line is at `y`."""
        self.line(scale.start, y, scale.end, y, "axis")
        for value, words in zip(values, labels, strict=True):
            self.line(scale(value), y, scale(value), y + 4, "axis")
            self.text(scale(value), y + 17, words, "tick", "middle")
        self.text((scale.start + scale.end) / 2, y + 34, name, "name", "middle")

    def axis_left(self, scale: Scale, left: float, right: float, values: list[float], labels: list[str]) -> None:
        """Grid lines from `left` to `right` with labels before them."""
        for value, words in zip(values, labels, strict=True):
            self.line(left, scale(value), right, scale(value), "grid")
            self.text(left - 6, scale(value) + 4, words, "tick", "end")


def clip(words: str, most: int) -> str:
    """Words cut to `most` characters."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
