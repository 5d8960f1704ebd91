"""Session ids: unique per telescope, harmless as a file name and inside an MQTT topic on any system."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_LENGTH = 100  # characters; leaves room for suffixes below the 255 bytes of every file system

_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_OTHER = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_DIGEST = 8  # hexadecimal digits that tell apart names which became equal


def is_safe_session_id(text: str) -> bool:
    """Tell whether a text can be a session id as it stands."""
    return (
        len(text) <= MAX_LENGTH
        and _ALLOWED.fullmatch(text) is not None
        and not text.endswith(".")
        and not text.lower().endswith(".json")
        and ".." not in text
        and _RESERVED.fullmatch(text) is None
    )


def safe_session_id(text: str) -> str:
    """Return a session id for a name or request id: itself when safe, else a readable form with a short hash.

    The hash keeps different names different; the same name always gives the same id.
    """
    if is_safe_session_id(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"\.{2,}", ".", _OTHER.sub("-", plain)).strip("-._")
    if words.lower().endswith(".json"):
        words = words[: -len(".json")].rstrip("-._")
    if not words or _RESERVED.fullmatch(words):
        words = f"session-{words}".rstrip("-")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{words[: MAX_LENGTH - _DIGEST - 1].rstrip('-._')}-{digest}"
