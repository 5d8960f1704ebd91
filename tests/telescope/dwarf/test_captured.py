"""What telescopes and the app were seen to send, as published by owners: payloads, and whole frames of V2.

Sources by the labels of docs/protocol.md: "app" is traffic of the phone app with a Dwarf 3 or a mini (V3),
"clients" what the tests of client programs keep (a Dwarf 3 on V3; whole frames of a Dwarf II on V2).
"""

from __future__ import annotations

import asyncio
import json

import pytest
from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.telescope.dwarf.completion import (
    CalibrationCompletion,
    Completion,
    FocusCompletion,
    GotoCompletion,
)
from agent.telescope.dwarf.http import read_json
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Answered, Broken, Exchange
from agent.telescope.dwarf.models import capabilities_for, gain_index
from agent.telescope.dwarf.proto import astro_pb2, camera_pb2, focus_pb2, notify_pb2, system_pb2, task_pb2
from agent.telescope.dwarf.state import CaptureRecord, DeviceState, Phase, Snapshot
from agent.telescope.dwarf.wire.codes import CodeKind, code_kind, error_for
from agent.telescope.dwarf.wire.envelope import Generation, Packet, PacketType, decode
from agent.telescope.dwarf.wire.notifications import (
    BatteryLevel,
    BodyMode,
    CalibrationStep,
    CaptureCount,
    EqStep,
    ExposureTick,
    FocusRun,
    GotoStep,
    Notification,
    ParamsEcho,
    State,
    StorageSpace,
    Tracking,
    read_notification,
)
from agent.telescope.errors import TransientError
from agent.telescope.interface import CameraSettings
from agent.telescope.simulator.paramid import NEITHER, ParamId
from tests.telescope.dwarf.support import Bench, on_bench

US = "0000daf2-0000-1000-8000-00805f9b3500"  # stands where the frames named their owner's client
TO_US = b"\x42\x24" + US.encode()


def frame(hexed: str) -> bytes:
    """A frame whose last field, the client, was cut off."""
    return bytes.fromhex(hexed) + TO_US


def judge(code: int, doing: str) -> CodeKind:
    found = code_kind(code, Generation.V2)
    if found is CodeKind.FAILED:
        raise error_for(code, doing, Generation.V2)
    return found


async def knows_nothing() -> Snapshot | None:
    return None


# -- payloads of V3 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cmd", "hexed", "value"),
    [
        (15233, "1a0a08011206437573746f6d", GotoStep(State.RUNNING, "Custom")),  # clients
        (15233, "1a0a08041206437573746f6d", GotoStep(State.PLATE_SOLVING, "Custom")),  # clients
        (15233, "1a0a08031206437573746f6d", GotoStep(State.STOPPED, "Custom")),  # clients
        (15233, "220a08011206437573746f6d", Tracking(State.RUNNING, "Custom")),  # clients
        (15288, "090000000000004e40", ExposureTick(Camera.TELE, 60.0, 0.0)),  # app
        (15262, "0801", BodyMode()),  # app
        (15278, "0801", FocusRun(State.RUNNING)),  # app
        (15278, "0803", FocusRun(State.STOPPED)),  # app
        (15280, "0801", FocusRun(State.RUNNING)),  # app
        (15280, "0803", FocusRun(State.STOPPED)),  # app
        (15239, "0801", EqStep(State.RUNNING)),  # app
        (15239, "0803", EqStep(State.STOPPED)),  # app
    ],
)
def test_a_notification_says_what_was_seen_to_be_the_case(cmd: int, hexed: str, value: Notification) -> None:
    assert read_notification(cmd, bytes.fromhex(hexed)) == value


@pytest.mark.parametrize(
    ("message", "hexed"),
    [
        (astro_pb2.StartCapture(ir_index=-1), "08ffffffffffffffffff01"),  # app
        (focus_pb2.AstroAutoFocus(mode=1), "0801"),  # app
        (focus_pb2.FocusStep(direction=1), "0801"),  # app
        (focus_pb2.FocusStep(), ""),  # app
        (task_pb2.EnterCamera(stream=task_pb2.EnterCamera.Stream(encode_type=1)), "1a020801"),  # app
        (camera_pb2.PreviewQuality(level=1), "0801"),  # app
    ],
)
def test_a_request_is_what_the_app_sends(message: Message, hexed: str) -> None:
    assert message.SerializeToString() == bytes.fromhex(hexed)
    assert decode(type(message), bytes.fromhex(hexed)) == message


def test_the_tele_camera_of_a_mini_in_a_snapshot() -> None:  # clients
    camera = decode(
        task_pb2.CameraState, bytes.fromhex("0a00120208011900000060b81e014021000000403333f33f28800f30b808")
    )
    assert (round(camera.h_fov, 2), round(camera.v_fov, 2)) == (2.14, 1.2)
    assert (camera.width, camera.height) == (1920, 1080)
    assert camera.exclusive.WhichOneof("activity") is None


def one_click_goto(*phases: str) -> GotoCompletion:
    completion = GotoCompletion(
        "Goto Custom", judge, Limits(), name="Custom", any_name=False, query=knows_nothing
    )
    for phase in phases:
        completion.see(read_notification(15233, bytes.fromhex(phase)))
    return completion


RUNS, SOLVES, STOPS, TRACKS = (
    f"{phase}1206437573746f6d" for phase in ("1a0a0801", "1a0a0804", "1a0a0803", "220a0801")
)


async def test_tracking_ends_a_goto_and_its_stop_does_not() -> None:  # clients
    completion = one_click_goto(RUNS, SOLVES, STOPS)
    assert not completion.done
    completion.see(read_notification(15233, bytes.fromhex(TRACKS)))
    assert completion.done
    untracked = one_click_goto(RUNS, SOLVES, STOPS)
    await untracked.silent(30)
    with pytest.raises(TransientError, match="does not track"):
        await untracked.silent(2)


@pytest.mark.parametrize("cmd", [15278, 15280])
def test_either_notification_ends_a_focus(cmd: int) -> None:  # app
    completion = FocusCompletion("Focus", judge, Limits(), states=True, query=knows_nothing)
    for event in (Answered(b""), *(read_notification(cmd, bytes.fromhex(one)) for one in ("0801", "0803"))):
        assert not completion.done
        completion.see(event)
    assert completion.done


def test_a_calibration_of_the_app_ends_with_its_result_not_with_the_end_it_begins_with() -> None:  # app
    completion = CalibrationCompletion("Calibration", judge, Limits(), wants_result=True, query=knows_nothing)
    solve = CalibrationStep(4)
    for event in (
        CalibrationStep(3),
        solve,
        CalibrationStep(4),
        solve,
        CalibrationStep(1),
        solve,
        CalibrationStep(3),
        CalibrationStep(3),
    ):
        completion.see(event)
        assert not completion.done
    result = notify_pb2.CalibrationResult(azi=359.566401, alt=49.777716)
    completion.see(read_notification(15256, result.SerializeToString()))
    assert completion.done


def test_the_progress_of_a_capture_counts_what_the_app_showed() -> None:  # app
    told = notify_pb2.StackingProgress(
        total_count=280,
        update_count_type=2,
        current_count=70,
        stacked_count=67,
        exp_index=162,
        gain_index=18,
        target_name="SH 2-274",
    )
    record = CaptureRecord(Camera.TELE, Phase.RUNNING)
    news = read_notification(15209, told.SerializeToString())
    assert isinstance(news, CaptureCount)
    record.count(news)
    assert (record.taken, record.stacked, record.total, record.target) == (70, 67, 280, "SH 2-274")
    seconds = {one.index: one.seconds for one in capabilities_for("mini").cameras[Camera.TELE].exposures}
    assert seconds[record.exposure_index] == 60
    assert gain_index("mini", Camera.TELE, 60) == told.gain_index


def test_the_wide_preview_is_opened_by_an_empty_request_and_the_tele_one_by_a_level() -> None:  # app
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.WIDE, CameraSettings(exposure=150))
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150))
        sent = {one.cmd: one.request.SerializeToString() for one in b.sim.received if one.request is not None}
        assert (sent[12036], sent[10050], sent[16404]) == (b"", b"\x08\x01", b"\x1a\x02\x08\x01")

    on_bench(run)


# -- numbers of V3 ----------------------------------------------------------------------------------------

EXACT = {"mosaicCount": 144678138029277201, "stackCount": 144678138029277200}  # app
IDS = {  # app: name -> id, mode, section, camera, item
    "exposure": (0x0201000000000001, 2, 1, 0, 1),
    "gain": (0x0201000000000002, 2, 1, 0, 2),
    "filter": (0x020100000000000D, 2, 1, 0, 13),
    "binning": (0x020100000000001E, 2, 1, 0, 30),
    "stack count": (0x0202000000000010, 2, 2, 0, 16),
    "mosaic count": (0x0202000000000011, 2, 2, 0, 17),
    "wide exposure": (0x0201100000000001, 2, 1, 1, 1),
    "wide stack count": (0x0202100000000010, 2, 2, 1, 16),
    "format": (0x0202F0000000000F, 2, 2, NEITHER, 15),
    "display source": (0x0202F00000000012, 2, 2, NEITHER, 18),
    "photo exposure": (0x0101000000000001, 1, 1, 0, 1),
    "burst count": (0x0102F00000000015, 1, 2, NEITHER, 21),
}


@pytest.mark.parametrize("name", IDS)
def test_an_id_is_made_of_mode_section_camera_and_item(name: str) -> None:
    number, *parts = IDS[name]
    assert ParamId.of(number) == ParamId(*parts)
    assert ParamId(*parts).number == number


def test_ids_over_http_keep_every_digit() -> None:
    """A viewer that reads them as floating point shows 144678138029277220 for the first."""
    text = json.dumps({"code": 0, "data": [{"name": name, "paramId": one} for name, one in EXACT.items()]})
    answer = read_json(text.encode())
    assert isinstance(answer, dict)
    told = {entry["name"]: entry["paramId"] for entry in answer["data"]}
    assert told == EXACT
    assert all(type(number) is int for number in told.values())
    assert {int(float(number)) for number in EXACT.values()} != set(EXACT.values())


# -- whole frames of V2 (clients) -------------------------------------------------------------------------

MISSED = "080110011801200328f85530033a0b0894a6ffffffffffffff01"
NEAR_LIMIT = "080110011801200328f85530033a0b08ca8effffffffffffff01"
GAVE_UP = "080110011801200328f85530033a0b0890a6ffffffffffffff01"
SOLVING = {tries: f"080110011801200928ea7630023a0408041{tries:03x}" for tries in (1, 6, 7, 8)}
STOPPED, IDLE = "080110011801200928ea7630023a0408031008", "080110011801200928ea7630023a021008"


@pytest.mark.parametrize(
    ("hexed", "packet"),
    [
        (
            "080110011801200428c8653a0608e5fff5ac06",
            Packet(4, 13000, data=system_pb2.SetTime(timestamp=1704820709).SerializeToString()),
        ),
        (
            "080110011801200428c9653a0e0a0c4575726f70652f5061726973",
            Packet(4, 13001, data=system_pb2.SetTimeZone(timezone="Europe/Paris").SerializeToString()),
        ),
        ("080110011801200128904e", Packet(1, 10000)),
        ("080110011801200228e05d", Packet(2, 12000)),
        ("0801100118012003288156", Packet(3, 11009)),
        ("080110011801200128b74e", Packet(1, 10039)),
        ("080110011801200128b44e", Packet(1, 10036)),
        ("080110011801200128b64e", Packet(1, 10038)),
        ("080110011801200228e15d", Packet(2, 12001)),
        ("080110011801200428c8653003", Packet(4, 13000, PacketType.ANSWER_V3)),
        ("080110011801200128914e3003", Packet(1, 10001, PacketType.ANSWER_V3)),
        (
            "080110011801200128e05d3003",
            Packet(1, 12000, PacketType.ANSWER_V3),
        ),  # module 1, for a command of 2
        ("080110011801200128e15d3003", Packet(1, 12001, PacketType.ANSWER_V3)),
        ("080110011801200528c169", Packet(5, 13505)),
        ("080110011801200528c1693003", Packet(5, 13505, PacketType.ANSWER_V3)),
    ],
)
def test_an_envelope_is_read_as_it_was_seen(hexed: str, packet: Packet) -> None:
    found = Packet.decode(frame(hexed))
    assert found == Packet(
        packet.module_id, packet.cmd, packet.type, packet.data, 1, US, minor_version=1, major_version=1
    )
    assert found.encode() == frame(hexed)


@pytest.mark.parametrize(
    ("hexed", "value"),
    [
        ("080110011801200928e17630023a020814", BatteryLevel(20)),
        ("080110011801200928e17630023a020848", BatteryLevel(72)),
        ("080110011801200928e17630023a020849", BatteryLevel(73)),
        ("080110011801200928e17630023a020864", BatteryLevel(100)),
        ("080110011801200928e37630023a040811103b", StorageSpace(17, 59)),
        ("080110011801200928eb7630023a020801", GotoStep(State.RUNNING, "")),
        ("080110011801200928eb7630023a020803", GotoStep(State.STOPPED, "")),
        ("080110011801200928eb763002", GotoStep(State.IDLE, "")),
        ("080110011801200928ed7630023a080a06080110012878", ParamsEcho()),
        (
            "080110011801200928ed7630023a0a0a080801100118012818",
            ParamsEcho(),
        ),
        ("080110011801200928ed7630023a080a06100118082801", ParamsEcho()),
        (SOLVING[1], CalibrationStep(State.PLATE_SOLVING)),
        (STOPPED, CalibrationStep(State.STOPPED)),
        (IDLE, CalibrationStep(State.IDLE)),
    ],
)
def test_a_notification_of_older_firmware_says_what_was_seen(hexed: str, value: Notification) -> None:
    packet = Packet.decode(frame(hexed))
    assert packet.type == PacketType.NOTIFICATION
    assert read_notification(packet.cmd, packet.data, Generation.V2) == value


def test_a_goto_to_polaris_in_hours_and_degrees() -> None:
    hexed = "080110011801200328fa553a1b09da01ac95d63d044011f715521be85056401a07506f6c61726973"
    asked = decode(astro_pb2.GotoDeepSky, Packet.decode(frame(hexed)).data)
    assert (round(asked.ra, 3), round(asked.dec, 3), asked.target_name) == (2.53, 89.264, "Polaris")


async def test_the_goto_that_was_captured_fails_with_its_code() -> None:
    completion = GotoCompletion(
        "Goto Polaris", judge, Limits(), name="Polaris", any_name=False, query=knows_nothing
    )
    await heard(
        completion, "080110011801200928eb7630023a020801", "080110011801200928eb7630023a020803", cmd=11002
    )
    with pytest.raises(TransientError) as caught:
        await heard(completion, "080110011801200328fa5530033a0b088fa6ffffffffffffff01", cmd=11002)
    assert (caught.value.code, caught.value.device_code) == ("goto_failed", -11505)


async def test_an_answer_is_heard_from_whichever_module_it_comes() -> None:
    """A Dwarf II answered for the opening of its wide camera as if it were the tele camera."""

    async def answers(_cmd: int, _data: bytes) -> None:
        exchange.deliver(Packet.decode(frame("080110011801200128e05d3003")))

    exchange = Exchange(answers)
    async with asyncio.timeout(1):
        assert await exchange.ask(12000) == b""


async def heard(completion: Completion, *hexed: str, cmd: int = 11000) -> None:
    """Let a completion hear these frames as the answers and notifications of its command."""

    async def nowhere(_cmd: int, _data: bytes) -> None:
        return

    exchange = Exchange(nowhere)
    exchange.generation = Generation.V2
    async with exchange.converse(cmd) as replies:
        for one in hexed:
            exchange.deliver(Packet.decode(frame(one)))
        while not replies.empty():
            event = replies.get_nowait()
            assert not isinstance(event, Broken)
            completion.see(event)


def calibration() -> CalibrationCompletion:
    return CalibrationCompletion("Calibration", judge, Limits(), wants_result=False, query=knows_nothing)


async def test_the_calibration_that_was_captured_goes_on_through_its_misses_until_it_fails() -> None:
    completion = calibration()
    await heard(
        completion, SOLVING[1], MISSED, SOLVING[6], MISSED, SOLVING[7], NEAR_LIMIT, MISSED, SOLVING[8]
    )
    assert not completion.done
    assert completion.patience is None
    with pytest.raises(TransientError) as caught:
        await heard(completion, GAVE_UP, STOPPED, IDLE)
    assert caught.value.device_code == -11504


async def test_the_same_calibration_succeeds_when_it_finds_its_last_solution() -> None:
    completion = calibration()
    await heard(completion, MISSED, SOLVING[6], MISSED, SOLVING[7], NEAR_LIMIT, MISSED, SOLVING[8])
    await heard(completion, "080110011801200328f8553003", STOPPED)
    assert completion.done


def test_the_state_tells_a_captured_calibration_as_it_goes() -> None:
    told: list[object] = []
    state = DeviceState(told.append, lambda: None)
    state.occupied("calibrating")
    for hexed in (STOPPED, SOLVING[6], SOLVING[7]):
        packet = Packet.decode(frame(hexed))
        state.take(read_notification(packet.cmd, packet.data, Generation.V2))
        assert state.busy == {"calibrating"}
    packet = Packet.decode(frame(STOPPED))
    state.take(read_notification(packet.cmd, packet.data, Generation.V2))
    assert not state.busy
