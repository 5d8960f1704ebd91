"""What a client of the older firmware sees: order, echoes, roles, unknown commands."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import envelope_pb2 as envelope
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import system_pb2 as system
from agent.telescope.simulator import SimulatorOptions, patient
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import client_of, connected, telescope


def test_the_role_comes_before_the_answer_to_the_first_question() -> None:
    async def run() -> list[int]:
        async with connected() as (_, client):
            await client.ask(10039)
            return [frame.cmd for frame in client.frames]

    told = run_virtual(run())
    assert told[0] == 15223
    assert told[-1] == 10039
    assert {15201, 15202, 15203, 15243, 15221, 15222, 15257} <= set(told)


def test_text_pings_are_answered_for_as_long_as_it_runs() -> None:
    async def run() -> list[str]:
        async with connected() as (sim, client):
            for _ in range(3):
                await client.socket.send("ping")
                await sim.clock.sleep(600)
            await client.ask(10039)
            return client.texts

    assert run_virtual(run()) == ["pong"] * 3


@pytest.mark.parametrize("kind", [1, 3])
def test_answers_carry_the_chosen_type(kind: int) -> None:
    async def run() -> int:
        async with connected(answer_type=kind) as (_, client):
            return (await client.ask(13500)).type

    assert run_virtual(run()) == kind


def test_an_answer_is_byte_for_byte_what_the_firmware_sends() -> None:
    async def run() -> bytes:
        async with connected(model="D3") as (_, client):
            request = bytes.fromhex("080110091802200128b74e4224") + b"0000DAF3-0000-1000-8000-00805F9B34FB"
            await client.socket.send(request)
            while True:
                raw = await client.socket.recv()
                assert isinstance(raw, bytes)
                if envelope.Packet.FromString(raw).cmd == 10039:
                    return raw

    assert run_virtual(run()).hex(" ") == "08 01 10 09 18 02 20 01 28 b7 4e 30 03"


@pytest.mark.parametrize(("module", "cmd"), [(3, 11499), (1, 11005), (77, 5), (9, 15208), (14, 16499)])
def test_an_unknown_command_is_refused_and_the_connection_kept(module: int, cmd: int) -> None:
    async def run() -> tuple[int, int]:
        async with connected() as (_, client):
            answer = await client.ask(cmd, module=module)
            assert answer.module == module
            await client.ask(10039)
            return answer.read(common.ComResponse).code, len(client.frames)

    assert run_virtual(run())[0] == -1


def test_frames_that_are_no_packets_do_no_harm() -> None:
    async def run() -> int:
        async with connected() as (sim, client):
            await client.socket.send(b"\xff\xff\xff")
            await client.socket.send(b"")
            await client.socket.send("hello")
            broken = envelope.Packet(module_id=3, cmd=11002, data=b"\x09\x00")
            await client.socket.send(broken.SerializeToString())
            await client.ask(10039)
            return sum(isinstance(one.request, astro.GotoDeepSky) for one in sim.received)

    assert run_virtual(run()) == 0


def test_a_setting_is_echoed_before_it_is_answered_and_reads_back() -> None:
    async def run() -> tuple[list[int], list[common.CommonParam], int]:
        async with connected() as (_, client):
            await client.code(10000)
            del client.frames[:]
            await client.ask(10009, camera.SetIndex(index=156))
            order = [frame.cmd for frame in client.frames]
            await client.ask(10013, camera.SetIndex(index=24))
            await client.ask(10031, camera.SetValue(value=2))
            everything = await client.ask(10036)
            single = (await client.ask(10010)).read(common.ComResWithInt).value
            return order, list(everything.read(camera.AllParams).params), single

    order, params, single = run_virtual(run())
    assert order == [15213, 10009]
    assert {one.id: one.index for one in params if one.id in (0, 1, 8)} == {0: 156, 1: 24, 8: 2}
    assert single == 156


@pytest.mark.parametrize(
    ("cmd", "message"),
    [
        (10009, camera.SetIndex(index=157)),
        (10009, camera.SetIndex(index=168)),
        (10013, camera.SetIndex(index=4)),
        (10031, camera.SetValue(value=3)),
        (10015, camera.SetValue(value=101)),
        (10037, camera.SetFeature(feature=common.CommonParam(id=1, mode_index=1, continue_value=1000))),
        (10037, camera.SetFeature(feature=common.CommonParam(id=99))),
    ],
)
def test_a_value_the_camera_does_not_have_is_refused_and_changes_nothing(cmd: int, message) -> None:
    async def run() -> tuple[int, bool]:
        async with connected(model="D3") as (_, client):
            await client.code(10000)
            before = (await client.ask(10036)).data, (await client.ask(10038)).data
            code = await client.code(cmd, message)
            return code, before == ((await client.ask(10036)).data, (await client.ask(10038)).data)

    assert run_virtual(run()) == (-3, True)


def test_a_closed_camera_takes_no_settings() -> None:
    async def run() -> tuple[int, int]:
        async with connected() as (_, client):
            tele = await client.code(10009, camera.SetIndex(index=156))
            return tele, await client.code(12004, camera.SetIndex(index=75))

    assert run_virtual(run()) == (-10501, -12501)


def test_the_second_client_is_a_slave_until_the_first_leaves() -> None:
    async def run() -> tuple[bytes, bytes, bytes]:
        async with telescope() as sim, client_of(sim, client_id="second") as second:
            async with client_of(sim, client_id="first") as first:
                await first.ask(10039)
                await second.ask(10039)
                roles = first.told(15223)[0], second.told(15223)[0]
            promoted = await second.notice(15223, b"")
            return *roles, promoted.data

    assert run_virtual(run()) == (b"", b"\x08\x01", b"")


def test_a_client_that_comes_back_takes_its_place_again() -> None:
    async def run() -> bytes:
        async with telescope() as sim, client_of(sim, client_id="same") as old:
            await old.ask(10039)
            sim.faults.add("half-open")
            await sim.clock.sleep(1)
            async with client_of(sim, client_id="same") as new:
                await new.ask(10039)
                return new.told(15223)[0]

    assert run_virtual(run()) == b""


def test_the_lock_is_told_before_it_is_answered_and_the_loser_hears_of_it() -> None:
    async def run() -> tuple[list[int], notify.HostSlaveMode, notify.HostSlaveMode]:
        async with telescope() as sim, client_of(sim, client_id="a") as a, client_of(sim, client_id="b") as b:
            await a.ask(10039)
            await b.ask(10039)
            del b.frames[:]
            await b.ask(13004, system.SetMasterLock(lock=True))
            lost = await a.notice(15223)
            won = b.frames[0].read(notify.HostSlaveMode)
            return [frame.cmd for frame in b.frames], won, lost.read(notify.HostSlaveMode)

    order, won, lost = run_virtual(run())
    assert order == [15223, 13004]
    assert (won.mode, won.lock) == (0, True)
    assert (lost.mode, lost.lock) == (1, True)


def test_everything_received_is_kept_decoded() -> None:
    async def run() -> list[tuple[int, int, object]]:
        async with connected() as (sim, client):
            await client.ask(11002, astro.GotoDeepSky(ra=5.5, dec=-5.0, target_name="Ω"))
            return [(one.module, one.cmd, one.request) for one in sim.received]

    assert run_virtual(run()) == [(3, 11002, astro.GotoDeepSky(ra=5.5, dec=-5.0, target_name="Ω"))]


def test_powering_down_answers_says_so_and_closes() -> None:
    async def run() -> tuple[list[int], str]:
        async with connected() as (sim, client):
            await client.send(13502)
            with pytest.raises(ConnectionClosed):
                await client.until(lambda _: False)
            with pytest.raises((OSError, InvalidMessage)):
                async with client_of(sim):
                    pass
            return [frame.cmd for frame in client.frames], sim.power

    order, power = run_virtual(run())
    assert set(order[:2]) == {13502, 15229}
    assert power == "off"


def test_a_client_that_looks_every_second_hears_the_goodbye_whatever_the_speed() -> None:
    """At twenty times the speed of life half a second is over before such a client has looked once."""

    async def run() -> float:
        options = patient(SimulatorOptions(speed=20))
        async with connected(goodbye_s=options.goodbye_s) as (_, client):
            said = await client.ask(13502)
            with pytest.raises(ConnectionClosed):
                await client.until(lambda _: False)
            return (asyncio.get_running_loop().time() - said.at) / options.speed

    assert run_virtual(run()) >= 2


def test_a_reboot_comes_back_having_forgotten_everything_but_the_card() -> None:
    async def run() -> tuple[bool, float, bool]:
        async with connected(calibrated=False) as (sim, client):
            await client.send(11000)
            await client.notice(15210, b"")
            calibrated = sim.state.calibrated
            storage = sim.state.body.storage_gb = 42.0
            await client.send(13505)
            await sim.clock.sleep(60)
            async with client_of(sim) as again:
                await again.ask(10039)
            return calibrated, sim.state.body.storage_gb - storage, sim.state.calibrated

    assert run_virtual(run()) == (True, 0.0, False)
