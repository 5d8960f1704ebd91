"""Draw icon.png, logo.png and the page's icon: a small telescope under a night sky.

Run it after a change of this file.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
ICON = (128, 128)
PAGE_ICON = (256, 256)
LOGO = (250, 100)

_SCALE = 8  # everything is drawn this much larger and shrunk, which smooths the edges
_NIGHT_TOP, _NIGHT_LOW = (13, 22, 48), (44, 62, 112)
_STAR, _GLOW = (255, 244, 214), (255, 214, 120)
_METAL, _SHADE, _DARK = (236, 240, 247), (186, 197, 216), (27, 36, 64)

Point = tuple[float, float]


def icon(size: tuple[int, int] = ICON) -> Image.Image:
    """Return the icon: rounded night sky, one bright star, the telescope pointing at it."""
    picture = _sky(ICON, corner=24, seed=4, stars=26)
    _telescope(picture, foot=(62, 108), reach=1.0)
    _star(picture, (98, 28), 15)
    return picture.resize(size, Image.Resampling.LANCZOS)


def logo() -> Image.Image:
    """Return the logo: the same scene, with the name beside it."""
    picture = _sky(LOGO, corner=18, seed=9, stars=44)
    _telescope(picture, foot=(46, 86), reach=0.78)
    _star(picture, (74, 24), 11)
    draw = ImageDraw.Draw(picture)
    large = ImageFont.load_default(34 * _SCALE)
    small = ImageFont.load_default(15 * _SCALE)
    draw.text(_up((100, 24)), "DWARF", font=large, fill=_METAL)
    draw.text(_up((102, 61)), "session agent", font=small, fill=_GLOW)
    return picture.resize(LOGO, Image.Resampling.LANCZOS)


def _sky(size: tuple[int, int], *, corner: int, seed: int, stars: int) -> Image.Image:
    width, height = size[0] * _SCALE, size[1] * _SCALE
    column = Image.new("RGB", (1, height))
    for y in range(height):
        part = y / height
        column.putpixel(
            (0, y), tuple(round(a + (b - a) * part) for a, b in zip(_NIGHT_TOP, _NIGHT_LOW, strict=True))
        )
    picture = column.resize((width, height)).convert("RGBA")
    draw = ImageDraw.Draw(picture)
    chance = random.Random(seed)  # noqa: S311 - stars, not secrets
    for _ in range(stars):
        x, y = chance.uniform(4, size[0] - 4), chance.uniform(4, size[1] * 0.8)
        radius = chance.choice((0.4, 0.5, 0.6, 0.9))
        draw.ellipse(_box((x, y), radius), fill=(*_STAR, chance.randint(110, 230)))
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), corner * _SCALE, fill=255)
    picture.putalpha(mask)
    return picture


def _telescope(picture: Image.Image, *, foot: Point, reach: float) -> None:
    """A compact telescope on a short tripod, its tube raised by 50 degrees to the right."""
    draw = ImageDraw.Draw(picture)
    x, y = foot
    head = (x, y - 40 * reach)
    for dx in (-22, 0, 22):
        draw.line((_up(head), _up((x + dx * reach, y))), fill=_SHADE, width=round(5 * reach * _SCALE))
        draw.ellipse(_box((x + dx * reach, y), 3.2 * reach), fill=_SHADE)
    along = (math.cos(math.radians(50)), -math.sin(math.radians(50)))
    across = (-along[1], along[0])
    _bar(draw, head, along, across, (-22 * reach, 34 * reach), 13 * reach, _METAL)
    _bar(draw, head, along, across, (-22 * reach, -12 * reach), 13 * reach, _SHADE)
    _bar(draw, head, along, across, (28 * reach, 38 * reach), 16 * reach, _SHADE)
    _bar(draw, head, along, across, (36 * reach, 39 * reach), 12 * reach, _DARK)
    draw.ellipse(_box(head, 8.5 * reach), fill=_DARK)
    draw.ellipse(_box(head, 4 * reach), fill=_GLOW)


def _bar(
    draw: ImageDraw.ImageDraw,
    origin: Point,
    along: Point,
    across: Point,
    ends: tuple[float, float],
    half_width: float,
    colour: tuple[int, int, int],
) -> None:
    corners = [(ends[0], -1), (ends[1], -1), (ends[1], 1), (ends[0], 1)]
    draw.polygon(
        [
            _up(
                (
                    origin[0] + along[0] * distance + across[0] * side * half_width,
                    origin[1] + along[1] * distance + across[1] * side * half_width,
                )
            )
            for distance, side in corners
        ],
        fill=colour,
    )


def _star(picture: Image.Image, centre: Point, radius: float) -> None:
    """A bright star with four long rays and a soft glow."""
    glow = Image.new("RGBA", picture.size, (*_GLOW, 0))
    draw = ImageDraw.Draw(glow)
    for step in range(24, 0, -1):
        draw.ellipse(_box(centre, radius * step / 24), fill=(*_GLOW, round(70 * (1 - step / 24))))
    picture.alpha_composite(glow)
    draw = ImageDraw.Draw(picture)
    points = []
    for corner in range(8):
        length = radius if corner % 2 == 0 else radius * 0.2
        angle = math.radians(45 * corner)
        points.append(_up((centre[0] + length * math.sin(angle), centre[1] - length * math.cos(angle))))
    draw.polygon(points, fill=_STAR)


def _up(point: Point) -> Point:
    return (point[0] * _SCALE, point[1] * _SCALE)


def _box(centre: Point, radius: float) -> tuple[float, float, float, float]:
    x, y = centre
    return ((x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE)


if __name__ == "__main__":
    for name, draw_it in (("icon.png", icon), ("logo.png", logo)):
        draw_it().save(ROOT / name, optimize=True)
        print(f"{name} drawn")
    large = icon(PAGE_ICON).quantize(128)
    large.save(ROOT / "agent" / "web" / "static" / "icon.png", optimize=True)
    print("the page's icon drawn")
