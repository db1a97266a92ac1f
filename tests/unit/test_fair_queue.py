"""Places are shared fairly among users."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.errors import StorageUnavailable
from application.fair_queue import WAITING_MAX, FairQueue


class Requests:
    """Requests that take a place and keep it until a test releases them."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self._tasks: list[asyncio.Task[None]] = []
        self.served: list[str] = []
        self.holding: list[str] = []

    async def ask(self, *users: str) -> None:
        for user in users:
            self._tasks.append(asyncio.create_task(self._take(user)))
            await asyncio.sleep(0)

    async def _take(self, user: str) -> None:
        place = self._queue.enter(user)
        if place is not None:
            await self._queue.wait(user, place)
        self.served.append(user)
        self.holding.append(user)

    async def give_back(self, user: str) -> None:
        self.holding.remove(user)
        self._queue.release(user)
        await settle()

    async def cancel(self, number: int) -> None:
        self._tasks[number].cancel()
        await settle()


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_one_user_has_at_most_its_share() -> None:
    queue = FairQueue(size=10, each=3)
    requests = Requests(queue)
    await requests.ask("ada", "ada", "ada", "ada", "bob")
    assert requests.holding == ["ada", "ada", "ada", "bob"]
    assert queue.waiting == 1
    await requests.give_back("bob")
    assert queue.waiting == 1
    await requests.give_back("ada")
    assert requests.holding == ["ada", "ada", "ada"]
    assert queue.waiting == 0


async def test_all_places_together_are_limited() -> None:
    requests = Requests(FairQueue(size=2, each=2))
    await requests.ask("ada", "bob", "eve")
    assert requests.holding == ["ada", "bob"]
    await requests.give_back("ada")
    assert requests.holding == ["bob", "eve"]


async def test_whether_a_place_is_taken_over_at_once_is_known() -> None:
    queue = FairQueue(size=2, each=1)
    requests = Requests(queue)
    await requests.ask("ada", "bob", "ada", "ada")
    # Only another request of the same user waits, which may take no second place.
    assert not queue.release("bob")
    assert queue.release("ada")
    await settle()
    await requests.cancel(3)
    assert not queue.release("ada")


async def test_waiting_users_are_served_in_turn() -> None:
    requests = Requests(FairQueue(size=1, each=1))
    await requests.ask("ada", "ada", "ada", "ada", "bob", "bob", "eve")
    while requests.holding:
        await requests.give_back(requests.holding[0])
    assert requests.served == ["ada", "ada", "bob", "eve", "ada", "bob", "ada"]


async def test_a_request_cancelled_while_waiting_leaves_the_others_of_its_user_waiting() -> None:
    requests = Requests(FairQueue(size=1, each=1))
    await requests.ask("ada", "ada", "ada")
    await requests.cancel(1)
    await requests.give_back("ada")
    assert requests.served == ["ada", "ada"]


async def test_a_request_cancelled_while_waiting_takes_no_place() -> None:
    queue = FairQueue(size=1, each=1)
    requests = Requests(queue)
    await requests.ask("ada", "bob", "eve")
    await requests.cancel(1)
    assert queue.waiting == 1
    await requests.give_back("ada")
    assert requests.holding == ["eve"]


@pytest.mark.parametrize("given_first", [True, False])
async def test_a_place_given_to_a_cancelled_request_goes_to_the_next(*, given_first: bool) -> None:
    queue = FairQueue(size=1, each=1)
    requests = Requests(queue)
    await requests.ask("ada", "bob", "eve")
    if not given_first:
        requests._tasks[1].cancel()
    queue.release("ada")
    requests._tasks[1].cancel()
    await settle()
    assert requests.served == ["ada", "eve"]
    assert queue.waiting == 0


async def test_few_requests_wait_and_users_have_equal_parts_of_them() -> None:
    assert WAITING_MAX == 1000
    queue = FairQueue(size=1, each=1)
    assert queue.enter("ada") is None
    for _ in range(WAITING_MAX):
        assert queue.enter("ada") is not None
    with pytest.raises(StorageUnavailable):
        queue.enter("ada")
    for _ in range(WAITING_MAX // 2):
        assert queue.enter("bob") is not None
    for user in ("ada", "bob"):
        with pytest.raises(StorageUnavailable):
            queue.enter(user)
    for number in range(2 * WAITING_MAX):
        assert queue.enter(str(number)) is not None


@given(st.lists(st.tuples(st.sampled_from(["ask", "give back", "cancel"]), st.integers(0, 7))))
def test_the_number_of_places_stays_constant(actions: list[tuple[str, int]]) -> None:
    async def scenario() -> None:
        queue = FairQueue(size=3, each=2)
        requests = Requests(queue)
        for action, number in actions:
            if action == "ask":
                await requests.ask("abc"[number % 3])
            elif action == "give back" and requests.holding:
                await requests.give_back(requests.holding[number % len(requests.holding)])
            elif action == "cancel" and number < len(requests._tasks):
                await requests.cancel(number)
            assert len(requests.holding) <= 3
            assert all(requests.holding.count(user) <= 2 for user in "abc")
            # A request waits only if every place that it may take is in use.
            waiting = {user for user in "abc" if user in queue._waiting}
            assert (
                not waiting
                or len(requests.holding) == 3
                or all(requests.holding.count(user) == 2 for user in waiting)
            )
        while requests.holding:
            await requests.give_back(requests.holding[0])
        await asyncio.gather(*requests._tasks, return_exceptions=True)
        assert queue.waiting == 0
        await requests.ask("a", "a", "b")
        assert len(requests.holding) == 3

    asyncio.run(scenario())
