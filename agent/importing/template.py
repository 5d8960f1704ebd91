"""What imported sessions have in common: a session whose camera, focus, calibration and limits they take."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from agent.errors import AgentError
from agent.session.document import body_of
from agent.session.foreign import translated
from agent.session.jsontext import decode_object
from agent.session.problems import BadValueError
from agent.session.sections import ACTUAL, CAMERA_SECTIONS, ENVELOPE, OUTPUT, SECTIONS

FILE_NAME = "defaults.json"
"""The template in a session folder that is taken where none is named."""

_OF_ITS_OWN = (
    *("uuid", "description", "process", "result", "message", "nb_try", "starting_date", "processed_date"),
    *("dwarf", "session_id", "request_id", "expires_at", "source"),
    *("eq_azimut_error", "eq_altitude_error", *ACTUAL),
)
_WAITS = ("wait_before", "wait_after", "wait_afte", "timeout")

_BUILT_IN: dict[str, Any] = {
    "id_command": {"max_retries": 3},
    "auto_focus": {"do_action": True},
    "calibration": {"do_action": True},
    "goto_manual": {"wait_after": 10},
    "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": 120},
}


def is_true(value: object) -> bool:
    """Whether a session's value, as files write it, is true."""
    return value in (True, 1) or (isinstance(value, str) and value.strip().lower() == "true")


class TemplateError(AgentError):
    """The template is no session."""

    code = "template"


@dataclass(frozen=True, slots=True)
class Template:
    """The sections of a session without its target, its times kept; `name` says what they are."""

    name: str
    body: dict[str, Any]
    waits: dict[str, Any]

    @classmethod
    def built_in(cls) -> Template:
        """Return 120 frames of 15 s at gain 80, after focus and calibration."""
        return cls._of("the built-in values: 120 × 15 s, gain 80", _BUILT_IN)

    @classmethod
    def read(cls, data: bytes, name: str) -> Template:
        """Take the sections of a session file; TemplateError when it is none."""
        try:
            raw = decode_object(data)
        except BadValueError as error:
            raise TemplateError(
                f"The template {name} cannot be read: {error.message}", hint=error.hint
            ) from None
        body = body_of(translated(raw) or raw)
        if not isinstance(body, dict) or not SECTIONS.keys() & body.keys():
            raise TemplateError(
                f"The template {name} has no section of a session.", hint="Take a session file that works."
            )
        return cls._of(f"the values of {name}", body)

    @property
    def of_a_pane(self) -> Template:
        """The same for one pane of a mosaic: it orders none, and takes the frames of a pane."""
        body = {key: value for key, value in self.body.items() if key != "mosaic"}
        for key in CAMERA_SECTIONS:
            setup = body.get(key)
            if isinstance(setup, dict) and is_true(setup.get("doMosaic")):
                count = setup.get("mosaic_count") or setup.get("count")
                body[key] = setup | {"doMosaic": False, "count": count}
        return self if body == self.body else replace(self, body=body)

    @classmethod
    def _of(cls, name: str, given: dict[str, Any]) -> Template:
        body = {key: value for key, value in deepcopy(given).items() if key not in (*OUTPUT, *ENVELOPE)}
        gotos = [body.pop(key, None) for key in ("goto_manual", "goto_solar")]
        goto = next((one for one in gotos if isinstance(one, dict)), {})
        common = body.pop("id_command", None)
        common = common if isinstance(common, dict) else {}
        body = {"id_command": {k: v for k, v in common.items() if k not in _OF_ITS_OWN}, **body}
        return cls(name, body, {key: goto[key] for key in _WAITS if key in goto})
