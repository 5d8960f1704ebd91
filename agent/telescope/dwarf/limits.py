"""How long the driver waits for what, in seconds, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of the driver. Durations on real telescopes are second-hand; these lie well above them."""

    answer: float = 10.0  # settings and simple commands answer within a second
    wake: float = 60.0  # connecting and greeting, after a telescope was left alone
    lock: float = 5.0  # newest firmware was reported not to answer the master lock at all
    lock_again: float = 0.5  # one that did not answer it before still hears it
    probe: float = 3.0  # a firmware generation that knows the question answers at once
    settle: float = 2.0  # notifications that belong to an answer arrive around it, not exactly with it
    setting: float = 20.0  # one setting, its answer and its echo
    read_back: float = 12.0  # HTTP tells a new value some seconds late
    read_pause: float = 2.0
    go_live: float = 15.0  # usually 1 to 3
    news: float = 150.0  # a telescope that works says something more often than this, except while exposing
    calibrate: float = 600.0  # usually 30 to 120
    goto: float = 300.0  # usually 10 to 60
    tracking: float = 30.0  # between the end of a goto and the report that tracking runs
    focus: float = 240.0  # usually 10 to 60
    focus_states: float = 15.0  # an accepted focus search shows its state within this, if ever
    still: float = 5.0  # a mount swings on after a stop
    in_focus: float = 45.0  # after an infinity focus V3 measures the polar alignment for 60
    solve_eq: float = 600.0  # usually 30 to 90
    capture_start: float = 60.0  # usually 2 to 20
    capture_stop: float = 300.0  # stacking what was taken may last minutes
    stop_heard: float = 8.0  # a capture that goes on this long after a stop did not hear it
    fast_stop_every: int = 4  # of stops that are not heard, each such one drops what is not stacked yet
    first_light: float = 30.0  # beyond its exposure, until a capture that runs has exposed its first frame
    darks: float = 120.0  # beyond twice their exposures, until dark frames are listed
    busy: float = 45.0  # newer firmware says so for that long after something ended
    busy_pause: float = 5.0
    stop: float = 5.0  # stopping a movement is answered at once; one that is not heard is asked again
    motor: float = 120.0  # half a turn at full speed, and finding home
    power: float = 10.0  # from the command to the farewell
    state_check: float = 15.0  # how often a silent, doubtful state is asked for
    away: float = 3600.0  # a capture goes on without us; a telescope away longer than this is lost
    catalogue_tries: int = 4  # a D3 answers for its parameters only some 8 s after the camera was entered
    catalogue_pause: float = 3.0
    identify: float = 60.0  # then one that does not say which it is counts as the most common
    identify_pause: float = 5.0  # between attempts to learn which telescope this is
    telemetry: float = 5.0  # at most one telemetry report in this time, except for urgent changes
