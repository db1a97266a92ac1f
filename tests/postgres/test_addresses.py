"""A host name with several addresses, some of which do not respond."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any, cast

import psycopg
import pytest

from adapters.postgres import addresses as addresses_module
from adapters.postgres import dsn as dsn_module
from adapters.postgres.addresses import HEAD_START, Address, Addresses, split_hosts
from adapters.postgres.connect_failure import ConnectFailed
from adapters.postgres.driver import Driver
from adapters.postgres.dsn import CONNECT_WITHIN, Dsn
from tests.ports import free_port

HOST = "db.example"

Resolve = Callable[..., None]

# The messages of a server without authentication: authenticated, its process, ready for a query.
GREETING = b"R\0\0\0\x08\0\0\0\0" + b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01" + b"Z\0\0\0\x05I"

_FIELDS = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "u"\0\0'
REFUSAL = b"E" + (len(_FIELDS) + 4).to_bytes(4, "big") + _FIELDS


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Sets the addresses of HOST."""
    real = socket.getaddrinfo
    known: list[str] = []

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host != HOST:
            return real(host, port, *arguments, **options)
        return [entry for address in known for entry in real(address, port, 0, *arguments[1:])[:1]]

    def set_addresses(*addresses: str) -> None:
        known[:] = addresses

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return set_addresses


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next address is tried after a tenth of a second."""
    monkeypatch.setattr(addresses_module, "HEAD_START", 0.1)


class Network:
    """The behaviour of each address, and the order of attempts to connect."""

    def __init__(self, **does: str) -> None:
        self.does = does
        self.tried: list[str] = []
        self.opened: list[FakeDriver] = []
        self.most_at_once = 0
        self._now = 0

    async def connect(self, address: Address) -> Driver:
        name = address["hostaddr"].removeprefix("127.0.0.")
        self.tried.append(name)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            return await self._outcome(self.does[f"at_{name}"])
        finally:
            self._now -= 1

    async def _outcome(self, does: str) -> Driver:
        if does == "silent":
            await asyncio.sleep(3600)
        if does == "slow":
            await asyncio.sleep(0.35)
        if does == "closed":
            raise psycopg.OperationalError("connection failed: Connection refused")
        if does == "refuses":
            raise psycopg.OperationalError(
                'connection failed: connection to server at "h", port 1 failed: FATAL:  no'
            )
        driver = FakeDriver()
        self.opened.append(driver)
        return cast("Driver", driver)


class FakeDriver(Driver):
    def __init__(self) -> None:
        self.is_closed = False

    def __del__(self, *_: Any) -> None:
        pass

    async def close(self) -> None:
        self.is_closed = True


def test_the_last_of_four_addresses_has_time_left_to_answer() -> None:
    assert 3 * HEAD_START <= CONNECT_WITHIN / 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("silent", [1, 2, 3])
async def test_an_address_that_answers_is_found_and_tried_first_from_then_on(
    resolve: Resolve, silent: int
) -> None:
    resolve(*(f"127.0.0.{number}" for number in range(1, silent + 2)))
    network = Network(**{f"at_{number}": "silent" for number in range(1, silent + 1)})
    network.does[f"at_{silent + 1}"] = "answers"
    addresses = Addresses({"host": HOST})
    await addresses.connect(network.connect)
    assert network.tried == [str(number) for number in range(1, silent + 2)]
    network.tried.clear()
    await asyncio.gather(*(addresses.connect(network.connect) for _ in range(3)))
    assert network.tried == [str(silent + 1)] * 3
    # Another address responds now, and remains the first.
    network.does |= {f"at_{silent + 1}": "silent", "at_1": "answers"}
    await addresses.connect(network.connect)
    network.tried.clear()
    await addresses.connect(network.connect)
    assert network.tried == ["1"]


async def test_the_next_address_is_tried_at_once_if_nothing_listens(resolve: Resolve) -> None:
    resolve("127.0.0.1", "127.0.0.2", "127.0.0.3")
    network = Network(at_1="closed", at_2="closed", at_3="answers")
    async with asyncio.timeout(HEAD_START):
        await Addresses({"host": HOST}).connect(network.connect)
    assert network.tried == ["1", "2", "3"]


async def test_a_failure_starts_the_next_attempt_while_others_are_silent(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve("127.0.0.1", "127.0.0.2", "127.0.0.3")
    network = Network(at_1="silent", at_2="closed", at_3="answers")

    async def connect(address: Address) -> Driver:
        # Only the head start of the first address ends.
        monkeypatch.setattr(addresses_module, "HEAD_START", 3600)
        return await network.connect(address)

    monkeypatch.setattr(addresses_module, "HEAD_START", 0.1)
    async with asyncio.timeout(10):
        await Addresses({"host": HOST}).connect(connect)
    assert network.tried == ["1", "2", "3"]


@pytest.mark.usefixtures("quick")
async def test_of_two_connections_that_come_together_one_is_closed(resolve: Resolve) -> None:
    resolve("127.0.0.1", "127.0.0.2")
    network = Network(at_1="answers", at_2="answers")
    second = asyncio.Event()

    async def connect(address: Address) -> Driver:
        if address["hostaddr"] == "127.0.0.2":
            second.set()
        await second.wait()
        return await network.connect(address)

    driver = await Addresses({"host": HOST}).connect(connect)
    assert [each.is_closed for each in network.opened if each is not driver] == [True]
    assert not cast("FakeDriver", driver).is_closed


async def test_a_server_that_refuses_is_not_tried_at_its_other_addresses(resolve: Resolve) -> None:
    resolve("127.0.0.1", "127.0.0.2")
    network = Network(at_1="refuses", at_2="answers")
    with pytest.raises(psycopg.OperationalError, match="FATAL"):
        await Addresses({"host": HOST}).connect(network.connect)
    assert network.tried == ["1"]


@pytest.mark.usefixtures("quick")
async def test_a_server_that_is_only_slow_gets_few_more_connections(resolve: Resolve) -> None:
    resolve("127.0.0.1", "127.0.0.2", "127.0.0.3")
    network = Network(at_1="slow", at_2="slow", at_3="slow")
    addresses = Addresses({"host": HOST})
    drivers = await asyncio.gather(*(addresses.connect(network.connect) for _ in range(10)))
    # If all of them tried each address, there would be 30.
    assert 10 < len(network.tried) <= 15
    # Of several connections for one, those that are not used are closed.
    assert [driver.is_closed for driver in network.opened if driver not in drivers] == [True] * (
        len(network.opened) - 10
    )


@pytest.mark.usefixtures("quick")
async def test_connections_that_wait_for_a_silent_address_use_the_one_that_another_found(
    resolve: Resolve,
) -> None:
    resolve("127.0.0.1", "127.0.0.2", "127.0.0.3")
    network = Network(at_1="silent", at_2="silent", at_3="answers")
    addresses = Addresses({"host": HOST})
    await asyncio.gather(*(addresses.connect(network.connect) for _ in range(10)))
    assert network.tried.count("2") == 1
    assert network.tried.count("3") == 10


@pytest.mark.usefixtures("quick")
async def test_the_last_failure_is_raised_if_all_fail(resolve: Resolve) -> None:
    resolve("127.0.0.1", "127.0.0.2")
    network = Network(at_1="closed", at_2="closed")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        await Addresses({"host": HOST}).connect(network.connect)
    assert network.tried == ["1", "2"]


@pytest.mark.usefixtures("quick")
async def test_nothing_is_left_under_way_when_connecting_is_cancelled(resolve: Resolve) -> None:
    resolve("127.0.0.1", "127.0.0.2")
    network = Network(at_1="silent", at_2="silent")
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await Addresses({"host": HOST}).connect(network.connect)
    assert network.tried == ["1", "2"]
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [{}]),
        ({"host": "a", "dbname": "d"}, [{"host": "a"}]),
        ({"host": "a,b", "port": "1"}, [{"host": "a", "port": "1"}, {"host": "b", "port": "1"}]),
        ({"host": "a,b", "port": "1,"}, [{"host": "a", "port": "1"}, {"host": "b", "port": ""}]),
        ({"host": "a", "hostaddr": "::1"}, [{"host": "a", "hostaddr": "::1"}]),
    ],
)
def test_several_hosts_are_several_addresses(
    given: dict[str, str], expected: list[Address]
) -> None:
    assert split_hosts(given) == expected


@pytest.mark.parametrize("given", [{"host": "a,b", "port": "1,2,3"}, {"host": "a", "port": "1,2"}])
def test_the_numbers_of_hosts_and_ports_must_agree(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="argument"):
        split_hosts(given)


# With real sockets from here on: on Linux, the loopback device has all of 127.0.0.0/8.
linux = pytest.mark.skipif(sys.platform != "linux", reason="the loopback device has one address")


@asynccontextmanager
async def answering(address: str, port: int, message: bytes = GREETING) -> AsyncIterator[None]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(message)
        await reader.read(4096)
        writer.close()

    async with await asyncio.start_server(answer, address, port):
        yield


@contextmanager
def accepting_only(address: str, port: int) -> Iterator[None]:
    """Accept connections and send nothing, like a host that hangs."""
    with socket.create_server((address, port)):
        yield


@contextmanager
def dropping(address: str, port: int) -> Iterator[None]:
    """Drop every packet, like an unused address."""
    with ExitStack() as stack:
        stack.enter_context(socket.create_server((address, port), backlog=0))
        # The accept queue is full, so the kernel drops further connections.
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((address, port))
        yield


@linux
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("silent", [accepting_only, dropping])
async def test_three_silent_hosts_do_not_keep_the_fourth_from_being_connected_to(
    resolve: Resolve, silent: Callable[[str, int], Any]
) -> None:
    port = free_port()
    resolve(*(f"127.0.0.{number}" for number in (2, 3, 4, 5)))
    dsn = Dsn(f"postgresql://u@{HOST}:{port}/d?sslmode=disable&gssencmode=disable")
    async with AsyncExitStack() as stack:
        for number in (2, 3, 4):
            stack.enter_context(silent(f"127.0.0.{number}", port))
        await stack.enter_async_context(answering("127.0.0.5", port))
        for _ in range(2):
            driver = await dsn.connect(autocommit=True)
            assert driver.info.hostaddr == "127.0.0.5"
            assert driver.info.host == HOST  # The name with which a certificate is compared.
            await driver.close()


@linux
@pytest.mark.usefixtures("quick")
async def test_the_error_names_the_setting_if_no_host_responds(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dsn_module, "_LEAST", 1)
    port = free_port()
    resolve("127.0.0.2", "127.0.0.3")
    dsn = Dsn(f"postgresql://u@{HOST}:{port}/d?connect_timeout=1", "DATABASE_URL")
    with (
        accepting_only("127.0.0.2", port),
        dropping("127.0.0.3", port),
        pytest.raises(ConnectFailed) as error,
    ):
        await dsn.connect(autocommit=True)
    assert str(error.value).startswith(f"DATABASE_URL: no answer from {HOST} within 1 s; check")
    assert not error.value.problem.lasts


@linux
@pytest.mark.parametrize("hosts", [HOST, f"nowhere.invalid,{HOST}"])
async def test_the_error_quotes_the_server_and_names_the_setting(
    resolve: Resolve, hosts: str
) -> None:
    port = free_port()
    resolve("127.0.0.2")
    dsn = Dsn(f"postgresql://u:s3cr3t@{hosts}/d?port={port}&sslmode=disable&gssencmode=disable")
    async with answering("127.0.0.2", port, REFUSAL):
        with pytest.raises(ConnectFailed) as error:
            await dsn.connect(autocommit=True)
    said = str(error.value)
    assert said.startswith("NEON_DB_URL: ")
    assert 'password authentication failed for user "u"; check the role' in said
    assert not error.value.problem.lasts
    assert "s3cr3t" not in said


@pytest.mark.parametrize("host", ["@socket", "/folder"])
async def test_the_name_of_a_socket_is_not_looked_up(host: str) -> None:
    found: list[Address] = []

    async def connect(address: Address) -> Driver:
        found.append(address)
        return cast("Driver", FakeDriver())

    await Addresses({"host": host}).connect(connect)
    assert found == [{"host": host}]


async def test_the_error_for_a_host_name_without_address_names_the_setting() -> None:
    with pytest.raises(ConnectFailed) as error:
        await Dsn("postgresql://u:s3cr3t@nowhere.invalid/d").connect(autocommit=True)
    assert "NEON_DB_URL: the host nowhere.invalid cannot be looked up" in str(error.value)
    assert "check the name of the host" in str(error.value)
    assert error.value.__cause__ is None
    assert not error.value.problem.lasts
