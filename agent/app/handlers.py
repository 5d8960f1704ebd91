"""Answers what comes in over MQTT: sessions, commands, settings, questions about the agent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from datetime import date, datetime
from typing import Any

from agent import __version__
from agent.app.candidate import Candidate
from agent.app.instrument import views_of
from agent.app.precheck import condition_problems, sun_problems
from agent.app.queueing import Latest, queue_suggestion
from agent.app.setting_words import NAMES, armed_words, setting_words
from agent.app.sky_warnings import sky_problems
from agent.app.station_night import station_night, waiting_candidates
from agent.errors import AgentError, errors_of
from agent.fleet.placing import Placing
from agent.mqtt.discovery.controls import MAX_WAIT_MINUTES
from agent.mqtt.discovery.model import NO_FILE
from agent.requests import Acknowledgement, Code, Command, Reply, Submission, Verb
from agent.session.document import read_session, with_id_command
from agent.session.fields import WeatherPolicy
from agent.session.numbers import read_boolean
from agent.session.problems import BadValueError
from agent.session.telescope_wish import is_open
from agent.session.times import read_instant, start_instant, zone_problems
from agent.sky.catalogue import resolve
from agent.station.commands import Commands
from agent.station.dark_report import dark_report
from agent.station.expected import expected, undoing
from agent.station.replies import Accepted, refused
from agent.station.station import Station
from agent.station.switches import ARM_FIRST, ENCLOSURE_MODES, Switches

MAX_ARMED_MIN = 60  # longer, and it is no longer somebody who stands beside it
SafetyInput = Callable[[str, bytes, bool, datetime], None]


class AgentHandlers:
    """The agent's side of the MQTT room; owner of nothing, it asks the stations."""

    def __init__(
        self,
        stations: Mapping[str, Station],
        placing: Placing,
        *,
        safety_input: SafetyInput,
        resend_discovery: Callable[[], None],
        restart: Callable[[], None],
        set_log_level: Callable[[object], str],
        settings_shown: Mapping[str, Any],
        suggestions: Latest,
    ) -> None:
        self._stations = stations
        self._placing = placing
        self._commands = {name: Commands(station) for name, station in stations.items()}
        self._safety_input = safety_input
        self._resend_discovery = resend_discovery
        self._restart = restart
        self._set_log_level = set_log_level
        self._settings_shown = settings_shown
        self._suggestions = suggestions
        self._one_by_one = asyncio.Lock()  # so that each suggestion queued sees the one before it wait

    async def submit(self, submission: Submission) -> Acknowledgement:
        """Check and store a session; the telescope may be left out when there is only one, or left open."""
        name = submission.telescope or (next(iter(self._stations)) if len(self._stations) == 1 else "")
        if name in self._stations or is_open(name):
            return await self._placing.submit(replace(submission, telescope=name))
        return self._placing.nobody(submission)

    async def command(self, telescope: str, command: Command, accepted: Accepted) -> Reply:
        """Carry out a command on one telescope."""
        if command.verb is Verb.QUEUE:
            return await self._queue(telescope, command)
        if _of_the_selected(command):
            selected = self._stations[telescope].switches.values.session_file
            command = Command(
                command.verb,
                command.request_id,
                command.reason,
                {"session_id": selected, **command.arguments},
            )
        return await self._commands[telescope].carry_out(command, accepted)

    async def _queue(self, telescope: str, command: Command) -> Reply:
        station, submissions = self._stations[telescope], self._placing.submissions[telescope]
        try:
            async with self._one_by_one:
                return await queue_suggestion(command, station, submissions, self._suggestions(telescope))
        except AgentError as error:
            return refused(command, Code.FAILED, error.message, error.hint)

    async def set_value(self, telescope: str, key: str, value: object) -> Reply:
        """Change one of a station's switches."""
        station = self._stations[telescope]
        if key == "filter":
            return await self._commands[telescope].by_hand.set_filter(str(value).strip())
        if key == "armed_minutes":
            return _arm(station, value)
        try:
            values = _read_setting(station, key, value)
        except BadValueError as error:
            return _wrong(key, error)
        if values is None:
            known = ", ".join(field.name for field in fields(Switches))
            return Reply(
                False, Code.UNKNOWN_SETTING, f"There is no setting {key!r}.", hint=f"One of: {known}."
            )
        station.switches.change(**values)
        return Reply(True, Code.DONE, setting_words(station, key))

    async def bridge_request(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a question about the agent itself."""
        match verb:
            case "health":
                return {
                    "version": __version__,
                    "telescopes": {n: _health(s) for n, s in self._stations.items()},
                }
            case "config/get":
                return dict(self._settings_shown)
            case "sessions/list":
                return {name: _sessions(station) for name, station in self._stations.items()}
            case "sessions/validate":
                return self._validate(body)
            case "plan":
                return await self._plan(body)
            case "darks":
                return await dark_report(self._asked(body))
            case "discovery/resend":
                self._resend_discovery()
                return {}
            case "log_level":
                return {"log_level": self._set_log_level(body.get("level"))}
            case "restart":
                self._restart()
                return {}
        raise AgentError(f"There is no request {verb!r}.", code=Code.UNKNOWN_COMMAND.value)

    def safety_input(self, source: str, payload: bytes, retained: bool, received_at: datetime) -> None:
        """Hand a safety source's report on."""
        self._safety_input(source, payload, retained, received_at)

    def _asked(self, body: Mapping[str, Any]) -> Station:
        name = body.get("telescope")
        station = self._stations.get(name) if isinstance(name, str) else next(iter(self._stations.values()))
        if station is None:
            raise AgentError(f"There is no telescope {name!r}.", code=Code.UNKNOWN_TELESCOPE.value)
        return station

    async def _plan(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The coming night (or that of the date in `night`) for the sessions that wait."""
        station = self._asked(body)
        try:
            night = date.fromisoformat(str(body["night"])) if body.get("night") else None
        except ValueError:
            raise AgentError(
                f"night is {body['night']!r}, not a date such as 2026-12-12.", code=Code.INVALID.value
            ) from None
        plan = await station_night(station, waiting_candidates(station), night)
        text = [*plan.lines(), *(f"  Goal {group.words()}" for group in station.parents.collecting.groups)]
        return {"telescope": station.id, **plan.to_json(), "text": text}

    def _validate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        station = self._asked(body)
        session = body.get("session")
        if not isinstance(session, dict):
            raise AgentError("The body needs a 'session' object.", code=Code.INVALID.value)
        reading = read_session(with_id_command(session), resolve=resolve)
        problems = list(reading.problems)
        if reading.document is not None:
            problems += station.intake.examine(reading.document)
            problems += condition_problems(reading.document, station.defaults())
        if reading.document is not None and not errors_of(problems):
            now = station.clock.now()
            start = start_instant(reading.document, station.zone, now)
            plan = station.intake.plan(reading.document, start or now)
            if station.site is not None:
                problems += zone_problems(reading.document, station.zone, station.site.longitude, now)
            capabilities = station.capabilities()
            if plan is not None and capabilities is not None:
                begin, defaults = max(start or now, now), station.defaults()
                problems += sky_problems(plan, station.site, start, now)
                problems += sun_problems(reading.document, plan, station.site, defaults, begin)
                candidate = Candidate("", reading.document, plan, start, None)
                views = views_of(candidate, capabilities, defaults, station.site, now)
                problems += [problem for view in views for problem in view.problems()]
        return {
            "valid": not any(problem.severity == "error" for problem in problems),
            "problems": [asdict(problem) for problem in problems],
        }


def _arm(station: Station, value: object) -> Reply:
    try:
        minutes = _minutes(value, MAX_ARMED_MIN)
    except BadValueError as error:
        return _wrong("armed_minutes", error)
    station.switches.arm(minutes * 60)
    return Reply(True, Code.DONE, armed_words(minutes))


def _wrong(key: str, error: BadValueError) -> Reply:
    return Reply(False, Code.INVALID, f"{NAMES[key]}: {error.message}", hint=error.hint)


def _minutes(value: object, most: int) -> float:
    try:
        minutes = float(str(value))
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= most:
        raise BadValueError(f"{str(value)[:40]!r} is not between 0 and {most} minutes")
    return minutes


def _of_the_selected(command: Command) -> bool:
    """Whether a command is about the session that was chosen in the settings."""
    if command.arguments.get("session_id"):
        return False
    return command.verb is Verb.RUN or command.arguments.get("selected") is True


def published(switches: Switches) -> dict[str, Any]:
    """Return a station's switches as their topic shows them."""
    return {
        "scheduler": switches.scheduler,
        "armed": switches.armed,
        "weather_policy": switches.weather_policy.value,
        "max_wait_min": switches.max_wait_min,
        "filter": switches.filter or None,
        "session_file": switches.session_file or NO_FILE,
        "not_before": switches.not_before.isoformat() if switches.not_before else None,
        "enclosure": switches.enclosure,
    }


def _read_setting(station: Station, key: str, value: object) -> dict[str, Any] | None:
    match key:
        case "scheduler" | "armed":
            return {key: read_boolean(value)}
        case "weather_policy":
            policy = str(value).strip().lower()
            if policy not in set(WeatherPolicy):
                raise BadValueError(f"{policy[:40]!r} is not one of {', '.join(WeatherPolicy)}")
            if policy != WeatherPolicy.IGNORE and not station.has_weather:
                raise BadValueError(
                    "no weather source is configured, so every session would wait for ever",
                    hint="Name one in the agent's configuration: weather_inputs (home_assistant, for the "
                    "blueprint 'weather heartbeat'), weather_entities or weather_topics.",
                )
            return {key: WeatherPolicy(policy)}
        case "max_wait_min" | "max_wait":
            return {"max_wait_min": int(_minutes(value, MAX_WAIT_MINUTES))}
        case "session_file":
            name = str(value).strip()
            return {key: "" if name in ("", NO_FILE) else name.removesuffix(".json")}
        case "enclosure":
            return {key: _enclosure_mode(station, str(value).strip().lower())}
        case "not_before":
            text = str(value or "").strip()
            if text in ("", "None"):
                return {key: None}
            return {key: read_instant(text, station.zone)}
    return None


def _enclosure_mode(station: Station, mode: str) -> str:
    """Check what a person wants of the box: `auto`, `open` (armed) or `closed`."""
    if not station.enclosure.exists:
        hint = "Set enclosure_lid, or what else there is, in the agent's configuration."
        raise BadValueError("there is no box around this telescope", hint=hint)
    if mode not in ENCLOSURE_MODES:
        raise BadValueError(f"{mode!r} is not one of {', '.join(ENCLOSURE_MODES)}")
    if mode == "open" and not station.switches.values.armed:
        raise BadValueError("to hold it open needs the controls to be armed", hint=ARM_FIRST)
    return mode


def _health(station: Station) -> dict[str, Any]:
    identity = station.telescope.identity
    return {
        "status": station.status.status.value,
        "connection": station.telescope.connection.value,
        "model": identity.model if identity else None,
        "firmware": identity.firmware if identity else None,
        "queue": len(station.dispatcher.queue),
        "night_over": _night_over(station),
    }


def _night_over(station: Station) -> dict[str, str] | None:
    over = station.night.judgement()
    if over is None or over.until is None:
        return None
    until = over.until.astimezone(station.zone)
    return {"until": until.isoformat(timespec="seconds"), "message": undoing(over.message, until)}


def _sessions(station: Station) -> list[dict[str, Any]]:
    return [
        {
            "session_id": waiting.session_id,
            "place": place,
            "target": waiting.brief.target,
            "scheduled_for": waiting.start.isoformat() if waiting.start else None,
            "starts_at": soon.at.astimezone(station.zone).isoformat(timespec="seconds") if soon.at else None,
            "why": soon.why,
            "waits_for": waiting.brief.waits_for.value if waiting.brief.waits_for else None,
            "note": waiting.brief.note,
        }
        for place, waiting in enumerate(station.dispatcher.queue, start=1)
        for soon in [expected(station, waiting)]
    ]
