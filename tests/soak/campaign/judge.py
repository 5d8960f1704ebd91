"""What must be true of a night when it is over, seen from outside: files, messages, what the hardware did."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.sky.ephemeris import separation
from agent.targets import SkyTarget
from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from tests.soak.campaign.dialects import place_of
from tests.soak.campaign.player import Campaign, Defects, Wish, subject_of

FOLDERS = ("ToDo", "Current", "Done", "Error")
LEAST_FRAMES = 2  # no capture can be asked for fewer: with its agent dead, it takes one too many
NEAR_DEG = 3.0  # a goto misses a little, and a mosaic's pane lies aside
BLOCK_FRAMES = 30  # what a goal may be exceeded by: more than is ever asked for in one night here


@dataclass
class Shot:
    """What the hardware did for one subject."""

    frames: Counter[int] = field(default_factory=Counter)  # by camera
    lost: bool = False  # the telescope lost some: it was restarted, or switched off
    least: int = 0  # captures of the fewest frames that there can be


@dataclass
class Ended:
    """One session file that ended."""

    folder: str
    path: Path
    body: Mapping[str, Any]

    @property
    def details(self) -> Mapping[str, Any]:
        found = self.body.get("result_details", {})
        return found if isinstance(found, dict) else {}

    @property
    def taken(self) -> int:
        return int(self.details.get("frames", {}).get("taken", 0))


class Judge:
    """Collects what is wrong; `violations` is empty for a night that kept every promise."""

    def __init__(self, rig: Campaign, defects: Defects) -> None:
        self._rig = rig
        self._defects = defects
        self.violations: list[str] = []

    def look(self) -> list[str]:
        """Judge everything."""
        shot = self._what_was_shot()
        ended = self._what_ended()
        for subject, wish in self._rig.wishes.items():
            if wish.accepted:
                self._of_session(subject, wish, ended.get(subject, []), shot.get(subject, Shot()))
            elif shot.get(subject, Shot()).frames:
                self._say(f"{subject} was refused, and shot all the same")
        for subject in ended.keys() - self._rig.wishes.keys():
            self._say(f"there is a session that nobody made: {subject}")
        self._of_messages()
        self._of_state()
        self.violations += [f"a defect: {one}" for one in self._defects.found]
        return self.violations

    def _say(self, violation: str) -> None:
        self.violations.append(violation)

    # -- sessions -----------------------------------------------------------------------------------------

    def _of_session(self, subject: str, wish: Wish, ended: list[Ended], shot: Shot) -> None:
        whole = [one for one in ended if "--" not in one.path.name]
        if len(whole) != 1 and not (wish.removed and not whole):
            self._say(f"{subject} stands {len(whole)} times: {[str(one.path) for one in whole]}")
            return
        if not whole:
            return
        [session] = whole
        facts = f"{session.path} {json.dumps(session.details)[:1500]}"
        truly, goal = sum(shot.frames.values()), wish.wanted.get("goal")
        claimed = sum(one.taken for one in ended if "--" in one.path.name) if goal else session.taken
        note = session.path.with_name(session.path.name + ".reason.txt")
        told = session.details.get("reason") or session.details.get("error") or note.exists()
        if session.folder == "Error" and not told:
            self._say(f"{subject} is in Error/ without a reason: {facts}")
        if claimed > truly:
            self._say(f"{subject} claims {claimed} frames of {truly}: {facts}")
        if shot.lost or "panes" in wish.wanted:
            return
        if claimed < truly and session.folder == "Done" and not goal:
            self._say(f"{subject} claims {claimed} frames only, {truly} were taken: {facts}")
        asked = goal + BLOCK_FRAMES if goal else wish.wanted["frames"] + wish.wanted.get("wide", 0)
        most = asked + shot.least * (LEAST_FRAMES - 1)
        if truly > most:
            self._say(f"{truly} frames were taken of {subject}, {asked} asked for: {facts}")
        if not goal and (session.folder == "Done") != (asked <= claimed <= most):
            self._say(f"{subject} is in {session.folder}/ with {claimed} of {asked} frames: {facts}")

    def _what_ended(self) -> dict[str, list[Ended]]:
        found: dict[str, list[Ended]] = defaultdict(list)
        for folder, path in self._files():
            try:
                document = json.loads(path.read_bytes())
                body = document.get("command", document)
                if subject := subject_of(document).split(" ")[0]:
                    found[subject].append(Ended(folder, path, body))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self._say(f"{path} cannot be read: {error!r}")
            if folder in ("ToDo", "Current"):
                self._say(f"{path} has not ended")
        return found

    def _files(self) -> Iterator[tuple[str, Path]]:
        for folder in FOLDERS:
            for telescope in self._rig.sims:
                yield from ((folder, path) for path in self._rig.session_files(folder, telescope))

    def _what_was_shot(self) -> dict[str, Shot]:
        found: dict[str, Shot] = defaultdict(Shot)
        for name, sim in self._rig.sims.items():
            self._of_one_telescope(name, sim, found)
        return found

    def _of_one_telescope(self, name: str, sim: SimulatedDwarf, found: dict[str, Shot]) -> None:
        open_: dict[int, str] = {}
        for entry in sim.history:
            match entry:
                case ShutterOpened(camera=camera, target=target):
                    subject = target.split(" ")[0]
                    open_[camera] = subject
                    found[subject].least += entry.frames == LEAST_FRAMES
                    self._of_pointing(name, entry, subject)
                case FrameTaken(camera=camera):
                    found[open_.get(camera, "?")].frames[camera] += 1
                case ShutterClosed(camera=camera, reason=reason):
                    if reason in ("lost", "storage full"):
                        found[open_.get(camera, "?")].lost = True

    def _of_pointing(self, name: str, opened: ShutterOpened, subject: str) -> None:
        if subject not in self._rig.wishes:
            self._say(f"{name} captured {opened.target!r}, which nobody asked for, at {opened.at}")
        elif opened.ra_hours is not None and opened.dec_degrees is not None:
            asked = SkyTarget("", *place_of(subject))
            off = separation(SkyTarget("", opened.ra_hours, opened.dec_degrees), asked, None, opened.at)
            if off > NEAR_DEG:
                self._say(f"{name} captured {subject} {off:.0f}° away from it, at {opened.at}")

    # -- messages -----------------------------------------------------------------------------------------

    def _of_messages(self) -> None:
        by_request: dict[str, set[str]] = defaultdict(set)
        for said in self._rig.broker.said("dwarf/+/result/+"):
            by_request[said.body.get("request_id") or ""].add(json.dumps(said.body, sort_keys=True))
        for subject, wish in self._rig.wishes.items():
            if wish.answer is None or not wish.accepted:
                continue
            results = by_request.get(subject, set())
            if len(results) > 1 and "goal" not in wish.wanted:
                self._say(f"{subject} has {len(results)} results: {sorted(results)}")
            if not results and not wish.removed:
                self._say(f"{subject} was submitted and taken, and no result was said")

    def _of_state(self) -> None:
        """What is retained at rest is the truth, and nothing is left over beside the folders."""
        for name in self._rig.sims:
            status, queue = self._retained(f"{name}/status"), self._retained(f"{name}/queue")
            if status.get("running") or status.get("session_id"):
                self._say(f"{name} is at rest, and its status says {status}")
            sessions = queue.get("sessions", queue.get("items", []))
            if sessions:
                self._say(f"nothing waits for {name}, and its queue says {queue}")
            hidden = self._rig.folder(".dwarf-agent", name)
            for place in ("journal", "unreported"):
                left = [path.name for path in (hidden / place).glob("*")]
                if left:
                    self._say(f"{name} left {place}: {left}")

    def _retained(self, topic: str) -> dict[str, Any]:
        kept = self._rig.broker.retained.get(f"dwarf/{topic}")
        if kept is None:
            self._say(f"nothing is retained on {topic}")
            return {}
        body = json.loads(kept.payload)
        return body if isinstance(body, dict) else {}
