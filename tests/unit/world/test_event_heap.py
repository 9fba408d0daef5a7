"""A heap of events against a sorted list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.world.event_heap import new_heap, push, remove_first, replace_first

# what is done, and the time and the order of the event for that
STEPS = st.lists(
    st.tuples(st.sampled_from("+-="), st.integers(-3, 9), st.integers(-2, 50)), max_size=60
)


@given(STEPS)
def test_the_first_event_is_that_of_a_sorted_list(steps: list[tuple[str, int, int]]) -> None:
    heap, length = new_heap(61), 0
    events: list[list[int]] = []
    for number, (step, at_us, order) in enumerate(steps):
        # events of one time and order may come in any order, so there are none
        event = [at_us, 100 * order + number, number, -number]
        if step == "+" or not events:
            length = push(heap, length, *event)
            events.append(event)
        elif step == "-":
            length = remove_first(heap, length)
            events.pop(0)
        else:
            replace_first(heap, length, *event)
            events[0] = event
        events.sort()
        assert length == len(events)
        assert heap[:1].tolist() == events[:1] or not events
    assert sorted(heap[:length].tolist()) == events
