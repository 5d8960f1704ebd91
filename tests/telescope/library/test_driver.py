"""The driver over a stand-in for the library that hangs, crashes, prints and lies."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.app.building import Drivers, Wanted
from agent.capabilities import Camera
from agent.clock import SystemClock
from agent.settings import TelescopeSettings
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    ProtocolError,
    RefusedError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import (
    CameraSettings,
    CaptureEnd,
    CaptureProgress,
    ConnectionChanged,
    ConnectionState,
    EqError,
)
from agent.telescope.library.limits import Limits
from agent.telescope.library.telescope import LibraryTelescope
from tests.telescope.library.support import BASEL, HOST, QUICK, bench

ORION = SkyTarget("M 42", 5.588, -0.5)
PHASES = "('note', 'CALIBRATION: Phase #1 State:ASTRO_STATE_PLATE_SOLVING')"


def altered(**changes: float) -> Limits:
    return replace(QUICK, **changes)


async def reconnected(telescope: LibraryTelescope) -> None:
    async with asyncio.timeout(20):
        await telescope.wait_connected()


async def test_what_the_library_prints_never_reaches_the_agent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lies = "[('print', '{\"id\": 2, \"value\": false}'), ('print', '\\x00' * 70000), ('result', 'OK', 0)]"
    async with bench(monkeypatch, tmp_path, perform_GoLive=lies) as one:
        await one.telescope.go_live()
        assert one.telescope.telemetry.battery == 81


async def test_a_crash_is_an_unreachable_telescope_and_the_library_is_started_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, perform_GoLive="[('crash',)]") as one:
        first = one.pid
        with pytest.raises(UnreachableError, match="code 9"):
            await one.telescope.go_live()
        await reconnected(one.telescope)
        assert one.pid != first
        await one.telescope.stop_goto()
    told = [event.state for event in one.events if isinstance(event, ConnectionChanged)]
    up, waiting = ConnectionState.CONNECTED, ConnectionState.CONNECTING
    assert told == [waiting, up, waiting, up, ConnectionState.CLOSED]


async def test_a_hang_ends_at_its_limit_and_costs_only_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, limits=altered(go_live=0.3), perform_GoLive="[('hang',)]") as one:
        first = one.pid
        assert first is not None
        with pytest.raises(CommandTimeoutError, match="hung"):
            await one.telescope.go_live()
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
        await reconnected(one.telescope)
        await one.telescope.stop_goto()


async def test_a_call_that_waits_for_nothing_is_ended_without_killing_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, limits=altered(go_live=0.3), perform_GoLive="[]") as one:
        first = one.pid
        with pytest.raises(CommandTimeoutError, match="did not end within"):
            await one.telescope.go_live()
        await one.telescope.stop_goto()
        assert one.pid == first


async def test_a_second_completion_is_not_taken_for_the_next_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    twice = "[('result', 'OK', 0), ('after', 0.02), ('result', 'OK', 0)]"
    refused = "[('after', 0.1), ('result', 'ERROR', -11511)]"
    async with bench(monkeypatch, tmp_path, perform_GoLive=twice, perform_goto=refused) as one:
        await one.telescope.go_live()
        with pytest.raises((TransientError, RefusedError)) as failed:
            await one.telescope.goto(ORION, BASEL)
        assert failed.value.device_code == -11511


async def test_cancelling_frees_the_library_for_the_stop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, perform_calibration=f"[{PHASES}]") as one:
        first = one.pid
        calibration = asyncio.create_task(one.telescope.calibrate(BASEL))
        await one.called("perform_calibration")
        calibration.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calibration
        await one.telescope.halt()
        assert one.calls()[-3:] == ["perform_calibration", "perform_stop_calibration", "perform_stop_goto"]
        assert one.pid == first


async def test_nothing_at_all_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with bench(
        monkeypatch,
        tmp_path,
        perform_powerdown="[('return', None)]",
        perform_GoLive="[('return', None)]",
        perform_stop_goto="[('raise',)]",
    ) as one:
        with pytest.raises(TransientError, match="does not say why"):
            await one.telescope.go_live()
        with pytest.raises(TransientError):
            await one.telescope.shutdown()
        with pytest.raises(TransientError, match="NameError"):
            await one.telescope.stop_goto()


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("[('result', 'OK', 0)]", "no calibration"),
        (f"[{PHASES}, ('note', 'CALIBRATION: Error Plate solving'), ('result', 'OK', 0)]", "-11500"),
        (f"[{PHASES}, ('result', 'ERROR', -11504)]", "-11504"),
        ("[('result', 'WARNING', 0)]", "does not say why"),
    ],
)
async def test_a_calibration_that_was_none_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, steps: str, sentence: str
) -> None:
    async with bench(monkeypatch, tmp_path, perform_calibration=steps) as one:
        with pytest.raises((TransientError, RefusedError), match=sentence):
            await one.telescope.calibrate(BASEL)


async def test_a_calibration_that_took_no_time_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = f"[{PHASES}, ('result', 'OK', 0)]"
    async with bench(
        monkeypatch, tmp_path, limits=altered(calibrate_at_least=4.0), perform_calibration=done
    ) as one:
        with pytest.raises(TransientError, match="no calibration"):
            await one.telescope.calibrate(BASEL)


async def test_a_calibration_is_over_when_it_worked_and_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stopped = (
        f"[{PHASES}, ('note', 'CALIBRATION: Phase #2 State:ASTRO_STATE_STOPPED'), ('result', 'WARNING', 0)]"
    )
    async with bench(monkeypatch, tmp_path, perform_calibration=stopped) as one:
        await one.telescope.calibrate(BASEL)


async def test_settings_are_given_by_names_that_lead_back_to_the_same_index(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, model="mini") as one:
        tele = one.telescope.capabilities.cameras[Camera.TELE]
        assert [exposure.name for exposure in tele.exposures] == ["1/30", "10", "15", "30"]
        assert tele.gains == (60, 80)
        await one.telescope.apply(Camera.TELE, CameraSettings(exposure=159, gain=80, filter=1, count=7))
        with pytest.raises(RefusedError, match="no name for exposure index 168"):
            await one.telescope.apply(Camera.TELE, CameraSettings(exposure=168))
        with pytest.raises(RefusedError, match="wide_exposure index 45"):
            await one.telescope.apply(Camera.WIDE, CameraSettings(exposure=45))
        with pytest.raises(RefusedError, match="no gain 47"):
            await one.telescope.apply(Camera.TELE, CameraSettings(gain=47))
        set_to = [call["args"] for call in one.journal("perform_update_camera_setting")]
        assert set_to == [["exposure", "30", "3"], ["gain", "80", "3"], ["IR", "1", "3"], ["count", "7", "3"]]


async def test_settings_are_read_back_and_what_is_not_told_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    indices = "[{'id': 0, 'index': 150}, {'id': 1, 'index': 24}, {'id': 8, 'index': 1}]"
    params = f"{{'code': 0, 'all_params': {indices}}}"
    features = "{'code': 0, 'all_feature_params': [{'id': 1, 'index': 0, 'continue_value': 40.0}]}"
    async with bench(
        monkeypatch,
        tmp_path,
        limits=altered(read=0.3),
        perform_get_all_camera_setting=f"[('return', {params})]",
        perform_get_all_feature_camera_setting=f"[('return', {features})]",
        perform_get_all_camera_wide_setting="[]",
    ) as one:
        tele = await one.telescope.read(Camera.TELE)
        assert tele == CameraSettings(exposure=150, gain=80, filter=1, count=40)
        assert await one.telescope.read(Camera.WIDE) == CameraSettings()


async def test_a_goto_gets_numbers_and_the_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with bench(monkeypatch, tmp_path) as one:
        await one.telescope.goto(ORION, None)
        assert one.journal("perform_goto")[0]["args"] == [5.588, -0.5, "M 42"]
        assert one.telescope.telemetry.tracking == "M 42"
        luna = SolarTarget("La Luna", SolarBody.MOON)
        with pytest.raises(RefusedError, match="where the telescope stands"):
            await one.telescope.goto(luna, None)
        assert not one.calls("perform_goto_stellar")
        await one.telescope.goto(luna, BASEL)
        number, name, place = one.journal("perform_goto_stellar")[0]["args"]
        assert (number, name) == (8, "Moon")
        assert "LONGITUDE = 7.6" in place
        assert "LATITUDE = 47.5" in place


async def test_the_polar_error_is_read_from_the_librarys_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logged = "[('log', 'Success azi_err:  0.75'), ('log', 'Success alt_err:  -1.5e-1'), ('result', 'OK', 0)]"
    async with bench(monkeypatch, tmp_path, start_polar_align=logged) as one:
        assert await one.telescope.solve_eq(BASEL) == EqError(azimuth=0.75, altitude=-0.15)


async def test_a_polar_alignment_without_numbers_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path) as one:
        with pytest.raises(ProtocolError, match="log does not show"):
            await one.telescope.solve_eq(BASEL)


async def test_the_time_that_is_set_is_the_time_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path) as one:
        summer = datetime(2031, 7, 1, 22, 30, tzinfo=UTC)
        await one.telescope.set_time(summer, "Asia/Kathmandu", None)
        timestamp, hours = one.journal("perform_time")[0]["args"]
        assert 0 <= timestamp - summer.timestamp() < 30
        assert hours == 5.75
        assert one.calls("perform_timezone") == ["perform_timezone"]
        with pytest.raises(RefusedError, match="no time zone"):
            await one.telescope.set_time(summer, "Mars/Olympus", None)


@pytest.mark.parametrize(
    ("camera", "number", "wide"), [(Camera.TELE, 15209, ""), (Camera.WIDE, 15237, "Wide")]
)
async def test_a_capture_is_followed_to_its_end_without_the_librarys_own_waiting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, camera: Camera, number: int, wide: str
) -> None:
    followed = tmp_path / "followed"
    frames = (
        f"[('set', 'take{wide}PhotoStarted', True), ('result', 'OK', 0), ('count', {number}, 2, 1),"
        f" ('after', {str(followed)!r}), ('count', {number}, 3, 2), ('state', '{wide}', 'stopped')]"
    )
    steps = {f"perform_takeAstro{wide}Photo": frames}
    async with bench(monkeypatch, tmp_path, **steps) as one:
        await one.telescope.start_capture(camera)
        with pytest.raises(TransientError, match="already captures"):
            await one.telescope.start_capture(camera)
        seen: list[tuple[int, int]] = []

        def told(now: CaptureProgress) -> None:
            seen.append((now.taken, now.stacked))
            followed.touch()

        report = await one.telescope.follow_capture(camera, told)
        assert (report.taken, report.stacked, report.end) == (3, 2, CaptureEnd.FINISHED)
        assert (seen[0], seen[-1]) == ((2, 1), (3, 2))
        assert await one.telescope.running_capture(camera) is None
        assert (await one.telescope.stop_capture(camera)).taken == 3
        assert not one.calls(f"perform_stopAstro{wide}Photo"), "asked in vain, it would wait 150 s"


async def test_a_capture_goes_on_while_the_process_is_killed_and_is_stopped_by_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = "[('host', True), ('state', '', 'running'), ('count', 15209, 5, 4), ('result', 'OK', 0)]"
    async with bench(
        monkeypatch, tmp_path, connect=running, limits=altered(go_live=0.2), perform_GoLive="[('hang',)]"
    ) as one:
        progress = await one.telescope.running_capture(Camera.TELE)
        assert progress is not None
        assert (progress.taken, progress.stacked) == (5, 4)
        first = one.pid
        follow = asyncio.create_task(one.telescope.follow_capture(Camera.TELE))
        with pytest.raises(CommandTimeoutError):
            await one.telescope.go_live()
        await reconnected(one.telescope)
        assert one.pid != first
        assert not follow.done()
        await one.telescope.halt()
        report = await follow
        assert (report.taken, report.stacked, report.end) == (5, 4, CaptureEnd.STOPPED)
        assert one.calls("perform_stopAstroPhoto") == ["perform_stopAstroPhoto"]


async def test_the_counts_of_a_capture_that_is_over_do_not_make_it_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    over = "[('host', True), ('count', 15209, 5, 4), ('result', 'OK', 0)]"
    again = "[('count', 15209, 5, 4)]"
    async with bench(monkeypatch, tmp_path, connect=over, perform_getstatus=again) as one:
        assert await one.telescope.running_capture(Camera.TELE) is None
        await one.telescope.halt()
        assert not one.calls("perform_stopAstroPhoto")


async def test_a_capture_that_ended_while_nobody_was_there_is_not_called_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, perform_GoLive="[('crash',)]") as one:
        await one.telescope.start_capture(Camera.TELE)
        follow = asyncio.create_task(one.telescope.follow_capture(Camera.TELE))
        with pytest.raises(UnreachableError):
            await one.telescope.go_live()
        assert (await follow).end is CaptureEnd.UNKNOWN


async def test_a_capture_that_was_refused_does_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, perform_takeAstroPhoto="[('result', 'ERROR', -11518)]") as one:
        with pytest.raises((TransientError, RefusedError)) as failed:
            await one.telescope.start_capture(Camera.TELE)
        assert failed.value.device_code == -11518
        assert await one.telescope.running_capture(Camera.TELE) is None


async def test_advice_about_the_exposure_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    advised = "[('result', 'ERROR', -11514), ('after', 0.2), ('state', '', 'running')]"
    async with bench(monkeypatch, tmp_path, perform_takeAstroPhoto=advised) as one:
        await one.telescope.start_capture(Camera.TELE)
        assert await one.telescope.running_capture(Camera.TELE) is not None


async def test_a_telescope_held_by_another_is_seen_and_not_commanded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slave = "[('host', False), ('result', 'WARNING', -15)]"
    mine = "[('host', True), ('result', 'OK', 0)]"
    async with bench(monkeypatch, tmp_path, connect=slave, set_HostMaster=mine) as one:
        assert one.telescope.connection is ConnectionState.HELD_BY_OTHER
        with pytest.raises(HeldByOtherError):
            await one.telescope.go_live()
        assert not one.calls("perform_GoLive")
        await one.telescope.take_control()
        await one.telescope.go_live()


async def test_a_lost_link_is_taken_up_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with bench(monkeypatch, tmp_path, perform_GoLive="[('drop',)]") as one:
        first = one.pid
        with pytest.raises(UnreachableError):
            await one.telescope.go_live()
        with pytest.raises(UnreachableError):
            await one.telescope.stop_goto()
        await reconnected(one.telescope)
        assert one.pid == first
        await one.telescope.stop_goto()


async def test_a_motor_that_asks_for_its_home_is_sent_there_before_the_telescope_is_folded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done, lost = "[('result', 'OK', 0)]", "[('result', 'WARNING', -14520)]"
    motor = f"lambda _: {done} if '[6]' in open(JOURNAL).read() else {lost}"
    async with bench(monkeypatch, tmp_path, motor_action=motor) as one:
        await one.telescope.park()
        assert [call["args"] for call in one.journal("motor_action")] == [[1], [6], [1]]


async def test_the_library_gets_a_place_of_its_own_and_nothing_of_the_agents(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DWARF_MQTT_PASSWORD", "geheim")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with bench(monkeypatch, tmp_path) as one:
        (connected,) = one.journal("connect")
        assert f'DWARF_IP = "{HOST}"' in connected["config"]
        assert 'DWARF_ID = "2"' in connected["config"]
        assert all(line.count("=") == 1 for line in connected["config"].splitlines())
        assert not {"DWARF_MQTT_PASSWORD", "HTTP_PROXY"} & set(connected["environment"])
        folder, pid = one.telescope._folder, one.pid
        assert pid is not None
        assert {path.name for path in folder.iterdir()} == {"config.py", "config.ini"}
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert one.calls()[-2:] == ["unset_HostMaster", "disconnect"]


async def test_an_agent_that_dies_takes_the_library_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path) as one:
        process = one.telescope._core.process._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()


async def test_a_library_that_is_not_installed_is_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with bench(monkeypatch, tmp_path, wait=False) as one:
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        said = ""
        async with asyncio.timeout(20):
            while "not installed" not in said:
                await asyncio.sleep(0.02)
                said = " ".join(event.message for event in one.events if isinstance(event, ConnectionChanged))
        assert "pip install 'git+https://github.com/stevejcl/dwarf_python_api'" in said
        assert sys.executable in said
        with pytest.raises(UnreachableError):
            await one.telescope.go_live()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 9901), ('127.0.0.1"\nX = "', 9900), ("a=b", 9900)])
def test_an_address_the_library_cannot_be_given_is_refused(host: str, port: int) -> None:
    with pytest.raises(RefusedError, match="dwarf_python_api"):
        LibraryTelescope(DwarfAddress(host, port))


def test_the_settings_choose_the_driver_and_its_interpreter() -> None:
    own = TelescopeSettings(host=HOST, driver="dwarf_python_api", library_python="/opt/library/python")
    chosen = Drivers().connect(Wanted(own, SystemClock(), "our-own-id"))
    assert isinstance(chosen, LibraryTelescope)
    assert chosen._options.python == "/opt/library/python"
    assert chosen._options.client_id == "our-own-id"
    native = Drivers().connect(Wanted(TelescopeSettings(host=HOST), SystemClock(), "our-own-id"))
    assert isinstance(native, DwarfTelescope)
    with pytest.raises(RefusedError, match="port 9900"):
        Drivers().connect(Wanted(own.model_copy(update={"port": 9901}), SystemClock(), "our-own-id"))
