"""What became of a session's fetching, in a sentence."""

from __future__ import annotations

from agent.archive.manifest import Manifest, State


def told(manifest: Manifest) -> str:
    """Return how much is there, what is missing, and where the telescope's own count differs from ours."""
    done = [entry for entry in manifest.files if entry.done]
    size = sum(entry.size or 0 for entry in done)
    if manifest.state is State.GONE:
        return "The telescope's card has nothing of it any more."
    sentences = [f"{len(done)} files ({size_text(size)}) are in the archive."]
    missing = [entry for entry in manifest.files if not entry.done]
    if missing:
        first = missing[0]
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        sentences.append(f"Not to be had: {first.source} ({first.problem}){others}.")
    if difference := differs(manifest):
        sentences.append(difference)
    return " ".join(sentences)


def differs(manifest: Manifest) -> str:
    """Return a sentence with both counts when the telescope's own notes and the agent's differ, else ""."""
    ours, theirs = manifest.counted, manifest.noted
    pairs = [
        (word, mine, other)
        for word, mine, other in (
            ("taken", ours.taken, theirs.taken),
            ("stacked", ours.stacked, theirs.stacked),
        )
        if mine is not None and other is not None and mine != other
    ]
    if not pairs:
        return ""
    counts = ", ".join(f"{other} {word} instead of {mine}" for word, mine, other in pairs)
    return f"The telescope noted other counts than the agent: {counts}."


def size_text(size: float) -> str:
    """Return a number of bytes for people."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size:.0f} bytes"
