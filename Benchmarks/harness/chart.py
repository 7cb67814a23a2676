"""A chart of seconds, on a logarithmic scale, as SVG."""

import math
import statistics
from xml.sax.saxutils import escape

SHOWN = ("simple_average", "weighted_average", "dare")
LEFT, WIDTH, BAR, GAP, HEAD = 190, 470, 18, 6, 30
COLOURS = {
    "yardstick": "#8c8c8c",
    "gpumerge": "#1f6fb4",
    "mergekit": "#d1603d",
    "fusion_bench": "#e0a030",
}


def _bars(results):
    """(title, [(program, median)]) of the cases that are shown."""
    for case, result in results:
        if case.id in SHOWN:
            rows = [row for row in result["rows"] if row["runs"]]
            yield (
                case.title.replace("`", ""),
                [
                    (row["program"], statistics.median(run["seconds"] for run in row["runs"]))
                    for row in rows
                ],
            )


def _text(x, y, text, anchor="start", weight="normal"):
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )


def _rectangle(y, width, colour):
    return f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'


def _lines(groups, least, decades):
    def x(seconds):
        return LEFT + WIDTH * (math.log10(seconds) - least) / decades

    y, body = 10, []
    for title, bars in groups:
        body.append(_text(10, y + 14, f"{title}: seconds", weight="bold"))
        y += HEAD
        for program, seconds in bars:
            colour = next(code for name, code in COLOURS.items() if program.startswith(name))
            body.append(_text(LEFT - 8, y + 13, program, "end"))
            body.append(_rectangle(y, x(seconds) - LEFT, colour))
            shown = f"{seconds:.2f}" if seconds < 100 else f"{seconds:.0f}"
            body.append(_text(x(seconds) + 6, y + 13, shown))
            y += BAR + GAP
        y += 12
    for decade in range(decades + 1):
        at = x(10 ** (least + decade))
        body.insert(0, f'<line x1="{at:.1f}" y1="10" x2="{at:.1f}" y2="{y}" stroke="#dddddd"/>')
        body.append(_text(at, y + 14, f"{10.0 ** (least + decade):g} s", "middle"))
    return y + 26, body


def write_chart(path, results):
    """Whether there was anything to show."""
    groups = [(title, bars) for title, bars in _bars(results) if bars]
    if not groups:
        return False
    seconds = [value for _, bars in groups for _, value in bars]
    least = math.floor(math.log10(min(seconds)))
    decades = max(1, math.ceil(math.log10(max(seconds))) - least)
    height, body = _lines(groups, least, decades)
    width = LEFT + WIDTH + 70
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    )
    path.write_text("\n".join([head, *body, "</svg>"]) + "\n")
    return True
