"""What this room needs of the agent. The agent implements it; this room only calls it.

There are two protocols, so that who may only watch holds nothing that could send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.planner.suggestions import Suggestions
from agent.sky.nights import Interval
from agent.targets import Site
from agent.web.night import Change, Course, NightRecord, NightView, SessionLeft

Body = Mapping[str, Any]
"""The JSON body of an MQTT topic."""


@dataclass(frozen=True, slots=True)
class News:
    """Something new of one telescope: a state by its topic's name, an `event`, or an `image` (no bytes)."""

    telescope: str
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the words of MQTT; `ok` false is a refusal."""

    ok: bool
    body: Body


@dataclass(frozen=True, slots=True)
class Facts:
    """A telescope for people. `night_over`: a person may have its night go on."""

    id: str
    name: str
    capabilities: Capabilities | None
    night_over: bool = False


@dataclass(frozen=True, slots=True)
class FramesTaken:
    """What became of each frame of the running (or last) session, oldest first: true was stacked.

    `unseen` were taken before this agent began to look; `courses` are of what was measured.
    """

    unseen: int = 0
    frames: tuple[bool, ...] = ()
    courses: tuple[Course, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A telescope that answered on the network. `model` and `name` are "" where it does not say."""

    host: str
    model: str = ""
    name: str = ""


SETUP_FIELDS = (
    "telescope_host",
    "latitude",
    "longitude",
    "timezone",
    "mqtt_host",
    "mqtt_username",
    "mqtt_password",
    "weather_topics",
    "weather_policy",
)
"""The settings that can be set here, by flat name."""


class SettingUp(Protocol):
    """Finding telescopes, and writing down what the agent cannot do without."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local times."""

    @property
    def file(self) -> str:
        """The file that is written; "" where settings are entered elsewhere."""

    @property
    def problems(self) -> Sequence[str]:
        """What keeps the agent from beginning, beside what is set here."""

    def values(self) -> Mapping[str, str]:
        """What is set, by flat name; of a secret, whether it is."""

    async def look_around(self) -> Sequence[Neighbour]:
        """The telescopes on the network."""

    async def write(self, values: Mapping[str, str], who: str) -> Answer:
        """Check, and write down; code `begins` when the agent begins with it now."""


class Window(Protocol):
    """What is seen of the agent."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local times."""

    @property
    def site(self) -> Site | None:
        """Where the telescopes stand."""

    def now(self) -> datetime:
        """The agent's time, aware UTC."""

    def telescopes(self) -> Sequence[Facts]:
        """The telescopes, in the order of the settings; at least one."""

    def states(self, telescope: str) -> Mapping[str, Body]:
        """The body of each state topic by its name, as last published; `availability` as {"state": word}."""

    def groups(self, telescope: str) -> Sequence[Body]:
        """How far each group is whose goals sessions wait for, as its topic says it."""

    def answered_at(self, telescope: str) -> datetime | None:
        """When the state `response` was last said."""

    def picture(self, telescope: str) -> bytes | None:
        """The newest picture, JPEG."""

    def frames(self, telescope: str) -> FramesTaken:
        """What became of each frame."""

    def streams(self, telescope: str) -> Mapping[str, str]:
        """Live stream addresses of the telescope by name."""

    async def night(self, telescope: str, change: Change | None = None, on: date | None = None) -> NightView:
        """Tonight (or the night `on` a date) as planned; with `change`, as it would be.

        AgentError when nobody said where this is, and for a night too far away.
        """

    def suggestions(self, telescope: str, stretch: Interval) -> Suggestions | None:
        """What is best in a stretch of tonight; None while that is not known. Slow: use a thread."""

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        """Call back for each news, in the event loop; the returned function ends it."""


class Agent(Window, Protocol):
    """What can be asked of the agent: the same as over MQTT, in the same bodies, with the same answers.

    `who` is for the log. A request that cannot be read, or is refused, is an answer like any other.
    """

    async def submit(self, payload: bytes, telescope: str, who: str) -> Answer:
        """Check and store a session."""

    async def command(self, telescope: str, payload: bytes, who: str) -> Answer:
        """Carry out a command; answer as soon as anything is said. State `response` has the last answer."""

    async def set_value(self, telescope: str, key: str, payload: bytes, who: str) -> Answer:
        """Change a setting of a telescope."""

    async def ask(self, verb: str, payload: bytes, who: str) -> Answer:
        """Answer a question about the agent itself."""

    async def document(self, telescope: str, session_id: str) -> Mapping[str, Any] | None:
        """The document of a session that waits or runs."""

    async def read_file(self, telescope: str, name: str, data: bytes) -> Body:
        """Say what a file is, and which sessions it makes, each with its document or what is wrong."""

    async def log(self, telescope: str, session_id: str) -> Sequence[tuple[str, str]]:
        """The last lines of a session's log, newest first: local time and text."""

    async def nights(self, telescope: str) -> Sequence[NightRecord]:
        """The nights with results, newest first."""

    async def kept_picture(self, telescope: str, session_id: str, *, small: bool = False) -> bytes | None:
        """The last picture of a session that ended; `small` is one for a list."""

    async def left(self, telescope: str, night: NightRecord) -> Mapping[str, SessionLeft]:
        """What is left of each session of a night, by its id."""

    async def report(self, telescope: str, night: str) -> str | None:
        """The report of a night, Markdown."""

    async def report_page(self, telescope: str, night: str) -> str | None:
        """The report of a night with its pictures and curves: an HTML page that needs nothing else."""

    def dashboard(self, telescope: str) -> str:
        """The telescope's dashboard for Home Assistant, YAML; "" when it is announced to none."""

    @property
    def setting_up(self) -> SettingUp | None:
        """How what the agent cannot do without is set; None where nobody told which file that is."""

    def settings(self) -> Sequence[tuple[str, str, str]]:
        """What is set: name, value (secrets are stars), and where it came from."""

    async def diagnostics(self) -> Body:
        """Everything that helps to find a fault, without secrets."""

    def schemas(self) -> Mapping[str, Any]:
        """The JSON Schemas of the bodies by name."""
