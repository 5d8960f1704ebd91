"""What is believed of a telescope: whether it stands still, is parked or off, and what it was seen to do."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.goals import Goal, Wish
from agent.own_schedule import carried_out
from agent.station.ground import Ground
from agent.station.kept_alignment import KeptAlignment
from agent.telescope.interface import ConnectionState

RESTARTED_S = 20.0  # one that does not tell whether it is calibrated may have been restarted in that time
SWITCHED_S = 600.0  # a telescope that was away for longer was switched off and on, as far as we know
_OTHERS = frozenset({ConnectionState.RESTING, ConnectionState.HELD_BY_OTHER, ConnectionState.CLOSED})
_LINKED = frozenset({ConnectionState.CONNECTED, ConnectionState.HELD_BY_OTHER})


class Belief:
    """Owner of what was seen of one telescope. What was seen holds until it moves, or was out of sight."""

    def __init__(self, ground: Ground, open_shutters: set[Camera]) -> None:
        self._ground = ground
        self.capturing = open_shutters  # opened, and not seen to be closed
        self.others: set[Camera] = set()  # seen to capture for another client, and left to it
        self.still = False  # seen to be at rest, and not moved since
        self.moved = False  # told to move, and not seen to be at rest since
        self.parked = False
        self.off = False
        self._kept = KeptAlignment(ground.state, ground.clock)
        self.alignment = self._kept.alignment
        self.stops = 0  # orders to stop everything; what one of them broke into was not at rest
        self._seen = False  # seen to be at rest, in this life
        self._away_since: float | None = None  # of the clock's monotonic time
        self._others = False  # others could have had the telescope while it was out of sight

    # -- what is asked ----------------------------------------------------------------------------------

    @property
    def linked(self) -> bool:
        """Whether the telescope is there to be told."""
        return self._ground.telescope.connection in _LINKED

    @property
    def at_rest(self) -> bool:
        """Whether it was seen to stand still; one out of sight is believed to, if we left it so."""
        left_so = self._left_alone or (self._seen and not self.moved)
        return self.still or (not self.linked and not self.capturing and left_so)

    def is_there(self, wanted: Goal | Wish) -> bool:
        """Whether it is where that wants it."""
        return self.at_rest and (not wanted.park or self.parked) and (not wanted.off or self.off)

    def may_get_there(self, goal: Goal) -> bool:
        """Whether there is a way to the telescope; one that was left alone can be woken."""
        return self.linked or (self._left_alone and (goal.park or goal.off or bool(self.capturing)))

    @property
    def carries_out(self) -> bool:
        """Whether it carries out its own schedule, as it says."""
        return carried_out(self._ground.telescope.schedules, self._ground.clock.now()) is not None

    def theirs(self, wanted: Goal | Wish | None) -> bool:
        """Whether a capture that is found is left alone: its own schedule may have begun."""
        now = self._ground.clock.now()
        telescope = self._ground.telescope
        return self.spares(wanted) and (
            not telescope.schedules_told or any(one.busy(now) for one in telescope.schedules)
        )

    def spares(self, wanted: Goal | Wish | None) -> bool:
        """Whether that leaves alone what the telescope carries out by its own schedule."""
        return wanted is not None and not wanted.own_schedule

    # -- what happens -----------------------------------------------------------------------------------

    def moves(self) -> None:
        """It is told to do something."""
        self.still = self.parked = self.off = False
        self.moved = True
        self.others.clear()

    def is_to_stop(self) -> None:
        """Everything is to stop, whatever it does."""
        self.still, self.moved = False, True
        self.stops += 1

    def shutter_opens(self, camera: Camera) -> None:
        """A capture is about to begin."""
        self.still = self.parked = False
        self.capturing.add(camera)
        self.others.discard(camera)

    def captures(self, cameras: set[Camera]) -> None:
        """These cameras were seen to capture, and are to stop."""
        self.capturing |= cameras
        self.others -= cameras
        if cameras:
            self.still = False

    def left_to_others(self, camera: Camera) -> None:
        """What this camera captures is another client's; ours is over."""
        self.capturing.discard(camera)
        self.others.add(camera)

    def stopped(self, stops: int) -> None:
        """Everything was seen to stand still after so many orders to stop; later ones still hold."""
        self.capturing.clear()
        self.others.clear()
        if self.stops == stops:
            self._rests()

    def switched_off(self) -> None:
        """It switches itself off."""
        self._rests()
        self.off = True
        self.alignment.lost()

    def folds(self) -> None:
        """It is being parked."""
        self.alignment.lost()

    def others_turn(self) -> None:
        """It carries out what others gave it to do."""
        self.alignment.lost()
        self.still = self.parked = self.off = False

    def wanted_parked(self) -> None:
        """It is to be parked from now on: what others have, they may have unfolded."""
        if self._others:
            self.parked = False

    def away(self, state: ConnectionState) -> None:
        """It went out of sight."""
        if not self._others:
            self._kept.left(alone=state in _OTHERS - {ConnectionState.CLOSED})
        self._others = self._others or state in _OTHERS
        if self._away_since is None and not self._others:  # left alone is not lost
            self._away_since = self._ground.clock.monotonic()

    def in_sight(self) -> None:
        """It tells something of itself."""
        if self.linked and not self._others:
            self._kept.seen()

    def back(self, *, park: bool) -> bool:
        """It is in sight again; `park`: it is to be parked. Return whether somebody else switched it on."""
        now, unseen_s = self._ground.clock.monotonic(), self._kept.unseen_s
        away_s = 0.0 if self._away_since is None else now - self._away_since
        self.still = False
        calibrated = self._ground.telescope.calibrated
        longest_s = SWITCHED_S if calibrated else RESTARTED_S
        if self._others or calibrated is False or max(away_s, unseen_s) > longest_s:
            self.alignment.lost()
        self._kept.seen()
        if self._others or park:  # somebody else may have unfolded it
            self.parked = False
        self._away_since, self._others = None, False
        return away_s > SWITCHED_S

    # -- inside -----------------------------------------------------------------------------------------

    @property
    def _left_alone(self) -> bool:
        return self._ground.telescope.connection is ConnectionState.RESTING

    def _rests(self) -> None:
        self.moved, self.still, self._seen = False, True, True
