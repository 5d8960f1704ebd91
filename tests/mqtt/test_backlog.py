from __future__ import annotations

from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.mqtt.backlog import QUEUE_BYTES, SAFETY_BYTES, Backlog
from agent.mqtt.port import Message, Urgency


def put(backlog: Backlog[str], urgency: Urgency, name: str, topic: str = "t", size: int = 10) -> bool:
    return backlog.put(urgency, Message(topic, b"x" * size), name)


def drain(backlog: Backlog[str]) -> list[list[str]]:
    rounds = []
    more = True
    while more:
        items, more = backlog.take()
        rounds.append(items)
    return rounds


def test_what_is_urgent_comes_in_the_next_round_whatever_waits() -> None:
    backlog: Backlog[str] = Backlog()
    for kind in Urgency:
        for number in range(1000):
            put(backlog, kind, f"junk {number}")
    put(backlog, Urgency.SAFETY, "unsafe", "safety/input/roof")
    items, more = backlog.take()
    assert more
    assert "unsafe" in items
    assert len(items) < 100  # a round is short: the loop has other work


def test_the_most_urgent_comes_first() -> None:
    backlog: Backlog[str] = Backlog()
    for kind in reversed(Urgency):
        put(backlog, kind, kind.name)
    assert drain(backlog) == [[kind.name for kind in Urgency]]


def test_junk_fills_only_its_own_queue_and_what_was_left_out_is_counted() -> None:
    backlog: Backlog[str] = Backlog()
    size = 100_000
    for number in range(6000):
        put(backlog, Urgency.COMMAND, f"junk {number}", size=size)
        put(backlog, Urgency.SAFETY, f"junk {number}", "safety/input/loud", size=size)
    for kind in (Urgency.SUBMISSION, Urgency.STOP, Urgency.SETTING):
        put(backlog, kind, kind.name)
    put(backlog, Urgency.SAFETY, "unsafe", "safety/input/roof", size=size)
    came = list(chain.from_iterable(drain(backlog)))
    assert {"SUBMISSION", "STOP", "SETTING", "unsafe"} <= set(came)
    assert "junk 5999" in came  # the newest report of the loud source
    dropped = backlog.dropped()
    assert dropped[Urgency.COMMAND] >= 6000 - QUEUE_BYTES // size - 1
    assert dropped[Urgency.SAFETY] >= 6000 - SAFETY_BYTES // size - 1
    assert backlog.dropped() == {}


def test_somebody_is_woken_once_and_never_forgotten() -> None:
    backlog: Backlog[str] = Backlog()
    assert put(backlog, Urgency.REST, "a")
    assert not put(backlog, Urgency.STOP, "b")
    assert backlog.take() == (["b", "a"], False)
    assert put(backlog, Urgency.REST, "c")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(Urgency), st.integers(0, 300), st.sampled_from([1, 1000, 300_000])),
        max_size=400,
    )
)
def test_each_queue_keeps_its_order_and_the_newest_report_of_every_topic(
    messages: list[tuple[Urgency, int, int]],
) -> None:
    backlog: Backlog[tuple[Urgency, str, int]] = Backlog()
    newest: dict[str, int] = {}
    topics = set()
    for number, (urgency, topic, size) in enumerate(messages):
        name = f"topic {topic}"
        backlog.put(urgency, Message(name, b"x" * size), (urgency, name, number))
        if urgency is Urgency.SAFETY:
            newest[name] = number
            topics.add(name)
    came = [item for items in iter(lambda: backlog.take()[0], []) for item in items]
    for urgency in Urgency:
        for topic in {name for each, name, _ in came if each is urgency}:
            order = [number for each, name, number in came if (each, name) == (urgency, topic)]
            assert order == sorted(order)
    if len(topics) < 200:
        heard = {name: number for urgency, name, number in came if urgency is Urgency.SAFETY}
        assert heard == newest
    assert len(came) + sum(backlog.dropped().values()) == len(messages)
