"""What goes wrong over Bluetooth; the base class says whether trying again can help."""

from __future__ import annotations

from agent.telescope.errors import (
    CommandTimeoutError,
    ProtocolError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)


class NoBluetoothError(RefusedError):
    """This machine has no Bluetooth that can be used."""

    code = "no_bluetooth"


class NotInRangeError(UnreachableError):
    """No telescope, or not the one that was asked for, answers over Bluetooth."""

    code = "not_in_range"


class WhichTelescopeError(RefusedError):
    """Several telescopes answer, and nothing says which one is meant."""

    code = "which_telescope"


class LinkLostError(TransientError):
    """The Bluetooth connection could not be made, or broke."""

    code = "bluetooth_lost"


class DamagedFrameError(TransientError):
    """Bytes arrived that are no valid frame."""

    code = "damaged_frame"


class NoAnswerError(CommandTimeoutError):
    """The telescope did not answer over Bluetooth within its limit."""

    code = "bluetooth_timeout"


class NoAddressError(CommandTimeoutError):
    """The telescope did not get an address on the Wi-Fi within its limit."""

    code = "no_address"


class AnswerError(ProtocolError):
    """An answer that has no meaning here."""

    code = "bluetooth_protocol"


class BluetoothPasswordError(RefusedError):
    """The telescope refuses the Bluetooth password."""

    code = "bluetooth_password"


class WifiPasswordError(RefusedError):
    """The telescope could not join with this Wi-Fi password."""

    code = "wifi_password"


class WifiNotFoundError(RefusedError):
    """The telescope does not see this Wi-Fi."""

    code = "wifi_not_found"


class WifiNotGivenError(RefusedError):
    """No Wi-Fi to join was given, and the telescope knows none."""

    code = "wifi_not_given"


class BusyError(TransientError):
    """The telescope is busy with another configuration."""

    code = "bluetooth_busy"


class AlreadyConfiguredError(TransientError):
    """The telescope says that it is configured already: its state tells with what."""

    code = "already_configured"


class MisunderstoodError(TransientError):
    """The telescope could not read the request: it was damaged on the way."""

    code = "misunderstood"


class DeviceFaultError(TransientError):
    """The telescope failed inside."""

    code = "device_fault"


class NotSupportedError(RefusedError):
    """The telescope has no answer to this question."""

    code = "not_supported"


_RESTART = "Switch the telescope off and on, then try again."
_AGAIN = "Move closer to the telescope and try again."
_DAMAGED = ("The telescope could not read the request", _AGAIN)

# The telescope's own numbers: error, sentence, remedy.
_CODES: dict[int, tuple[type[TelescopeError], str, str]] = {
    -1: (
        BluetoothPasswordError,
        "The telescope refuses the Bluetooth password",
        "The factory's is DWARF_12345678. If it was changed in the phone app, give that one with "
        "--ble-password or the setting bluetooth_password.",
    ),
    -2: (DeviceFaultError, "The telescope is out of memory", _RESTART),
    -3: (MisunderstoodError, *_DAMAGED),
    -4: (MisunderstoodError, *_DAMAGED),
    -5: (BusyError, "The telescope is busy changing its network", "Wait a minute, then try again."),
    -6: (AlreadyConfiguredError, "The telescope says that its network is configured already", _RESTART),
    -7: (DeviceFaultError, "The telescope could not list the Wi-Fi networks around it", _RESTART),
    -8: (
        WifiPasswordError,
        "The telescope got an empty Wi-Fi password",
        "Give the password with --wifi-password or the setting bluetooth_wifi_password.",
    ),
    -9: (
        WifiPasswordError,
        "The telescope could not join the Wi-Fi: the Wi-Fi password is wrong",
        "Check the password, and that the network uses WPA2; capital and small letters differ.",
    ),
    -10: (
        WifiNotGivenError,
        "The telescope got no Wi-Fi name or password",
        "Give both, with --ssid and --wifi-password or the settings bluetooth_wifi_ssid and "
        "bluetooth_wifi_password.",
    ),
    -11: (BusyError, "The telescope is about to reset", "Wait a minute, then try again."),
    -12: (BusyError, "The telescope has just been reset", "Wait a minute, then try again."),
    -13: (NotSupportedError, "The telescope has no system information", "Update its firmware."),
    -14: (MisunderstoodError, *_DAMAGED),
    -15: (MisunderstoodError, *_DAMAGED),
    -16: (NotSupportedError, "The telescope does not have that file", "Update its firmware."),
    -17: (DeviceFaultError, "A file on the telescope is damaged", "Update its firmware."),
    -18: (DeviceFaultError, "The telescope could not reset", _RESTART),
}


def error_of(number: int) -> TelescopeError:
    """Return the error that a code other than 0 stands for."""
    known = _CODES.get(number)
    if known is None:
        return RefusedError(
            f"The telescope refused over Bluetooth with an unknown code ({number}).",
            code="bluetooth_refused",
            hint=_RESTART,
            device_code=number,
        )
    kind, sentence, hint = known
    return kind(f"{sentence} ({number}).", hint=hint, device_code=number)
