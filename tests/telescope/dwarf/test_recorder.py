"""The recording: everything that crosses the wire, and nobody's secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.telescope.dwarf.link.recorder import FORMAT, HIDDEN, Recorder, redact_frame, redact_json
from agent.telescope.dwarf.proto import astro_pb2, schedule_pb2, system_pb2
from agent.telescope.dwarf.telescope import DwarfOptions
from agent.telescope.dwarf.wire.envelope import Packet
from tests.telescope.dwarf.support import BASEL, NIGHT, Bench, on_bench


def test_a_night_is_recorded_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"

    async def run(b: Bench) -> None:
        await b.telescope.set_time(NIGHT, "Europe/Zurich", BASEL)
        await b.telescope.calibrate(BASEL)

    on_bench(run, generation="v3", options=DwarfOptions(record=path))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["format"] == FORMAT
    frames = [line for line in lines if "hex" in line]
    assert {line["dir"] for line in frames} == {"in", "out"}
    assert [line["t"] for line in lines[1:]] == sorted(line["t"] for line in lines[1:])
    sent = [Packet.decode(bytes.fromhex(line["hex"])) for line in frames if line["dir"] == "out"]
    assert {13000, 13010, 11000, 16405} <= {packet.cmd for packet in sent}
    assert any(line.get("http") == "GET /getDefaultParamsConfig" for line in lines)
    text = path.read_text(encoding="utf-8")
    assert "DWARF_12345678" not in text
    assert "SIM00000001" not in text
    place = next(packet for packet in sent if packet.cmd == 13010)
    recorded = system_pb2.SetLocation.FromString(place.data)
    assert (recorded.latitude, recorded.longitude) == (48.0, 8.0)


def test_places_are_coarsened_and_words_for_them_removed() -> None:
    exact = system_pb2.SetLocation(latitude=47.56, longitude=-7.61, city="Basel", enable=True)
    frame = Packet(4, 13010, data=exact.SerializeToString()).encode()
    kept = system_pb2.SetLocation.FromString(Packet.decode(redact_frame(frame)).data)
    assert kept == system_pb2.SetLocation(latitude=48, longitude=-8, enable=True)
    answer = astro_pb2.GotoSolarSystemAnswer(request=astro_pb2.GotoSolarSystem(index=4, lon=7.6, lat=47.6))
    frame = Packet(3, 11003, 3, answer.SerializeToString()).encode()
    kept_answer = astro_pb2.GotoSolarSystemAnswer.FromString(Packet.decode(redact_frame(frame)).data)
    assert (kept_answer.request.lon, kept_answer.request.lat, kept_answer.request.index) == (8, 48, 4)


PLACES = {"latitude": 47.56, "longitude": "7.61", "cityName": "Basel", "focusMode": 1}
TASK = schedule_pb2.ScheduledTask(id="t", schedule_id="s", params=json.dumps({"name": "M 42", "ra": 5.5}))
SCHEDULE = schedule_pb2.Schedule(
    id="s", mac="aa:bb:cc", password="open sesame", params=json.dumps(PLACES), tasks=[TASK]
)


@pytest.mark.parametrize(
    ("cmd", "kind", "message"),
    [
        (16100, 0, schedule_pb2.GiveSchedule(schedule=SCHEDULE)),
        (16105, 0, schedule_pb2.GiveSchedule(schedule=SCHEDULE)),
        (16101, 0, schedule_pb2.NameSchedule(id="s", password="open sesame")),
        (16100, 3, schedule_pb2.SyncScheduleAnswer(schedule=SCHEDULE)),
        (16102, 1, schedule_pb2.SchedulesAnswer(schedules=[SCHEDULE, SCHEDULE])),
        (16103, 3, schedule_pb2.ScheduleAnswer(schedule=SCHEDULE)),
        (16105, 3, schedule_pb2.ReplaceScheduleAnswer(replaced=[SCHEDULE])),
        (16107, 3, schedule_pb2.LockScheduleAnswer(id="s", password="open sesame")),
    ],
)
def test_a_schedule_of_the_phone_app_keeps_its_secrets_and_its_place(
    cmd: int, kind: int, message: Message
) -> None:
    raw = redact_frame(Packet(13, cmd, kind, message.SerializeToString()).encode())
    kept = type(message).FromString(Packet.decode(raw).data)
    for secret in ("sesame", "aa:bb", "47.56", "7.61", "Basel"):
        assert secret.encode() not in raw
    assert (b"M 42" in raw) is (b"M 42" in message.SerializeToString())
    assert b"\x01s" in kept.SerializeToString()


def test_a_schedule_whose_places_cannot_be_read_is_kept_without_them() -> None:
    odd = schedule_pb2.ScheduleAnswer(schedule=schedule_pb2.Schedule(id="s", params="latitude=47.56"))
    raw = redact_frame(Packet(13, 16103, 3, odd.SerializeToString()).encode())
    assert b"47.56" not in raw
    assert schedule_pb2.ScheduleAnswer.FromString(Packet.decode(raw).data).schedule.id == "s"


def test_other_frames_stay_as_they_are() -> None:
    goto = astro_pb2.GotoDeepSky(ra=5.5, dec=-5.4, target_name="M 42").SerializeToString()
    for frame in (Packet(3, 11002, data=goto).encode(), b"\xff\xff", b""):
        assert redact_frame(frame) == frame


def test_secrets_in_json_are_hidden_at_any_depth() -> None:
    body = {"data": {"devicePwd": "x", "staWifiName": "home", "sn": "1", "list": [{"lat": 47.5, "exp": 15}]}}
    assert redact_json(body) == {
        "data": {"devicePwd": HIDDEN, "staWifiName": HIDDEN, "sn": HIDDEN, "list": [{"lat": 48, "exp": 15}]}
    }


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path, caplog) -> None:
    recorder = Recorder(tmp_path / "night.jsonl", lambda: NIGHT)

    class Full:
        def write(self, _text: str) -> None:
            raise OSError(28, "No space left on device")

    recorder._file.close()
    recorder._file = Full()
    recorder.frame("in", b"")
    recorder.frame("in", b"")
    recorder.close()
    assert len([record for record in caplog.records if "recording ends" in record.message]) == 1


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_frame_can_be_recorded(raw: bytes) -> None:
    redact_frame(raw)
