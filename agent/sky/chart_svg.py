"""A chart as SVG, for pages: no scripts, no references, every text escaped."""

from __future__ import annotations

from html import escape

from agent.sky.chart_shapes import Area, Badge, Box, Drawing, Line, Point, Shape, Words
from agent.text import printable


def as_svg(drawing: Drawing) -> str:
    """Return the drawing as a document that can stand by itself or in a page."""
    title = _safe(drawing.title)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width} {drawing.height}" '
        f'role="img" aria-label="{escape(printable(drawing.title))}" '
        'font-family="system-ui, sans-serif">'
    )
    return "\n".join([head, f"<title>{title}</title>", *map(_shape, drawing.shapes), "</svg>", ""])


def _shape(shape: Shape) -> str:
    match shape:
        case Box():
            round_corners = f' rx="{_number(shape.radius)}"' if shape.radius else ""
            return (
                f'<rect x="{_number(shape.x)}" y="{_number(shape.y)}" width="{_number(shape.width)}" '
                f'height="{_number(shape.height)}" fill="{shape.colour}"{round_corners}/>'
            )
        case Line():
            dash = f' stroke-dasharray="{shape.dash[0]:g} {shape.dash[1]:g}"' if shape.dash else ""
            return (
                f'<polyline points="{_points(shape.points)}" fill="none" stroke="{shape.colour}" '
                f'stroke-width="{_number(shape.width)}" stroke-linejoin="round"{dash}/>'
            )
        case Area():
            return f'<polygon points="{_points(shape.points)}" fill="{shape.colour}"/>'
        case Badge():
            circle = (
                f'<circle cx="{_number(shape.x)}" cy="{_number(shape.y)}" r="{_number(shape.radius)}" '
                f'fill="{shape.colour}"/>'
            )
            size = shape.radius * (1.2 if len(shape.text) < 3 else 0.9)
            return circle + _shape(Words(shape.x, shape.y, shape.text, size, shape.ink, "middle"))
    anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
    return (
        f'<text x="{_number(shape.x)}" y="{_number(shape.y)}" dy="0.35em" font-size="{_number(shape.size)}" '
        f'fill="{shape.colour}"{anchor}>{_safe(shape.text)}</text>'
    )


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _safe(text: str) -> str:
    return escape(printable(text), quote=False)
