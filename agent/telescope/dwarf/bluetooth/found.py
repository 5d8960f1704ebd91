"""A telescope as Bluetooth shows it, before and after it joined a network."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = {"D2": "dwarf2", "D3": "dwarf3", "mini": "dwarfmini"}
_FACTORY_NAME = re.compile(r"DWARF(?:3|_?mini)?_(?=[a-z]*\d)([0-9a-z]{6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundTelescope:
    """A telescope in range. `model` "" when nothing tells; `signal` in dBm, nearer to 0 is stronger."""

    name: str
    model: str
    address: str
    signal: int

    def answers_to(self, word: str) -> bool:
        """Whether `word` means this telescope: its name, Bluetooth address, id, or serial number."""
        meant = word.strip().lower()
        if not meant:
            return False
        suffix = factory_suffix(self.name)
        return meant in (self.name.lower(), self.address.lower()) or bool(suffix and meant.endswith(suffix))


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A telescope on the Wi-Fi `ssid`, at the address `ip`. `mac` and `firmware` "" where it tells none."""

    ip: str
    model: str
    name: str
    bluetooth_address: str
    mac: str
    firmware: str
    ssid: str

    @property
    def stable_id(self) -> str:
        """A word for topics that stays the same whatever name or address the telescope gets later.

        Made of the hardware number in the factory's name, else of the MAC address.
        """
        number = factory_suffix(self.name)
        if not number:
            digits = re.sub(r"[^0-9a-f]", "", (self.mac or self.bluetooth_address).lower())
            number = digits[-6:]
        return f"{_WORDS.get(self.model, 'dwarf')}_{number}"


def factory_suffix(name: str) -> str:
    """Return the six characters of the hardware's own number in a factory name, in lower case; else ""."""
    match = _FACTORY_NAME.fullmatch(name.strip())
    return match[1].lower() if match else ""
