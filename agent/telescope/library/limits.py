"""How long the library may take for what, in real seconds, and why.

Real seconds, whatever clock the agent runs on: the library sleeps and waits by the machine's own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Every call costs the library about 1.5 s of its own sleeping; it waits up to 150 s for each message."""

    start: float = 60.0  # a Raspberry Pi imports the library in about ten seconds
    settle: float = 0.3  # a second completion of a command arrives within this
    poll: float = 1.0  # how often the library's state is looked at
    listen: float = 3.0  # what runs is told around the answer; the library adds a second of its own
    connect: float = 75.0  # the library gives up after 20 s for the socket and 30 s for each first answer
    simple: float = 20.0  # settings and simple commands answer within a second
    read: float = 10.0  # newer firmware does not answer these questions at all
    lock: float = 10.0  # the same for the master lock
    look: float = 15.0  # asking what runs is ended by ourselves after `listen`
    go_live: float = 25.0  # usually 1 to 3
    calibrate: float = 600.0  # usually 30 to 120
    calibrate_at_least: float = 4.0  # one that ends sooner was the library's mistake
    goto: float = 300.0  # usually 10 to 60
    still: float = 5.0  # a mount swings on after a stop
    focus: float = 240.0  # usually 10 to 60
    solve_eq: float = 600.0  # usually 30 to 90
    capture_start: float = 90.0  # usually 2 to 20
    capture_stop: float = 300.0  # stacking what was taken may last minutes
    stop: float = 15.0  # stopping a movement
    motor: float = 120.0  # half a turn at full speed, and finding home
    power: float = 20.0  # from the command to the farewell
    farewell: float = 5.0  # from the farewell to the end of the link
    grace: float = 3.0  # an interrupted call returns within this, or the process is killed
    quit: float = 8.0  # saying goodbye to the telescope
    silence: float = 60.0  # a sign of life comes every 10 s
    news: float = 1.5  # states come once a second: the last count may be that late
    probe: float = 5.0  # a telescope on the same network answers a knock at once
    retry_first: float = 2.0
    retry_most: float = 30.0
    missing: float = 60.0  # how often it is checked whether the library was installed meanwhile
    away: float = 3600.0  # a capture goes on without us; a telescope away longer than this is lost
