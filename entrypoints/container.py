"""The composition root: the only module that connects ports and adapters."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import (
    Callable,
    Dependency,
    Factory,
    Object,
    Provider,
    Selector,
    ThreadSafeSingleton,
)

from adapters.embedded.kept_secret import kept_secret
from adapters.embedded.server import EmbeddedPostgres
from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import FetchObserver, KeySetTokenVerifier
from adapters.jwt.shared_secret import SharedSecretTokenVerifier, mint
from adapters.memory.inspection import MemoryInspection
from adapters.memory.life_cycle import MemoryStorage
from adapters.memory.task_repository import MemoryTaskRepository
from adapters.postgres.database import Database
from adapters.postgres.development import create_user
from adapters.postgres.inspection import PostgresInspection
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.table_name import TableName
from adapters.postgres.task_repository import PostgresTaskRepository
from adapters.system.clock import SystemClock
from application.ports.clock import Clock
from application.ports.storage import Storage
from application.ports.storage_inspection import StorageInspection
from application.ports.task_repository import TaskRepository
from application.ports.token_verifier import TokenExaminer
from application.use_cases.create_task import CreateTask
from application.use_cases.delete_task import DeleteTask
from application.use_cases.edit_task import EditTask
from application.use_cases.fingerprint_list import FingerprintList
from application.use_cases.get_task import GetTask
from application.use_cases.list_tasks import ListTasks
from application.use_cases.page_tasks import PageTasks
from application.use_cases.task_use_cases import TaskUseCases
from application.use_cases.toggle_task import ToggleTask
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from entrypoints.telemetry.telemetry import Telemetry


class Container(DeclarativeContainer):
    """All parts of one application.

    ``Container(settings=...)`` chooses adapters by the settings. Tests override providers of their
    own instance: ``container.clock.override(...)``. Nothing is wired: an application resolves what
    it needs once, when it is created. Each adapter has its own provider with an annotation, so that
    the type checker compares it with its port; members of a Selector are not checked.
    """

    settings = Dependency(instance_of=Settings)

    clock: Provider[Clock] = ThreadSafeSingleton(SystemClock)

    # ``observed`` replaces these.
    database_observer: Provider[DatabaseObserver | None] = Object(None)
    fetch_observer: Provider[FetchObserver] = Object(nullcontext)

    # Separate from the database, so that all invalid settings can be reported at once.
    users_table = Factory(TableName.parse, settings.provided.users_table)

    database = ThreadSafeSingleton(
        Database,
        url=settings.provided.postgres_url,
        setting=settings.provided.postgres_setting,
        users_table=settings.provided.users_table,
        migrate_on_start=settings.provided.migrate_on_start,
        observer=database_observer,
    )
    memory_storage: Provider[Storage] = ThreadSafeSingleton(MemoryStorage)
    storage: Provider[Storage] = Selector(
        settings.provided.storage, postgres=database, memory=memory_storage
    )

    postgres_inspection: Provider[StorageInspection] = Factory(
        PostgresInspection,
        database=database,
        migrate_on_start=settings.provided.migrate_on_start,
    )
    memory_inspection: Provider[StorageInspection] = Factory(MemoryInspection)
    storage_inspection: Provider[StorageInspection] = Selector(
        settings.provided.storage, postgres=postgres_inspection, memory=memory_inspection
    )

    postgres_tasks: Provider[TaskRepository] = ThreadSafeSingleton(
        PostgresTaskRepository, database=database
    )
    memory_tasks: Provider[TaskRepository] = ThreadSafeSingleton(MemoryTaskRepository)
    tasks: Provider[TaskRepository] = Selector(
        settings.provided.storage, postgres=postgres_tasks, memory=memory_tasks
    )

    claim_rules = Factory(
        ClaimRules, issuer=settings.provided.issuer, audience=settings.provided.audience
    )
    shared_secret_verifier: Provider[TokenExaminer] = ThreadSafeSingleton(
        SharedSecretTokenVerifier,
        secret=settings.provided.shared_secret,
        previous=settings.provided.previous_secret,
        rules=claim_rules,
    )
    key_set_verifier: Provider[TokenExaminer] = ThreadSafeSingleton(
        KeySetTokenVerifier,
        url=settings.provided.jwks_url,
        rules=claim_rules,
        observer=fetch_observer,
    )
    token_verifier: Provider[TokenExaminer] = Selector(
        settings.provided.token_keys, secret=shared_secret_verifier, key_set=key_set_verifier
    )

    task_use_cases: Provider[TaskUseCases] = Factory(
        TaskUseCases,
        create=Factory(
            CreateTask, tasks=tasks, clock=clock, task_limit=settings.provided.task_limit
        ),
        list=Factory(ListTasks, tasks=tasks),
        page=Factory(PageTasks, tasks=tasks),
        fingerprint=Factory(FingerprintList, tasks=tasks),
        get=Factory(GetTask, tasks=tasks),
        edit=Factory(EditTask, tasks=tasks, clock=clock),
        toggle=Factory(ToggleTask, tasks=tasks, clock=clock),
        delete=Factory(DeleteTask, tasks=tasks),
    )

    # For development only.
    mint_token = Callable(
        mint,
        secret=settings.provided.shared_secret,
        issuer=settings.provided.issuer,
        audience=settings.provided.audience,
    )
    create_user = Callable(create_user, database=database)


def observed(settings: Settings, telemetry: "Telemetry") -> Container:
    """Return a container whose adapters report to ``telemetry``."""
    database: DatabaseObserver = telemetry.database
    fetch: FetchObserver = telemetry.key_set.fetch
    return Container(settings=settings, database_observer=database, fetch_observer=fetch)


embedded_postgres = Factory(EmbeddedPostgres)
"""The PostgreSQL of ``tasks-api dev``. It is started before the settings can name it."""

development_secret = Callable(kept_secret)
"""The secret of ``tasks-api dev``, stored in a folder."""
