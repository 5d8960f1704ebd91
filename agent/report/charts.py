"""Small curves of a report as SVG texts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime


def curve(points: Sequence[tuple[datetime, float]], low: float, high: float, label: str, unit: str) -> str:
    """Return a small curve over time between these two values; "" for fewer than two points."""
    if len(points) < 2 or points[0][0] >= points[-1][0] or high <= low:
        return ""
    begin, end = points[0][0], points[-1][0]
    path = []
    for number, (at, value) in enumerate(points):
        x = 4 + (at - begin) / (end - begin) * 192
        y = 44 - (max(low, min(high, value)) - low) / (high - low) * 38
        path.append(f"{'L' if number else 'M'}{x:.1f} {y:.1f}")
    first, last = (f"{points[at][1]:.0f}{unit}" for at in (0, -1))
    words = html.escape(f"{label}: {first} to {last}")
    return (
        f'<figure class="curve"><svg viewBox="0 0 200 50" role="img" aria-label="{words}">'
        f'<path class="grid" d="M4 44H196"/><path class="line" d="{"".join(path)}"/></svg>'
        f"<figcaption>{words}</figcaption></figure>"
    )
