"""The bytes: public example frames, decoding of anything, command numbers, error codes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.telescope.dwarf.parameters import PARAMETERS
from agent.telescope.dwarf.proto import (
    astro_pb2,
    ble_pb2,
    camera_pb2,
    common_pb2,
    notify_pb2,
    param_pb2,
    task_pb2,
)
from agent.telescope.dwarf.wire import code_table, notifications
from agent.telescope.dwarf.wire.code_table import Advice
from agent.telescope.dwarf.wire.codes import CodeKind, advising, code_kind, describe, error_for
from agent.telescope.dwarf.wire.commands import Cmd, module_of, name_of
from agent.telescope.dwarf.wire.envelope import Generation, MalformedError, Packet, PacketType, decode
from agent.telescope.dwarf.wire.notifications import Unknown, read_notification
from agent.telescope.errors import RefusedError, TelescopeError, TransientError

D3_CLIENT = "0000DAF3-0000-1000-8000-00805F9B34FB"


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("packet", "wire"),
    [
        (
            Packet(1, 10039, device_id=2, client_id=D3_CLIENT, minor_version=9),
            unhex("08 01 10 09 18 02 20 01 28 b7 4e 42 24") + D3_CLIENT.encode(),
        ),
        (
            Packet(1, 10039, PacketType.ANSWER_V3, device_id=2, minor_version=9),
            unhex("08 01 10 09 18 02 20 01 28 b7 4e 30 03"),
        ),
        (
            Packet(9, 15201, PacketType.NOTIFICATION, unhex("08 57"), device_id=2, minor_version=9),
            unhex("08 01 10 09 18 02 20 09 28 e1 76 30 02 3a 02 08 57"),
        ),
    ],
    ids=["request", "answer", "notification"],
)
def test_envelopes_are_the_known_bytes_in_both_directions(packet: Packet, wire: bytes) -> None:
    assert packet.encode() == wire
    assert Packet.decode(wire) == packet


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (common_pb2.ComResponse(code=-11501), "08 93 a6 ff ff ff ff ff ff ff 01"),
        (
            astro_pb2.GotoDeepSky(ra=18.5, dec=-5.25, target_name="M42"),
            "09 00 00 00 00 00 80 32 40 11 00 00 00 00 00 00 15 c0 1a 03 4d 34 32",
        ),
        (
            notify_pb2.StackingProgress(
                total_count=100,
                update_count_type=2,
                current_count=12,
                stacked_count=11,
                exp_index=156,
                gain_index=24,
                target_name="M42",
            ),
            "08 64 10 02 18 0c 20 0b 28 9c 01 30 18 3a 03 4d 34 32",
        ),
        (
            camera_pb2.SetFeature(
                feature=common_pb2.CommonParam(auto_mode=1, id=1, mode_index=1, continue_value=100)
            ),
            "0a 0f 10 01 18 01 20 01 31 00 00 00 00 00 00 59 40",
        ),
        (notify_pb2.TrackingState(state=1, target_name="M42"), "08 01 12 03 4d 34 32"),
        (
            param_pb2.SetModeParam(param_id=144396663052566529, mode=1, value=156),
            "08 81 80 80 80 80 80 c0 80 02 10 01 18 9c 01",
        ),
        (
            ble_pb2.BleGetConfig(cmd=1, ble_psd="DWARF_12345678"),
            "08 01 12 0e 44 57 41 52 46 5f 31 32 33 34 35 36 37 38",
        ),
        (ble_pb2.BleCommand(cmd=7), "08 07"),
        (camera_pb2.PreviewQuality(level=1), "08 01"),
        (task_pb2.EnterCamera(stream=task_pb2.EnterCamera.Stream(encode_type=1)), "1a 02 08 01"),
    ],
)
def test_messages_are_the_known_bytes_in_both_directions(message, wire: str) -> None:
    assert message.SerializeToString() == unhex(wire)
    assert decode(type(message), unhex(wire)) == message


def test_parameter_ids_are_the_known_numbers() -> None:
    numbers = {one.setting: one.number(2, Camera.TELE) for one in PARAMETERS}
    assert numbers == {
        "exposure": 144396663052566529,
        "gain": 144396663052566530,
        "filter": 144396663052566541,
        "binning": 0x020100000000001E,
        "format": 144942020819943439,
        "count": 144678138029277200,
        "mosaic count": 144678138029277201,
    }
    wide = {one.setting: one.number(2, Camera.WIDE) for one in PARAMETERS}
    assert (wide["exposure"], wide["format"]) == (144414255238610945, numbers["format"])
    assert wide["count"] - numbers["count"] == 1 << 44
    assert {one.number(9, Camera.TELE) >> 56 for one in PARAMETERS} == {9}


def test_fields_written_with_their_default_value_are_accepted() -> None:
    explicit = unhex("08 01 10 09 18 02 20 01 28 b7 4e 30 00 3a 00 42 00")
    assert Packet.decode(explicit) == Packet(1, 10039, device_id=2, minor_version=9)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_an_envelope_is_read_or_refused_with_one_error(raw: bytes) -> None:
    try:
        packet = Packet.decode(raw)
    except MalformedError:
        return
    assert isinstance(packet.cmd, int)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(notifications._DECODERS)) | st.integers(0, 2**32 - 1),
    st.binary(max_size=120),
    st.sampled_from(list(Generation)),
)
def test_a_notification_of_any_bytes_becomes_a_value(cmd: int, data: bytes, generation: Generation) -> None:
    assert read_notification(cmd, data, generation) is not None


def test_notifications_nobody_knows_keep_their_bytes() -> None:
    assert read_notification(15999, b"\x08\x01") == Unknown(15999, b"\x08\x01")
    assert read_notification(15212, b"\xff") == Unknown(15212, b"\xff")


@pytest.mark.parametrize(
    ("cmd", "hexed", "generation", "value"),
    [
        (15201, "0857", Generation.V2, notifications.BatteryLevel(87)),
        (15202, "0802", Generation.V3, notifications.ChargingState(True)),
        (15202, "", Generation.V3, notifications.ChargingState(False)),
        (15203, "080a1040", Generation.V2, notifications.StorageSpace(10, 64)),
        (15208, "", Generation.V2, notifications.CaptureState(Camera.TELE, 0)),
        (15208, "08011001", Generation.V3, notifications.CaptureState(Camera.WIDE, 1)),
        (15236, "0801", Generation.V3, notifications.CaptureState(Camera.WIDE, 1)),
        (
            15209,
            "080c180220014001",
            Generation.V3,
            notifications.CaptureCount(Camera.WIDE, 0, 12, 2, 1, ""),
        ),
        (15288, "090000000000004e40", Generation.V3, notifications.ExposureTick(Camera.TELE, 60.0, 0.0)),
        (15255, "08011002", Generation.V3, notifications.Waiting()),
        (15212, "080112034d3432", Generation.V2, notifications.Tracking(1, "M42")),
        (15223, "", Generation.V2, notifications.HostMode(host=True)),
        (15223, "08011001", Generation.V2, notifications.HostMode(host=False)),
        (15239, "08021001", Generation.V2, notifications.EqStep(1)),
        (15239, "0801", Generation.V3, notifications.EqStep(1)),
        (15233, "2207080112034d3432", Generation.V3, notifications.Tracking(1, "M42")),
        (15233, "1202080410", Generation.V3, None),
        (15229, "", Generation.V2, notifications.PoweringOff()),
    ],
)
def test_notifications_mean_what_they_say(
    cmd: int, hexed: str, generation: Generation, value: object
) -> None:
    found = read_notification(cmd, unhex(hexed), generation)
    assert found == (Unknown(cmd, unhex(hexed)) if value is None else value)


def test_every_command_belongs_to_a_module_and_has_a_name() -> None:
    assert all(module_of(command) for command in Cmd)
    assert (module_of(11005), module_of(12027), module_of(16405), module_of(1)) == (3, 2, 14, 0)
    assert name_of(11002) == "GOTO_DEEP_SKY (11002)"
    assert name_of(99) == "99"


TRANSIENT, REFUSED = TransientError, RefusedError


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        (-1, REFUSED, "not_understood"),
        (-2, REFUSED, "no_card"),
        (-3, REFUSED, "bad_parameter"),
        (-4, REFUSED, "write_failed"),
        (-5, REFUSED, "not_activated"),
        (-6, REFUSED, "card_full"),
        (-10501, TRANSIENT, "tele_closed"),
        (-10502, TRANSIENT, "setting_refused"),
        (-10504, TRANSIENT, "video_failed"),
        (-10508, TRANSIENT, "raw_failed"),
        (-10515, REFUSED, "exposure_too_long"),
        (-10516, TRANSIENT, "mode_not_switched"),
        (-10518, REFUSED, "video_file"),
        (-11500, TRANSIENT, "plate_solving_failed"),
        (-11501, TRANSIENT, "busy"),
        (-11502, REFUSED, "dark_gain"),
        (-11503, REFUSED, "no_matching_dark"),
        (-11504, TRANSIENT, "calibration_failed"),
        (-11505, TRANSIENT, "goto_failed"),
        (-11506, TRANSIENT, "darks_running"),
        (-11507, TRANSIENT, "calibration_running"),
        (-11508, TRANSIENT, "goto_running"),
        (-11509, TRANSIENT, "capture_running"),
        (-11510, TRANSIENT, "pitch_reset_failed"),
        (-11511, REFUSED, "needs_calibration"),
        (-11512, TRANSIENT, "goto_unsolved"),
        (-11513, REFUSED, "needs_goto"),
        (-11515, TRANSIENT, "calibration_unsolved"),
        (-11516, TRANSIENT, "eq_solving_failed"),
        (-11517, TRANSIENT, "sky_search_failed"),
        (-11518, REFUSED, "needs_deep_sky_goto"),
        (-11519, REFUSED, "restacking"),
        (-11525, REFUSED, "restacking"),
        (-11527, REFUSED, "exposure_too_long"),
        (-11528, REFUSED, "needs_eq"),
        (-11529, TRANSIENT, "too_few_stars"),
        (-11530, REFUSED, "dark_temperature"),
        (-11531, TRANSIENT, "sun_moon_not_found"),
        (-11532, TRANSIENT, "guiding_exposure"),
        (-11533, TRANSIENT, "guiding_blocked"),
        (-12501, TRANSIENT, "wide_closed"),
        (-12507, TRANSIENT, "wide_time_lapse_running"),
        (-12508, REFUSED, "exposure_too_long"),
        (-13300, TRANSIENT, "time_not_set"),
        (-13301, TRANSIENT, "zone_not_set"),
        (-13800, TRANSIENT, "power_board"),
        (-14504, REFUSED, "motor_unknown"),
        (-14501, TRANSIENT, "motor_moves"),
        (-14507, REFUSED, "motor_order"),
        (-14511, TRANSIENT, "motor_no_home"),
        (-14512, TRANSIENT, "motor_position"),
        (-14519, REFUSED, "motor_limit"),
        (-14520, TRANSIENT, "motor_needs_home"),
        (-14903, TRANSIENT, "object_tracking"),
        (-15100, TRANSIENT, "focus_failed"),
        (-15101, TRANSIENT, "fast_focus_failed"),
        (-15106, REFUSED, "exposure_too_long"),
        (-15601, TRANSIENT, "panorama"),
        (-16304, TRANSIENT, "schedule"),
        (-16308, TRANSIENT, "schedule_too_far"),
        (-16600, TRANSIENT, "task_centre_busy"),
        (-99999, REFUSED, "unknown_code"),
    ],
)
def test_each_code_becomes_the_error_that_says_what_to_do(
    code: int, kind: type[TelescopeError], name: str
) -> None:
    error = error_for(code, "Goto M 31")
    assert type(error) is kind
    assert (error.code, error.device_code) == (name, code)
    assert error.message.startswith("Goto M 31: ")
    assert str(code) in error.message


def test_every_code_of_the_table_reads_as_a_sentence() -> None:
    every = [code_table.COMMON, *code_table.BY_GENERATION.values()]
    for code, meaning in ((code, meaning) for table in every for code, meaning in table.items()):
        assert code < 0
        assert meaning.sentence
        assert not meaning.sentence.endswith(".")
        assert meaning.name.replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("advice", "some"),
    [
        (Advice.WAIT, {-10507, -10514, -11501, -11506, -11507, -11508, -11509, -14500, -16600}),
        (Advice.ENTER, {-10501, -10516, -12501}),
        (Advice.ENTER_ONCE, {-1}),
        (Advice.GO_ON, {-11503, -11513, -11514, -11526, -11530, -14518, -14523}),
    ],
)
def test_what_is_to_be_waited_for_entered_again_or_passed_over(advice: Advice, some: set[int]) -> None:
    assert some <= advising(advice)
    assert not advising(advice) & advising(*set(Advice) - {advice, Advice.RETRY})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-11505, ["shooting mode", "above the horizon"]),
        (-11516, ["Try again: the focus is set to infinity first"]),
        (-11531, ["lens cap", "by hand"]),
        (-11533, ["roof", "lens"]),
    ],
)
def test_a_hint_names_what_the_owner_can_do(code: int, words: list[str]) -> None:
    hint = error_for(code, "Goto Sun").hint
    assert all(word in hint for word in words), hint


@pytest.mark.parametrize("code", [0, -10500, -12500])
def test_an_open_camera_counts_as_success(code: int) -> None:
    assert code_kind(code) is CodeKind.DONE


@pytest.mark.parametrize("code", [-11503, -11513, -11514, -11526, -11530, -14518, -14523])
def test_warnings_do_not_fail_a_command(code: int) -> None:
    assert code_kind(code) is CodeKind.WARNING


def test_numbers_the_generations_disagree_on_go_by_the_generation() -> None:
    assert describe(-10510, Generation.V2).name == "raw_failed"
    assert describe(-10510, Generation.V3).name == "record_running"
    assert describe(-10507, Generation.V2).name == "capture_running"
    assert describe(-10507, Generation.V3).name == "camera_busy"
