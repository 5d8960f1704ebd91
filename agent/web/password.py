"""The page's password: kept as a hash, asked at a bounded rate; and the cookie of who knew it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Callable

_MARK = "scrypt"
_N, _R, _P = 8192, 8, 4  # 8 MB and a tenth of a second on a small board
_SALT_BYTES, _DIGEST_BYTES = 16, 64
_COOKIE_SALT = b"dwarf-agent page cookie"
SIGNED_IN_S = 30 * 86400.0


def hashed(password: str) -> str:
    """Return a password as it may stand in a configuration file: nobody reads it out of there."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return "$".join([_MARK, b64encode(salt).decode(), b64encode(_scrypt(password, salt)).decode()])


def is_hash(setting: str) -> bool:
    """Whether a setting is what `hashed` makes, rather than a password; ValueError for a part of one."""
    mark, *parts = (text := setting.strip()).split("$")
    if mark == _MARK and [_bytes_of(part) for part in parts] == [_SALT_BYTES, _DIGEST_BYTES]:
        return True
    if (mark == _MARK and parts) or (text.startswith(_MARK) and text.endswith("==")):
        raise ValueError(
            "begins like what 'dwarf-agent page --hash' prints, and is not all of it: copy it whole, and "
            "where a shell or a compose file reads it, keep its $ (single quotes, or $$)"
        )
    return False


def _bytes_of(part: str) -> int:
    try:
        return len(b64decode(part, validate=True))
    except ValueError:
        return 0


class Password:
    """One password, given as itself or as `hashed` made it. Checking blocks for a moment: use a thread."""

    def __init__(self, setting: str) -> None:
        kept = setting if is_hash(setting) else hashed(setting)
        _, salt, digest = kept.split("$")
        self._salt, self._digest = b64decode(salt), b64decode(digest)
        # The same after a restart, another with another password: who is signed in stays so, and no longer.
        self._key = hashlib.sha256(_COOKIE_SALT + setting.encode()).digest()
        self._known = b""  # of the last right one, so that a script's many requests cost one hash

    def fits(self, tried: str) -> bool:
        """Tell whether this is the password."""
        quick = hmac.digest(self._key, tried.encode("utf-8", "replace"), "sha256")
        if self._known and hmac.compare_digest(quick, self._known):
            return True
        right = hmac.compare_digest(_scrypt(tried, self._salt), self._digest)
        if right:
            self._known = quick
        return right

    def cookie(self, now: float) -> str:
        """Return what shows that the password was known, good for a month from `now` (Unix seconds)."""
        until = str(int(now + SIGNED_IN_S))
        return f"{until}.{self._sign(until)}"

    def knows(self, cookie: str, now: float) -> bool:
        """Tell whether a cookie is one of ours and still good."""
        until, _, signature = cookie.partition(".")
        good = hmac.compare_digest(self._sign(until).encode(), signature.encode("utf-8", "replace"))
        return good and until.isdecimal() and int(until) > now

    def _sign(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "replace"), "sha256").hex()


class Buckets:
    """Allows each name `burst` at once and one more every `every_s`; forgets the names it did not hear of."""

    def __init__(self, burst: int, every_s: float, monotonic: Callable[[], float], names: int = 256) -> None:
        self._burst = burst
        self._every_s = every_s
        self._monotonic = monotonic
        self._names = names
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Use one up; false when there is none left."""
        now = self._monotonic()
        left, at = self._left.pop(name, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) / self._every_s)
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, now)
        if len(self._left) > self._names:
            self._left.popitem(last=False)
        return allowed

    def give_back(self, name: str) -> None:
        """Undo a `take` that turned out to be none."""
        if name in self._left:
            left, at = self._left[name]
            self._left[name] = (min(float(self._burst), left + 1), at)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "replace"), salt=salt, n=_N, r=_R, p=_P, dklen=_DIGEST_BYTES
    )
