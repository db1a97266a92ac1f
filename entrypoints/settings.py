"""The settings. Only this module reads them, except for OpenTelemetry's variables."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from domain.text import is_storable
from entrypoints.origins import as_browsers_write, split_origins
from entrypoints.settings_text import cleaned, lines_of, sentence_of


class StorageKind(StrEnum):
    """Storage of the tasks."""

    POSTGRES = "postgres"
    MEMORY = "memory"


class TokenKeys(StrEnum):
    """The keys that verify tokens."""

    SECRET = "secret"  # noqa: S105 - a choice's name
    KEY_SET = "key_set"


class LogFormat(StrEnum):
    """Format of the log lines."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """Lowest severity that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class InvalidSettings(Exception):
    """Settings are missing or wrong. A line for each names it, never a secret value."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _InvalidValues(InvalidSettings):
    """Values of the settings in ``names`` are wrong."""

    def __init__(self, errors: Sequence[Any]) -> None:
        super().__init__(*map(sentence_of, errors))
        self.names = [str(error["loc"][0]) for error in errors if error["loc"]]


class Settings(BaseSettings):
    """Settings from environment variables of these names, in upper case, or a file ``.env``."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    neon_db_url: SecretStr | None = None
    neon_db_url_file: Path | None = None
    database_url: SecretStr | None = None
    better_auth_secret: SecretStr | None = None
    better_auth_secret_previous: SecretStr | None = None
    better_auth_jwks_url: HttpUrl | None = None
    better_auth_issuer: str | None = None
    better_auth_audience: str | None = None
    users_table: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    cors_origins: Annotated[tuple[str, ...], NoDecode] = (
        "http://localhost:3000",
        "http://localhost",
    )
    storage: StorageKind = StorageKind.POSTGRES
    tasks_per_user: Annotated[int, Field(ge=0)] = 10_000
    migrate_on_start: bool = True
    log_format: LogFormat | None = None
    """None means the command's default."""
    log_level: LogLevel = LogLevel.INFO
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None

    def __init__(self, **values: Any) -> None:
        """Read the settings; ``values`` take precedence. Raise InvalidSettings."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _InvalidValues(error.errors()) from None
        except UnicodeDecodeError:
            raise InvalidSettings("the file .env is not UTF-8") from None

    @classmethod
    def read(cls) -> tuple[Self, tuple[str, ...]]:
        """Return the settings, with defaults for invalid ones, and a line for each of these.

        So other problems can be found and reported at the same time. Raise InvalidSettings if
        nothing can be read.
        """
        try:
            return cls(), ()
        except _InvalidValues as error:
            fields = cls.model_fields
            return cls(**{name: fields[name].get_default() for name in error.names}), error.lines

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Prefer arguments to environment variables, and these to the ``.env`` file."""
        lines = InitSettingsSource(settings_cls, lines_of(dotenv_settings))
        return init_settings, env_settings, lines

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, values: dict[str, Any]) -> dict[str, Any]:
        return cleaned(values)

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        # Python decodes environment bytes that are not UTF-8 as lone surrogates.
        if isinstance(value, str) and not is_storable(value):
            raise ValueError("is not UTF-8 text")
        return value

    @field_validator("better_auth_secret")
    @classmethod
    def _not_empty(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value():
            raise ValueError("is empty: a token signed with no secret proves nothing")
        return secret

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_origins(value) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def postgres_setting(self) -> str:
        """Name of the setting that holds PostgreSQL's URL."""
        if self.neon_db_url_file is not None:
            return "NEON_DB_URL_FILE"
        return "NEON_DB_URL" if self.neon_db_url or not self.database_url else "DATABASE_URL"

    @property
    def names_neon(self) -> bool:
        """Whether NEON_DB_URL or NEON_DB_URL_FILE is set."""
        return self.neon_db_url is not None or self.neon_db_url_file is not None

    @property
    def postgres_url(self) -> str | Path:
        """The URL of PostgreSQL, or a file with it. Raises InvalidSettings if it is not set."""
        if self.neon_db_url_file is not None:
            return self.neon_db_url_file
        url = self.neon_db_url or self.database_url
        if url is None:
            raise InvalidSettings(
                "NEON_DB_URL is not set: give it the connection string that Neon shows, "
                "or run `tasks-api dev`, which brings its own PostgreSQL"
            )
        return url.get_secret_value()

    @property
    def task_limit(self) -> int | None:
        """Most tasks of one user; None if there is no limit."""
        return self.tasks_per_user or None

    @property
    def token_keys(self) -> TokenKeys:
        """The kind of keys that verify tokens. It depends on the settings, never on the token."""
        return TokenKeys.SECRET if self.better_auth_jwks_url is None else TokenKeys.KEY_SET

    @property
    def shared_secret(self) -> str:
        """The secret that signs tokens. Raises InvalidSettings if it is not set."""
        if self.better_auth_secret is None:
            raise InvalidSettings(
                "BETTER_AUTH_JWKS_URL is not set: set it to the keys of your Better Auth frontend, "
                "https://<frontend>/api/auth/jwks; or, if it signs tokens with a shared secret "
                "(HS256), which is not its default, set BETTER_AUTH_SECRET"
            )
        return self.better_auth_secret.get_secret_value()

    @property
    def previous_secret(self) -> str | None:
        """The secret that is being replaced, if set. Tokens signed with it are still accepted."""
        previous = self.better_auth_secret_previous
        return None if previous is None else previous.get_secret_value()

    @property
    def jwks_url(self) -> str | None:
        """The URL of the issuer's key set, if set."""
        return None if self.better_auth_jwks_url is None else str(self.better_auth_jwks_url)

    @property
    def issuer(self) -> str | None:
        """The ``iss`` that tokens must have, or None."""
        return self.better_auth_issuer or self._jwks_origin

    @property
    def audience(self) -> str | None:
        """The ``aud`` that tokens must have, or None."""
        return self.better_auth_audience or self._jwks_origin

    @property
    def _jwks_origin(self) -> str | None:
        # Better Auth's default issuer and audience: the origin of its baseURL in the form of
        # browsers, without the scheme's default port.
        url = self.better_auth_jwks_url
        if url is None:
            return None
        return as_browsers_write(f"{url.scheme}://{url.host}:{url.port}")
