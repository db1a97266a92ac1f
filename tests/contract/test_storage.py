"""Every adapter keeps the contract of the port Storage."""

from application.ports.storage import Storage


async def test_a_prepared_storage_can_serve(storage: Storage) -> None:
    await storage.prepare()
    await storage.check()
    await storage.close()


async def test_preparing_can_be_repeated(storage: Storage) -> None:
    for _ in range(3):
        await storage.prepare()
    await storage.check()
    await storage.close()
