"""How a simulated telescope is built: plain values, checked when they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from agent.errors import AgentError
from agent.targets import Site
from agent.telescope.simulator.faults import Fault, parse_fault
from agent.telescope.simulator.habits import Habits
from agent.telescope.simulator.profiles import PROFILES

WEBSOCKET_PORT = 9900
HTTP_PORT = 8082
STREAM_PORT = 8092

_MAX_PORT = 65535


class SimulatorError(AgentError):
    """The simulator was asked for something it cannot be."""

    code = "simulator"


class Generation(StrEnum):
    """Which firmware generation the simulator speaks. BOTH answers each client in its own way."""

    V2 = "v2"
    V3 = "v3"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """One simulated telescope. Durations are seconds of the simulator's clock; port 0 means any free one."""

    model: str = "D3"
    generation: Generation = Generation.V3
    answer_type: int = 3
    host: str = "127.0.0.1"
    port: int = 0
    http_port: int = 0
    stream_port: int | None = None
    ftp_port: int | None = None
    card_port: int | None = None
    seed: int = 1
    serial: str = ""
    name: str = ""
    site: Site | None = None
    speed: float = 1.0
    exclusive: bool | None = None
    strict_modes: bool = True
    early_answers: bool = True
    already_open_codes: bool = False
    calibrated: bool = False
    horizon: bool = True
    refuse_near_sun: bool = False
    near_sun_degrees: float = 10.0
    stacking_loss: float = 0.0
    battery: float = 87.0
    charging: bool = True
    storage_gb: float = 100.0
    ambient_c: float = 12.0
    darks: bool = True
    boot_s: float = 45.0
    goodbye_s: float = 0.5
    minimum_session_s: float = 0.0
    in_focus_s: float = 60.0
    shortest_frame_s: float = 0.0
    telemetry_s: float = 60.0
    faults: tuple[Fault, ...] = ()
    habits: Habits = field(default_factory=Habits)
    strict: bool = False

    def __post_init__(self) -> None:
        if self.model not in PROFILES:
            raise SimulatorError(f"There is no model '{self.model}'; it is one of {', '.join(PROFILES)}.")
        if self.generation not in list(Generation):
            raise SimulatorError(f"There is no generation '{self.generation}'; it is v2, v3 or both.")
        object.__setattr__(self, "generation", Generation(self.generation))
        if self.exclusive is None:
            object.__setattr__(self, "exclusive", self.is_v3)
        if self.answer_type not in (1, 3):
            raise SimulatorError(f"answer_type is 1 or 3, not {self.answer_type}.")
        for name in ("port", "http_port", "stream_port", "ftp_port", "card_port"):
            port = getattr(self, name)
            if port is not None and not 0 <= port <= _MAX_PORT:
                raise SimulatorError(f"{name} is 0 to {_MAX_PORT}, not {port}.")
        if self.speed <= 0:
            raise SimulatorError(f"speed is above 0, not {self.speed}.")
        if not 0 <= self.stacking_loss <= 1:
            raise SimulatorError(f"stacking_loss is a share from 0 to 1, not {self.stacking_loss}.")
        if not 0 <= self.battery <= 100:
            raise SimulatorError(f"battery is 0 to 100 percent, not {self.battery}.")

    @property
    def is_v3(self) -> bool:
        """Whether it has newer firmware, and nothing of the older."""
        return self.generation == Generation.V3

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> SimulatorOptions:
        """Build options from plain values; faults may be given as text. Unknown names are errors."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SimulatorError(
                f"Unknown simulator option '{unknown[0]}'.", hint=f"Known: {', '.join(sorted(known))}."
            )
        given = dict(values)
        faults = given.pop("faults", ())
        if isinstance(faults, str):
            faults = (faults,)
        if not isinstance(faults, list | tuple):
            raise SimulatorError("faults is a list of fault texts.")
        habits = given.pop("habits", Habits())
        if isinstance(habits, Mapping):
            habits = Habits.from_texts({str(name): str(answer) for name, answer in habits.items()})
        parsed = tuple(one if isinstance(one, Fault) else parse_fault(str(one)) for one in faults)
        return cls(**given, faults=parsed, habits=habits)  # type: ignore[arg-type]  # the names are checked above
