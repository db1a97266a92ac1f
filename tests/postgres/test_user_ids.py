"""The one spelling of each user's id, and the names that USERS_TABLE may be."""

import pytest

from adapters.postgres.table_name import TableName
from adapters.postgres.user_ids import IdType
from application.errors import InvalidConfiguration
from tests.postgres.test_schema import rows

UUID = "4f562d08-4140-4225-894a-1209c2e614c6"
NO_UUIDS = [UUID.upper(), f"{{{UUID}}}", UUID.replace("-", ""), f" {UUID}", f"{UUID}\n", UUID[:-1]]
NO_NUMBERS = ["", "01", "-1", "+1", "1.0", " 1", "1\n", "1_0", "0x1", "\u0661", "1e3", "9" * 5000]


@pytest.mark.parametrize("subject", ["ada", UUID, "1", " ", "ü/\u2028", *NO_UUIDS])
def test_every_text_is_an_id_of_type_text(subject: str) -> None:
    assert IdType.TEXT.admits(subject)


def test_a_uuid_is_spelled_in_lower_case_with_hyphens() -> None:
    assert IdType.UUID.admits(UUID)
    assert not any(map(IdType.UUID.admits, [*NO_UUIDS, "ada", "1", ""]))


@pytest.mark.parametrize("kind", [IdType.INTEGER, IdType.BIGINT])
def test_a_number_is_spelled_without_a_sign_or_leading_zeros(kind: IdType) -> None:
    assert all(map(kind.admits, ["0", "1", "10", "2147483647"]))
    assert not any(map(kind.admits, [*NO_NUMBERS, "ada", UUID]))


def test_a_number_is_within_its_types_range() -> None:
    assert not IdType.INTEGER.admits("2147483648")
    assert IdType.BIGINT.admits("9223372036854775807")
    assert not IdType.BIGINT.admits("9223372036854775808")


@pytest.mark.postgres
@pytest.mark.conformance
@pytest.mark.parametrize("kind", IdType)
def test_the_database_checks_the_same_spelling(kind: IdType, database_url: str) -> None:
    subjects = ["ada", UUID, "1", "2147483648", "9223372036854775808", *NO_UUIDS, *NO_NUMBERS]
    texts = ", ".join("E'" + subject.replace("\n", "\\n") + "'" for subject in subjects)
    query = f"SELECT spelling, {kind.condition} FROM unnest(ARRAY[{texts}]) spelling"
    assert dict(rows(database_url, query)) == {text: kind.admits(text) for text in subjects}


@pytest.mark.parametrize(
    ("text", "schema", "name"),
    [
        ("user", None, "user"),
        ('"user"', None, "user"),
        ("AppUser", None, "AppUser"),
        ("neon_auth.user", "neon_auth", "user"),
        ('neon_auth."user"', "neon_auth", "user"),
        ('"Auth"."User"', "Auth", "User"),
        ('"a.b"', None, "a.b"),
        ('"say ""hi"""', None, 'say "hi"'),
        ('order by "ü"', None, 'order by "ü"'),
    ],
)
def test_a_users_table_may_be_named_with_a_schema_and_with_quotes(
    text: str, schema: str | None, name: str
) -> None:
    found = TableName.parse(text)
    assert (found.schema, found.name) == (schema, name)
    assert TableName.parse(str(found)) == found


@pytest.mark.parametrize("text", ["a.b.c", ".user", "neon_auth.", "", "é" * 32, '"user', '""'])
def test_an_invalid_name_of_a_table_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfiguration, match="USERS_TABLE must be"):
        TableName.parse(text)
