"""The sections of a session document, as immutable models. Field names are the keys of the file."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.capabilities import Camera
from agent.mosaics import WHOLE
from agent.session import fields as f
from agent.session.condition_keys import ConditionKeys
from agent.session.numbers import read_boolean
from agent.session.problems import BadValueError

WAIT_TYPO = "wait_afte"  # stands in a widely copied example

MOSAIC_KEYS = frozenset({"doMosaic", "framingX", "framingY", "mosaic_count", "rotation"})

ACTUAL = frozenset({"exposure_actual", "gain_actual", "ir_actual", "shots_taken", "shots_stacked"})
"""Keys in which other programs note what was really shot."""


class Section(BaseModel):
    """What all sections share: null and "" mean "not given"."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    known_extras: ClassVar[frozenset[str]] = frozenset()
    """Keys that other programs write and the agent has no use for: kept, and no reason for a warning."""

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {
            key: value
            for key, value in values.items()
            if value is not None and not (isinstance(value, str) and not value.strip())
        }


class IdCommand(Section):
    """Who the session is, when it may run, and what became of it."""

    known_extras = ACTUAL | {"eq_azimut_error", "eq_altitude_error"}

    uuid: f.Text = ""
    description: f.Text = ""
    date: f.Start | None = None
    time: f.TimeOfDay | None = None
    process: f.Text = "wait"
    max_retries: f.Retries = 3
    result: f.Anything = None
    message: f.Anything = None
    nb_try: f.Anything = None
    starting_date: f.Anything = None
    processed_date: f.Anything = None
    dwarf: f.Anything = None
    end_date: f.Start | None = None
    end_time: f.TimeOfDay | None = None
    timezone: f.Zone | None = None
    priority: f.Integer = 0
    telescope: f.Text = ""
    device: f.Text = ""
    when_missed: f.Missed | None = None
    on_error: f.ErrorRule | None = None
    group: f.Text = ""
    request_id: f.Text = ""
    session_id: f.Text = ""
    expires_at: f.Instant | None = None
    source: f.Text = ""

    @property
    def max_attempts(self) -> int:
        """How often a step is tried in all; never less than once."""
        return max(1, self.max_retries)


class Step(Section):
    """A section that becomes a step: waits around it, and its own time limit, in seconds."""

    do_action: f.Flag = False
    wait_before: f.Seconds = 0.0
    wait_after: f.Seconds = 0.0
    timeout: f.Seconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _accept_typo(cls, values: Any) -> Any:
        if isinstance(values, dict) and WAIT_TYPO in values and values.get("wait_after") in (None, ""):
            return values | {"wait_after": values[WAIT_TYPO]}
        return values


class Focusing(Step):
    """Focus; one that holds is kept while the temperature changed by no more than `reuse_focus`."""

    reuse_focus: f.ReuseKelvin | None = None


class Calibration(Step):
    """Calibrate the pointing; a calibration that holds is kept for `reuse_calibration`."""

    reuse_calibration: f.ReuseHours | None = None


class GotoSolar(Step):
    """Go to a body of the solar system."""

    target: f.Body
    sun_filter: f.Flag = False


class GotoManual(Step):
    """Go to coordinates (J2000), or to a name that the catalogue knows."""

    target: f.Text = ""
    ra_coord: f.Hours | None = None
    dec_coord: f.Degrees | None = None
    trust_coordinates: f.Flag = False

    @model_validator(mode="after")
    def _complete(self) -> GotoManual:
        if (self.ra_coord is None) != (self.dec_coord is None):
            missing = "ra_coord" if self.ra_coord is None else "dec_coord"
            raise BadValueError("Only one of the two coordinates is given.", code="missing", at=missing)
        if self.ra_coord is None and not self.target:
            raise BadValueError(
                "Neither coordinates nor a target name are given.", code="missing", at="target"
            )
        return self


class CameraSetup(Step):
    """Set a camera up and capture. What is not given stays as it is on the telescope.

    `end_time` ends the capture at the next such time after the session's start; a `count` of 0 then means as
    many frames as come until then.
    """

    known_extras = ACTUAL

    exposure: f.ExposureWish | None = None
    gain: f.Integer | None = None
    binning: f.Position | None = None
    filter: f.Position | None = Field(default=None, alias="IRCut")
    count: f.Integer | None = None
    format: f.Text | None = None
    end_time: f.TimeOfDay | None = None
    do_mosaic: f.Flag = Field(default=False, alias="doMosaic")
    framing_x: f.Framing | None = Field(default=None, alias="framingX")
    framing_y: f.Framing | None = Field(default=None, alias="framingY")
    mosaic_count: f.Integer | None = None
    rotation: f.Rotation | None = None
    without_goto: f.Flag = False

    @property
    def orders_mosaic(self) -> bool:
        """Whether a mosaic is ordered; a framing of 100 percent along both sides is a single field."""
        return self.do_mosaic and not self.framing_x == self.framing_y == WHOLE

    @model_validator(mode="before")
    @classmethod
    def _accept_spellings(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        spellings = [key for key in values if key.lower() == "ircut"]
        given = {str(values[key]).strip() for key in spellings} - {"", "None"}
        if len(given) > 1:
            raise BadValueError(
                "The filter is given twice, differently.", code="duplicate_key", at=spellings[-1]
            )
        skipped = {*spellings, *(() if _asks_for_mosaic(values) else MOSAIC_KEYS)}
        rest = {key: value for key, value in values.items() if key not in skipped}
        chosen = [values[key] for key in spellings if str(values[key]).strip() in given]
        return rest | ({"IRCut": chosen[0]} if chosen else {})


def _asks_for_mosaic(setup: dict[str, Any]) -> bool:
    """Whether the keys of a mosaic are to be read; those of one that is off are another program's habit."""
    value = setup.get("doMosaic")
    try:
        return value is not None and value != "" and read_boolean(value)
    except BadValueError:
        return True  # the field itself says what is wrong with it


class Conditions(Section, ConditionKeys):
    """What must hold for the session to run. An unknown key here is an error: it may be a safety limit."""

    model_config = ConfigDict(extra="forbid")

    do_action: f.Flag = False
    horizon: f.Flag | None = Field(
        None, description="Keep to the configured horizon; false switches it off for this session."
    )
    weather: f.Flag | None = Field(
        None, description="Run only while the weather is safe; false switches it off for this session."
    )
    weather_policy: f.Policy | None = Field(
        None, description="What unsafe weather does: `ignore`, `wait` or `abort`."
    )
    wait_max: f.Seconds | None = Field(
        None, description="How long to wait for them after the start time: seconds, or `HH:MM:SS`."
    )
    on_lost: f.LostRule | None = Field(
        None, description="What happens when one is lost while the session runs: `pause`, `end` or `ignore`."
    )
    watch_frames: f.FrameRule | None = Field(
        None,
        description="What happens when the telescope stacks clearly fewer frames than at the beginning, or "
        "they are clearly worse: `ignore`, `warn`, `pause` or `refocus`.",
    )


class MosaicOfPanes(Section):
    """A mosaic that the agent makes, of that many panes around the goto's target; angles in degrees."""

    model_config = ConfigDict(extra="forbid")

    do_action: f.Flag = False
    columns: f.Side = 1
    rows: f.Side = 1
    overlap: f.Overlap = 20.0
    rotation: f.Rotation = 0.0
    panes: f.Numbers = Field((), description="Numbers of the panes that are wanted; all without it.")

    @model_validator(mode="after")
    def _makes_sense(self) -> MosaicOfPanes:
        if self.columns * self.rows < 2:
            raise BadValueError("One pane is no mosaic.", code="missing", at="columns")
        if strange := [number for number in self.panes if number > self.columns * self.rows]:
            raise BadValueError(
                f"There is no pane {strange[0]}; there are {self.columns * self.rows}.",
                code="out_of_range",
                at="panes",
            )
        return self


class DarkFrames(Step):
    """Take the dark frames that the session's captures lack; `cap_wait` bounds the wait for the cap."""

    model_config = ConfigDict(extra="forbid")

    when: f.DarkTime = f.DarksWhen.AFTER
    count: f.DarkCount = 20
    cap_wait: f.Seconds = 1800.0


class Refocus(Section):
    """Focus again in the middle of captures: after so long, or once the temperature changed by so much."""

    model_config = ConfigDict(extra="forbid")

    do_action: f.Flag = False
    every: f.Pause | None = None
    temperature_step: f.Kelvin | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Refocus:
        if self.every is None and self.temperature_step is None:
            raise BadValueError(
                "Neither every nor temperature_step is given.",
                code="missing",
                hint='Say when: "every": "01:30:00", or "temperature_step": 3.',
                at="every",
            )
        return self


class Goal(Section):
    """Come back each night until that much of the field is stacked: seconds, or frames."""

    model_config = ConfigDict(extra="forbid")

    do_action: f.Flag = False
    integration: f.Integration | None = None
    frames: f.Count | None = None

    @model_validator(mode="after")
    def _is_one_goal(self) -> Goal:
        if self.integration is None and self.frames is None:
            raise BadValueError(
                "Neither integration nor frames is given.",
                code="missing",
                hint='Say how much is wanted: "integration": "6 h", or "frames": 1440.',
                at="integration",
            )
        if self.integration is not None and self.frames is not None:
            raise BadValueError("integration and frames are two goals.", hint="Leave one out.", at="frames")
        return self


class Repeat(Section):
    """Run again on later nights."""

    do_action: f.Flag = False
    every: f.Interval = f.Every.NIGHT
    days: f.Days = ()
    until_date: f.Day | None = None
    times: f.Count | None = None


class Shutdown(Section):
    """Closing steps after the session."""

    do_action: f.Flag = False
    park: f.Flag = False
    power_down: f.Flag = False

    @model_validator(mode="after")
    def _says_something(self) -> Shutdown:
        if not self.park and not self.power_down:
            raise BadValueError(
                "Neither park nor power_down is true.",
                code="missing",
                hint="Set one of them, or do_action to false.",
            )
        return self


class Download(Section):
    """What of the session is fetched into the archive, in place of what the settings say."""

    do_action: f.Flag = False
    what: f.Downloaded = f.DownloadWhat.STACKED_AND_INFO


class SessionBody(BaseModel):
    """The whole session. A section is None when it is missing or its `do_action` is not true."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id_command: IdCommand
    auto_focus: Focusing | None = None
    infinite_focus: Focusing | None = None
    eq_solving: Step | None = None
    calibration: Calibration | None = None
    goto_solar: GotoSolar | None = None
    goto_manual: GotoManual | None = None
    setup_camera: CameraSetup | None = None
    setup_wide_camera: CameraSetup | None = None
    mosaic: MosaicOfPanes | None = None
    dark_frames: DarkFrames | None = None
    refocus: Refocus | None = None
    conditions: Conditions | None = None
    goal: Goal | None = None
    repeat: Repeat | None = None
    shutdown: Shutdown | None = None
    download: Download | None = None


SECTIONS: dict[str, type[Section]] = {
    "auto_focus": Focusing,
    "infinite_focus": Focusing,
    "eq_solving": Step,
    "calibration": Calibration,
    "goto_solar": GotoSolar,
    "goto_manual": GotoManual,
    "setup_camera": CameraSetup,
    "setup_wide_camera": CameraSetup,
    "mosaic": MosaicOfPanes,
    "dark_frames": DarkFrames,
    "refocus": Refocus,
    "conditions": Conditions,
    "goal": Goal,
    "repeat": Repeat,
    "shutdown": Shutdown,
    "download": Download,
}
"""Every section with `do_action`, by its key."""

CAMERA_SECTIONS = {"setup_camera": Camera.TELE, "setup_wide_camera": Camera.WIDE}

MAY_BE_FALSE = frozenset({"mosaic", "dark_frames", "refocus", "goal"})
"""Sections of which a plain false says as well that they are off."""

ENVELOPE = frozenset({"request_id", "transaction", "id", "session_id", "telescope", "expires_at"})
"""Keys of a submission that may stand around or beside the session; they belong to the transport."""

OUTPUT = frozenset({"result_details"})
"""Keys of the session that the agent writes."""
