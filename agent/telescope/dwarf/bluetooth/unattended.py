"""Bringing a silent telescope back onto the Wi-Fi without being asked.

A telescope that was restarted may come up as an access point of its own; Bluetooth is then the only way in.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Iterable

from agent.clock import Clock
from agent.telescope.dwarf.bluetooth.errors import NotInRangeError, WhichTelescopeError
from agent.telescope.dwarf.bluetooth.found import FoundTelescope, Provisioned
from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork, find, join_network
from agent.telescope.dwarf.bluetooth.transport import BleTransport
from agent.telescope.errors import RefusedError, TelescopeError

_LOGGER = logging.getLogger(__name__)

# Seconds.
AT_START_S = 120.0  # a telescope that is on the network answers well within; one that boots needs a minute
SILENCE_S = 2 * 3600.0  # one that is switched off for the day shall not keep the radio busy
LOOK_S = 30.0  # between two looks at how long it has been silent
ABSENT_RETRY_S = 10 * 60.0  # one set out in the evening shall not wait long; a scan takes 15 s
FIRST_RETRY_S = 5 * 60.0
LAST_RETRY_S = 2 * 3600.0


class Rejoin:
    """Finds one telescope over Bluetooth and makes it join the Wi-Fi, with growing pauses.

    `known` returns every word the telescope is known by now (Bluetooth name, serial number, id). Only a
    telescope that answers to one of them is touched: a neighbour's has the same factory password.
    """

    def __init__(
        self,
        transport: BleTransport,
        clock: Clock,
        network: HomeNetwork,
        known: Callable[[], Iterable[str]],
        *,
        ble_password: str = "",
        silence_s: float = SILENCE_S,
    ) -> None:
        self.last_error: TelescopeError | None = None
        self._transport = transport
        self._clock = clock
        self._network = network
        self._known = known
        self._ble_password = ble_password
        self._silence_s = silence_s
        self._pause_s = 0.0
        self._not_before = clock.monotonic()

    async def join(self, told: Callable[[str], None] | None = None) -> Provisioned:
        """Do it now, whatever the pauses say; raises what went wrong."""
        words = [word for word in self._known() if word]
        if not words:
            raise WhichTelescopeError(
                "Nothing is known that tells this telescope from others over Bluetooth.",
                hint="Set telescope_id or telescope_name to its Bluetooth name; "
                "'dwarf-agent provision --scan' shows it.",
            )

        def wanted(one: FoundTelescope) -> bool:
            return any(one.answers_to(word) for word in words)

        telescope = await find(self._transport, wanted)
        return await join_network(
            self._transport, self._clock, telescope, self._network, ble_password=self._ble_password, told=told
        )

    async def run_once(self) -> Provisioned | None:
        """Try unless it is too early after a failure; None when too early or failed (see `last_error`)."""
        if self._clock.monotonic() < self._not_before:
            return None
        try:
            provisioned = await self.join()
        except TelescopeError as error:
            self._failed(error)
            return None
        self.reset()
        _LOGGER.info("%s is back on the Wi-Fi at %s", provisioned.name, provisioned.ip)
        return provisioned

    def reset(self) -> None:
        """Forget failures: the telescope answered, or somebody changed something."""
        self.last_error = None
        self._pause_s = 0.0
        self._not_before = self._clock.monotonic()

    async def watch(
        self, silent_s: Callable[[], float], joined: Callable[[Provisioned], Awaitable[None]]
    ) -> None:
        """Run for ever: try when the telescope does not answer at the start, and after hours of silence.

        `silent_s` returns seconds since the telescope answered last (0 while it is connected), counted from
        the start when it never did. `joined` learns of each success, as the address may be another now.
        """
        limit_s = AT_START_S
        joined_at = -math.inf
        while True:
            await self._clock.sleep(LOOK_S)
            # Silence right after a success is for the network to explain: joining again would not help.
            silent = min(silent_s(), self._clock.monotonic() - joined_at)
            if silent < LOOK_S:
                limit_s = self._silence_s
                if self.last_error is not None:
                    self.reset()
            elif silent >= limit_s and (provisioned := await self.run_once()) is not None:
                limit_s, joined_at = self._silence_s, self._clock.monotonic()
                await joined(provisioned)

    def _failed(self, error: TelescopeError) -> None:
        repeated = self.last_error is not None and self.last_error.code == error.code
        self.last_error = error
        level = logging.WARNING
        if isinstance(error, NotInRangeError):  # switched off, or away: as on most days
            self._pause_s, level = ABSENT_RETRY_S, logging.INFO
        elif isinstance(error, RefusedError):  # only a person can help
            self._pause_s = LAST_RETRY_S
        else:
            self._pause_s = min(max(FIRST_RETRY_S, 2 * self._pause_s), LAST_RETRY_S)
        self._not_before = self._clock.monotonic() + self._pause_s
        _LOGGER.log(
            logging.DEBUG if repeated else level,
            "the telescope could not be brought back over Bluetooth, next try in %.0f min: %s",
            self._pause_s / 60,
            error,
        )
