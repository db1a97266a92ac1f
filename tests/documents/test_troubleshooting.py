"""docs/troubleshooting.md quotes what the service prints, and explains every situation."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from adapters.embedded.server import EmbeddedPostgres
from tests.documents.blocks import ROOT
from tests.documents.situations import SITUATIONS, Place
from tests.process.service import SECRET

pytestmark = pytest.mark.postgres

_TABLE_ROW: Final = re.compile(r"^\| (?!-)(.+) \|$", re.MULTILINE)
_QUOTATION: Final = re.compile(r"(?<!`)(`+) ?([^`].*?) ?\1(?!`)")


def quotations(row: str) -> tuple[str, ...]:
    """Return the quotation in a row: what the service prints in one situation."""
    seen, _what_to_do = row.split(" | ")
    return tuple(words for _, words in _QUOTATION.findall(seen))


ROWS: Final = [
    quoted
    for row in _TABLE_ROW.findall((ROOT / "docs" / "troubleshooting.md").read_text())
    if (quoted := quotations(row))
]


def are_in(quoted: tuple[str, ...], printed: str) -> bool:
    """Return whether all of ``quoted`` is in ``printed``; an ellipsis stands for any text."""
    patterns = [".+?".join(map(re.escape, words.split("…"))) for words in quoted]
    return all(re.search(pattern, printed) for pattern in patterns)


@pytest.fixture(scope="module")
def printed(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The service's output in each situation."""
    with ExitStack() as ends:
        place = Place(postgres_server, tmp_path_factory.mktemp("place"), ends)
        yield {name: situation(place) for name, situation in SITUATIONS.items()}


@pytest.mark.parametrize("quoted", ROWS, ids=lambda quoted: quoted[-1][:60])
def test_what_a_row_quotes_is_printed_in_one_situation(
    quoted: tuple[str, ...], printed: dict[str, str]
) -> None:
    assert any(are_in(quoted, text) for text in printed.values()), quoted


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_is_explained(name: str, printed: dict[str, str]) -> None:
    assert any(are_in(quoted, printed[name]) for quoted in ROWS), printed[name]


def test_no_situation_prints_a_secret(printed: dict[str, str]) -> None:
    text = "\n".join(printed.values())
    for hidden in ("s3cr3t", "cr3t", SECRET, "eyJ"):
        assert hidden not in text
