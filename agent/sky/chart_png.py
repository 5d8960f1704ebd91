"""A chart as PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from agent.sky.chart_shapes import Area, Badge, Box, Drawing, Line, Point, Shape, Words

_FINER = 4  # drawn so many times larger and reduced to half of that, so that lines come out smooth
_LARGE = 30_000_000  # pixels above which that would take too much memory; drawn smaller then

_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def as_png(drawing: Drawing) -> bytes:
    """Return the drawing as PNG: twice its own size, for sharp screens; a very long one in its own."""
    size = drawing.width, drawing.height
    finer = next((n for n in range(_FINER, 1, -1) if size[0] * size[1] * n * n <= _LARGE), 1)
    image = Image.new("RGB", (size[0] * finer, size[1] * finer))
    pen = ImageDraw.Draw(image, "RGBA")
    for shape in drawing.shapes:
        _paint(pen, shape, finer)
    if finer > 1:
        half = finer // 2
        image = image.resize((size[0] * half, size[1] * half), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _paint(pen: ImageDraw.ImageDraw, shape: Shape, finer: int) -> None:
    match shape:
        case Box():
            left, top = shape.x * finer, shape.y * finer
            corners = (left, top, left + shape.width * finer, top + shape.height * finer)
            if shape.radius:
                pen.rounded_rectangle(corners, shape.radius * finer, shape.colour)
            else:
                pen.rectangle(corners, shape.colour)
        case Line():
            points = tuple((x * finer, y * finer) for x, y in shape.points)
            width = round(shape.width * finer)
            dash = (shape.dash[0] * finer, shape.dash[1] * finer) if shape.dash else None
            for part in _dashes(points, dash) if dash else [points]:
                pen.line(part, shape.colour, width, joint="curve")
        case Area():
            pen.polygon([(x * finer, y * finer) for x, y in shape.points], shape.colour)
        case Badge():
            x, y, radius = shape.x * finer, shape.y * finer, shape.radius * finer
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), shape.colour)
            size = shape.radius * (1.2 if len(shape.text) < 3 else 0.9)
            pen.text((x, y), shape.text, shape.ink, _font(size * finer), anchor="mm")
        case Words():
            place = (shape.x * finer, shape.y * finer)
            pen.text(
                place, shape.text, shape.colour, _font(shape.size * finer), anchor=_ANCHORS[shape.anchor]
            )


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _dashes(points: tuple[Point, ...], dash: tuple[float, float]) -> Iterator[list[Point]]:
    """Cut a line into dashes along its length."""
    drawn, left, on = [points[0]], dash[0], True
    for (x, y), (to_x, to_y) in pairwise(points):
        length = math.hypot(to_x - x, to_y - y)
        done = 0.0
        while length - done > left:
            done += left
            edge = x + (to_x - x) * done / length, y + (to_y - y) * done / length
            if on:
                yield [*drawn, edge]
            drawn, on = [edge], not on
            left = dash[0] if on else dash[1]
        left -= length - done
        drawn.append((to_x, to_y))
    if on and len(drawn) > 1:
        yield drawn
