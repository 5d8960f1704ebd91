"""Bugs of a driver, orders half obeyed, journals of another shape: every session ends with a result."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError

from agent.events import Outcome, Reason, SessionResult
from agent.execute.orders import Ending, EndKind
from agent.telescope.errors import RefusedError, TransientError
from tests.execute.conftest import Bench, session
from tests.support.fake_telescope import FakeTelescope

DEFECTS = [KeyError("x"), AttributeError("x"), DecodeError("x"), RecursionError("x"), TimeoutError()]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["set_time", "goto", "apply", "read", "start_capture", "halt", "go_live"])
def test_a_defect_of_a_driver_fails_the_session_stops_the_telescope_and_closes(
    bench: Bench, where: str, defect: Exception
) -> None:
    if where == "halt":
        bench.telescope.fail["goto"].append(RefusedError("No."))
    bench.telescope.fail[where].append(defect)  # type: ignore[arg-type]
    result = bench.result_of(session(shutdown={"do_action": True, "park": True}))
    assert result.error is not None
    assert result.error.code == ("refused" if where == "halt" else "internal")
    assert "halt" in bench.telescope.calls
    assert bench.telescope.calls[-1] == "park"
    assert any(report.result == "failed" for report in result.steps)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda error: type(error).__name__)
def test_a_defect_of_a_driver_that_parks_is_told_and_parking_is_tried_again(
    bench: Bench, defect: Exception
) -> None:
    bench.telescope.fail["park"].append(defect)  # type: ignore[arg-type]
    result = bench.result_of(session(shutdown={"do_action": True, "park": True}))
    assert result.outcome is Outcome.COMPLETED
    assert result.steps[-1].result == "done"
    assert bench.telescope.calls.count("park") == 2
    assert bench.telescope.calls[-1] == "park"
    assert bench.telescope.calls.index("halt") < bench.telescope.calls.index("park")
    assert any(
        problem.code == "not_safe" and "not parked yet" in problem.message for problem in bench.problems
    )
    assert bench.hands.trouble() == ""


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda error: type(error).__name__)
def test_a_defect_that_stays_fails_the_step_that_parks_and_the_telescope_stands_still(
    bench: Bench, defect: Exception
) -> None:
    bench.telescope.fail["park"].extend([defect] * 100)  # type: ignore[list-item]
    result = bench.result_of(session(shutdown={"do_action": True, "park": True}))
    assert result.error is not None
    assert result.error.code == "not_at_rest"
    assert bench.hands.trouble()
    assert bench.hands.trouble() in result.error.message
    assert result.steps[-1].result == "failed"
    assert result.frames.taken == 12
    assert "halt" in bench.telescope.calls
    assert not any(capture.running for capture in bench.telescope.captures)
    assert any(problem.code == "not_safe" for problem in bench.problems)


def _abort_with_defects(bench: Bench, defects: int) -> SessionResult:
    async def abort() -> None:
        await bench.after_frames(3)
        await bench.clock.sleep(2)
        bench.telescope.fail["stop_capture"].extend([KeyError("x")] * defects)  # type: ignore[list-item]
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    return bench.result_of(
        session(setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": 40}), abort
    )


def test_a_defect_while_an_order_is_obeyed_is_told_and_the_telescope_stopped_all_the_same(
    bench: Bench,
) -> None:
    result = _abort_with_defects(bench, 3)
    assert result.outcome is Outcome.ABORTED
    assert 3 < result.frames.taken == bench.frames_on_telescope() < 10, "what it took meanwhile counts"
    assert not bench.telescope.captures[-1].running
    assert any("not stopped yet" in problem.message for problem in bench.problems)


def test_an_order_that_a_defect_keeps_from_being_obeyed_ends_the_session_with_a_result(bench: Bench) -> None:
    result = _abort_with_defects(bench, 1000)
    assert result.outcome is Outcome.ABORTED
    assert result.frames.taken >= 3
    assert "was not seen to stop; the agent went on trying" in result.message
    assert "KeyError" in bench.hands.trouble()
    assert bench.hands.capturing


@pytest.mark.parametrize("name", ["capabilities", "identity"])
def test_a_defect_in_what_a_driver_tells_of_its_telescope_ends_with_a_result(
    bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: object) -> object:
        raise KeyError(name)

    monkeypatch.setattr(FakeTelescope, name, property(broken))
    result = bench.result_of(session())
    if name == "capabilities":
        assert result.error is not None
        assert result.error.code == "internal"
    else:
        assert result.outcome is Outcome.COMPLETED
        assert (result.device, result.firmware) == ("", "")


@pytest.mark.parametrize(
    "facts", [{"frames": [1]}, {"capture": {"camera": []}}, {"folders": 5}, {"settings": 1}]
)
def test_a_journal_of_another_shape_costs_the_recovery_and_not_the_session(
    bench: Bench, facts: dict[str, object]
) -> None:
    bench.journal.facts = facts
    assert bench.result_of(session()).outcome is Outcome.COMPLETED


def test_a_journal_that_cannot_be_loaded_at_all_ends_with_a_result(bench: Bench) -> None:
    def broken() -> None:
        raise RecursionError

    bench.journal.load = broken  # type: ignore[method-assign]
    result = bench.result_of(session())
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.code == "internal"


def test_a_closing_step_that_is_done_is_not_done_again(bench: Bench) -> None:
    bench.telescope.fail["park"].extend([TransientError("The arm is stuck.")] * 2)
    result = bench.result_of(session(shutdown={"do_action": True, "park": True, "power_down": True}))
    names = [report.name for report in result.steps if report.result == "done"]
    assert names.count("Finish imaging") == 1
    assert bench.telescope.calls[-1] == "shutdown"
    assert bench.telescope.calls.count("shutdown") == 1
    assert bench.telescope.calls.count("go_live") == 2, "once before imaging, once after"


def test_each_closing_step_runs_once_in_a_session_that_goes_well(bench: Bench) -> None:
    bench.result_of(session(shutdown={"do_action": True, "park": True, "power_down": True}))
    for call in ("park", "shutdown"):
        assert bench.telescope.calls.count(call) == 1
