from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.events import Reason
from agent.verdict import YES, Verdict, against, merged

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
VERDICTS = st.lists(
    st.builds(
        Verdict,
        allowed=st.booleans(),
        reason=st.sampled_from(list(Reason)),
        message=st.sampled_from(["It is low.", "It is hot.", "It is late."]),
        until=st.none() | st.integers(0, 600).map(lambda minutes: DUSK + timedelta(minutes=minutes)),
        final=st.booleans(),
    ).map(lambda one: one if not one.allowed else Verdict(True, until=one.until))
)


@given(VERDICTS)
def test_all_must_say_yes_and_one_final_no_is_enough(verdicts: list[Verdict]) -> None:
    told = merged(verdicts)
    assert told.allowed == all(one.allowed for one in verdicts)
    assert told.final == any(one.final for one in verdicts)
    for one in against(verdicts):
        assert not told.allowed
        assert not one.until or told.until >= one.until  # type: ignore[operator]
        assert one.message in told.message or (told.final and not one.final)
    if told.final:
        assert any(one.final and one.reason is told.reason for one in verdicts)


def test_a_yes_holds_until_the_first_of_them_may_change() -> None:
    assert merged(
        [Verdict(True, until=DUSK + timedelta(hours=1)), YES, Verdict(True, until=DUSK)]
    ) == Verdict(True, until=DUSK)
    assert merged([]) == YES
