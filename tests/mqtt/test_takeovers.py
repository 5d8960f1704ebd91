"""Two agents with one client id, and the states of a connection."""

from __future__ import annotations

import asyncio
import itertools
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.broker_options import BrokerOptions, Protocol
from agent.mqtt.connection_state import ConnectionState, Phase
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.takeovers import LOSSES, PAUSES_S, Takeovers
from tests.mqtt.support import logged
from tests.support.brokers import Mosquitto
from tests.support.virtual_loop import run_virtual


@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_two_agents_with_one_client_id_are_told_so_and_calm_down(
    tmp_path: Path, protocol: Protocol, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("agent.mqtt.paho_client.RETRY_S", (0.1, 60))
    broker = await Mosquitto(tmp_path).start()
    options = BrokerOptions("127.0.0.1", broker.port, "dwarf-agent", protocol=protocol)
    ports = [PahoPort(options), PahoPort(options)]
    losses: list[str] = []
    for port in ports:
        port.on_disconnected(losses.append)
        port.start()
    try:
        await logged(caplog, "another client seems to use the same client id 'dwarf-agent'")
        assert "mqtt_client_id" in caplog.text
        assert len(losses) <= 2 * LOSSES
        assert Phase.PAUSING in [port._state.phase for port in ports]
    finally:
        for port in ports:
            await port.stop()
        broker.stop()


def test_quick_losses_in_a_row_mean_another_client_and_longer_and_longer_pauses() -> None:
    takeovers = Takeovers()
    pauses = [takeovers.lost(1.0, said=False) for _ in range(9)]
    assert pauses == [0, 0, 15, 30, 60, 120, 240, 300, 300]
    assert takeovers.suspected
    assert takeovers.lost(10_000, said=False) == 0
    assert not takeovers.suspected


def test_a_loss_now_and_then_is_chance_and_what_the_broker_says_counts_at_once() -> None:
    takeovers = Takeovers()
    assert [takeovers.lost(lived, said=False) for lived in (1, 2, 3600, 1, 2, 3600)] == [0] * 6
    assert takeovers.lost(86_400, said=True) == PAUSES_S[0]


def test_two_that_wait_for_each_other_meet_less_and_less() -> None:
    one, other = Takeovers(), Takeovers()
    pauses = [each.lost(1.0, said=False) for _ in range(LOSSES) for each in (one, other)]
    for mine in itertools.islice(itertools.cycle([one, other]), 20):
        pauses.append(mine.lost(pauses[-1], said=False))  # lived until the other one's pause was over
    assert pauses[-1] == PAUSES_S[1]


@given(st.lists(st.sampled_from(Phase), max_size=30))
def test_whatever_news_come_the_phase_follows_the_rules_and_has_one_deadline(wanted: list[Phase]) -> None:
    async def story() -> None:
        state = ConnectionState()
        missed: list[Phase] = []
        entered: Phase | None = None
        for phase in wanted:
            before = state.phase
            if state.to(phase, 1.0, lambda phase=phase: missed.append(phase)):  # type: ignore[misc]
                entered = phase
                assert state.phase is phase
            else:
                assert state.phase is before
        await asyncio.sleep(2)
        assert missed == ([entered] if entered else [])
        assert state.accepted is (entered in (Phase.SUBSCRIBING, Phase.READY))

    run_virtual(story())


def test_nobody_is_ready_without_having_been_let_in() -> None:
    async def story() -> None:
        state = ConnectionState()
        assert not state.to(Phase.READY)
        assert state.to(Phase.CONNECTING)
        assert not state.to(Phase.READY)
        assert not state.to(Phase.SUBSCRIBING)
        assert state.to(Phase.GREETING)
        assert state.to(Phase.SUBSCRIBING)
        assert state.to(Phase.READY)
        assert state.to(Phase.STOPPED)
        assert not state.to(Phase.PAUSING)

    run_virtual(story())
