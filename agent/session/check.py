"""Checking a session against the telescope model, before the night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.capabilities import Camera, Capabilities
from agent.errors import AgentError, Problem, warning
from agent.session.choices import choose
from agent.session.coordinates import format_dec, format_ra
from agent.session.document import SessionDocument
from agent.session.fields import DarksWhen, DownloadWhat
from agent.session.mosaic_check import mosaic_problems
from agent.session.place import Resolve, place_problem
from agent.session.sections import CameraSetup, GotoManual
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target

__all__ = ["Resolve", "check", "resolve_target"]

_DARK_GAINS = (40, 150)
_FIELD_DEG = {Camera.TELE: 1.2, Camera.WIDE: 20.0}  # at least, where the model's own is not known
_FEATURES = ("auto_focus", "infinite_focus", "eq_solving", "calibration")
_CAMERAS = (("setup_camera", Camera.TELE), ("setup_wide_camera", Camera.WIDE))


def download_problems(document: SessionDocument, *, archives: bool) -> list[Problem]:
    """Tell of a session that wants to be fetched where no archive is configured."""
    download = document.download
    if archives or download is None or download.what is DownloadWhat.NONE:
        return []
    return [
        Problem(
            "no_archive",
            "The session is to be fetched, and no archive is configured.",
            "Set archive_dir, or the session's download.do_action to false.",
            document.pointer("download", "do_action"),
        )
    ]


def check(
    document: SessionDocument, capabilities: Capabilities, *, resolve: Resolve | None = None
) -> list[Problem]:
    """Return everything that is wrong, or worth knowing, about running this session on that model.

    `Capabilities.lacks` is read for the section names auto_focus, infinite_focus, eq_solving, calibration,
    goto_solar, goto_manual, and for park and power_down.
    """
    last, gotos = _gotos(document, capabilities, resolve)
    deep_sky = in_deep_sky(document, last)
    capabilities = capabilities.for_mode(deep_sky=deep_sky)
    return [
        *_features(document, capabilities),
        *gotos,
        *_camera_sections(document, capabilities),
        *_darks(document, capabilities),
        *_goal(document),
        *mosaic_problems(document, capabilities, last),
        *(_not_for_the_deep_sky(document, capabilities) if deep_sky else ()),
    ]


def resolve_target(goto: GotoManual, resolve: Resolve | None) -> Target:
    """Return where a manual goto points: its coordinates, else its name looked up (AgentError if unknown)."""
    if goto.ra_coord is not None and goto.dec_coord is not None:
        name = goto.target or f"{format_ra(goto.ra_coord)} {format_dec(goto.dec_coord)}"
        return SkyTarget(name, goto.ra_coord, goto.dec_coord)
    if resolve is None:
        raise AgentError(
            f'"{goto.target}" has no coordinates and there is no catalogue to look it up in.',
            code="unknown_target",
            hint="Add ra_coord and dec_coord.",
        )
    found = resolve(goto.target)
    if isinstance(found, SkyTarget):
        return replace(found, name=goto.target)
    if found.body is SolarBody.SUN:
        raise AgentError(
            "A goto by name does not go to the Sun.",
            code="sun_filter",
            hint='Use goto_solar, with a solar filter mounted and "sun_filter": true.',
        )
    return SolarTarget(goto.target, found.body)


def _features(document: SessionDocument, capabilities: Capabilities) -> Iterator[Problem]:
    asked = [(key, f"/{key}") for key in (*_FEATURES, "goto_solar", "goto_manual") if getattr(document, key)]
    if document.shutdown:
        asked += [
            (key, f"/shutdown/{key}") for key in ("park", "power_down") if getattr(document.shutdown, key)
        ]
    for key, path in asked:
        if key in capabilities.lacks:
            yield Problem(
                "not_on_this_model",
                f"The {capabilities.model} cannot do {key}.",
                "Set its do_action to false, or run the session on another telescope.",
                path=path,
            )
    if document.refocus and not document.setup_camera:
        message = "refocus is on, and the tele camera, which alone has a focus, takes nothing."
        yield warning("refocus", message, "Switch it off.", path="/refocus")
    if document.auto_focus and document.infinite_focus:
        yield warning("both_focus", "Infinity focus undoes the autofocus before it.", path="/infinite_focus")
    elif document.auto_focus and document.eq_solving:
        message = "Newer firmware goes to infinity focus before it, which undoes the autofocus."
        yield warning("both_focus", message, path="/eq_solving")


def _field_of_view(document: SessionDocument, capabilities: Capabilities) -> float:
    """Degrees within which a target surely is in the picture of the session's narrowest camera."""
    wide_only = document.setup_wide_camera is not None and document.setup_camera is None
    which = Camera.WIDE if wide_only else Camera.TELE
    camera = capabilities.cameras.get(which)
    return min(camera.field_of_view) if camera is not None and camera.field_of_view else _FIELD_DEG[which]


def _gotos(
    document: SessionDocument, capabilities: Capabilities, resolve: Resolve | None
) -> tuple[Target | None, list[Problem]]:
    """The last target, as far as it is known, and what is wrong with the way there."""
    solar, manual = document.goto_solar, document.goto_manual
    last: Target | None = None
    problems = []
    if solar and manual:
        problems.append(
            warning(
                "both_gotos", "Both gotos are on: the solar one first, then this one.", path="/goto_manual"
            )
        )
    if solar and solar.target is SolarBody.SUN and not solar.sun_filter:
        problems.append(
            Problem(
                "sun_filter",
                "The Sun is the target, and the session does not say that a solar filter is mounted.",
                'Mount it, and add "sun_filter": true.',
                path=document.pointer("goto_solar", "sun_filter"),
            )
        )
    if manual:
        try:
            last = resolve_target(manual, resolve)
        except AgentError as error:
            problems.append(error.problem(document.pointer("goto_manual", "target")))
        place = document.pointer("goto_manual", "ra_coord")
        if wrong := place_problem(manual, resolve, _field_of_view(document, capabilities), place):
            problems.append(wrong)
    if not solar and not manual:
        problems += _no_goto(document)
    return last, problems


def _no_goto(document: SessionDocument) -> Iterator[Problem]:
    setups = [setup for key, _ in _CAMERAS if (setup := getattr(document, key)) is not None]
    if setups:
        yield warning(
            "no_goto",
            "No goto is on: the session images wherever the telescope points.",
            ""
            if all(setup.without_goto for setup in setups)
            else 'Newer firmware refuses that unless the camera section says "without_goto": true.',
        )


def _camera_sections(document: SessionDocument, capabilities: Capabilities) -> Iterator[Problem]:
    for key, camera in _CAMERAS:
        setup: CameraSetup | None = getattr(document, key)
        if setup is None:
            continue
        if camera not in capabilities.cameras:
            yield Problem(
                "not_on_this_model", f"The {capabilities.model} has no {camera.value} camera.", path=f"/{key}"
            )
            continue
        choice, wrong = choose(setup, camera, capabilities)
        for name, error in wrong.items():
            message = f"{capabilities.model} {camera.value} camera: {error.message}"
            yield Problem(error.code, message, error.hint, path=document.pointer(key, name))
        yield from _settings_not_applied(document, key, setup, camera, capabilities)
        offered, binning = capabilities.cameras[camera], choice.binning
        if offered.older_binnings and binning is not None and binning.value:
            yield warning(
                "not_with_newer_firmware",
                f"The {capabilities.model} with newer firmware does not take binning {binning.name}.",
                f"Leave it out, or write {offered.binnings[0].name}.",
                path=document.pointer(key, "binning"),
            )
    if not any(getattr(document, key) for key, _ in _CAMERAS):
        yield warning("no_capture", "No camera section is on: the session takes no pictures.")


def _darks(document: SessionDocument, capabilities: Capabilities) -> Iterator[Problem]:
    wanted = document.dark_frames
    if wanted is None:
        return
    if wanted.when is DarksWhen.CLOUDS and not capabilities.dark_filter:
        yield Problem(
            "cap",
            f"The {capabilities.model} takes dark frames with its cap on, which cannot wait for clouds.",
            'Set "when" to "before" or "after".',
            path="/dark_frames/when",
        )
    for key, camera in _CAMERAS:
        setup: CameraSetup | None = getattr(document, key)
        if setup is None or camera not in capabilities.cameras:
            continue
        if setup.exposure is None or setup.gain is None:
            message = "Dark frames need an exposure and a gain, as the capture has them."
            yield Problem("missing", message, f"Give both in {key}.", path="/dark_frames")
        elif camera is Camera.TELE and not _DARK_GAINS[0] <= setup.gain <= _DARK_GAINS[1]:
            message = f"There are no dark frames of gain {setup.gain}."
            hint = f"The telescope takes them with gains from {_DARK_GAINS[0]} to {_DARK_GAINS[1]}."
            yield Problem("dark_gain", message, hint, path=document.pointer(key, "gain"))


def _goal(document: SessionDocument) -> Iterator[Problem]:
    if document.goal is None:
        return
    setups = {key: setup for key, _ in _CAMERAS if (setup := getattr(document, key)) is not None}
    if document.repeat is not None:
        message = "A session with a goal comes back by itself, so repeat cannot be on as well."
        yield Problem("goal", message, "Switch one of them off.", path="/repeat")
    if not setups:
        yield Problem("goal", "A goal needs a camera section that collects it.", path="/goal")
    for key, setup in setups.items():
        if setup.exposure is None and document.goal.integration is not None:
            message = "Without an exposure nobody can tell how many frames the goal takes."
            hint = 'Give it, or a goal in "frames".'
            yield Problem("missing", message, hint, path=document.pointer(key, "exposure"))


def in_deep_sky(document: SessionDocument, last: Target | None) -> bool:
    """Whether its captures are made in the mode of the deep sky, as those without a goto are.

    `last` is where its last goto points; that of a solar one need not be told.
    """
    return isinstance(last, SkyTarget) or not (document.goto_solar or document.goto_manual)


def _not_for_the_deep_sky(document: SessionDocument, capabilities: Capabilities) -> Iterator[Problem]:
    """Warn of what newer firmware, if the telescope has it, does not offer for the deep sky."""
    message = f"The {capabilities.model} with newer firmware does not offer"
    for key, camera in _CAMERAS:
        setup: CameraSetup | None = getattr(document, key)
        if setup is None or camera not in capabilities.cameras:
            continue
        choice, _ = choose(setup, camera, capabilities)
        own, position = capabilities.cameras[camera], choice.filter
        sky = [each for each in own.filters if each.value in own.sky_filters]
        if position and sky and position not in sky:
            yield warning(
                "not_in_deep_sky",
                f"{message} filter {position.value} ({position.name}) for the deep sky.",
                f"Use {' or '.join(f'{each.value} ({each.name})' for each in sky)}.",
                path=document.pointer(key, "IRCut"),
            )
        if choice.gain is not None and choice.gain < own.sky_gain_from:
            yield warning(
                "not_in_deep_sky",
                f"{message} gain {choice.gain} for the deep sky.",
                f"Use {own.sky_gain_from} or more.",
                path=document.pointer(key, "gain"),
            )


def _settings_not_applied(
    document: SessionDocument, key: str, setup: CameraSetup, camera: Camera, capabilities: Capabilities
) -> Iterator[Problem]:
    """Tell which settings the session does not give, and which ones the camera does not have."""
    calibrated = camera is Camera.TELE and document.calibration is not None
    keeps = "stays as calibration set it" if calibrated else "stays as it is on the telescope"
    for name, value in (("exposure", setup.exposure), ("gain", setup.gain)):
        if value is None:
            yield warning("left_alone", f"{name} is not given: it {keeps}.", path=document.pointer(key, name))
    offered = capabilities.cameras[camera]
    for name, value, there in (
        ("IRCut", setup.filter, offered.filters),
        ("binning", setup.binning, offered.binnings),
        ("format", setup.format, offered.formats),
    ):
        if value is None or there:
            continue
        if name in capabilities.lacks and value in (0, 1):  # editors write its only size either way
            continue
        message = f"The {capabilities.model} {camera.value} camera has no {name} setting"
        path = document.pointer(key, name)
        if value == 0:  # the plain position, which is what such a camera has
            yield warning("not_on_this_camera", f"{message}: it is left alone.", path=path)
        else:
            yield Problem("not_on_this_camera", f"{message}.", "Remove the key.", path=path)
