"""The documents are correct: their commands, quotations, links and names."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from entrypoints.settings import Settings
from tests.documents.blocks import COMMANDS, DOCUMENTS, ROOT, Block, blocks
from tests.documents.reader import Reader

COMMAND_BLOCKS = [
    block for document in DOCUMENTS for block in blocks(document) if block.language in COMMANDS
]
EXPLANATION = """
Mark each block of commands after its fence:
    ```sh run                     run in a fresh copy of the tree; must succeed
    ```sh serve                   started there; runs until the document ends
    ```sh no-test reason=docker   not run, for this reason
    ```text answer                lines that the commands before it print, except for times
Blocks without a mark: """


MARKS = ("run", "serve")


def followed(block: Block) -> bool:
    if block.language in COMMANDS:
        return block.mark in MARKS
    return block.language == "diff" or block.mark == "answer"


FOLLOWED = [document for document in DOCUMENTS if any(map(followed, blocks(document)))]


def test_every_block_of_commands_is_marked() -> None:
    unmarked = []
    for block in COMMAND_BLOCKS:
        if reason := re.fullmatch(r"no-test reason=(\S.*)", block.mark):
            print(f"{block} is not run: {reason[1]}")  # noqa: T201 - pytest -s lists them
        elif block.mark not in MARKS:
            unmarked.append(str(block))
    assert not unmarked, EXPLANATION + ", ".join(unmarked)


@pytest.mark.process
@pytest.mark.parametrize("document", FOLLOWED, ids=str)
def test_the_commands_of_a_document_succeed(document: Path, tmp_path: Path) -> None:
    with ExitStack() as servers:
        reader = Reader(tmp_path / "copy", servers)
        for block in filter(followed, blocks(document)):
            reader.follow(block)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_quoted_code_is_in_its_file(document: Path) -> None:
    for block in blocks(document):
        if block.language == "python" and block.mark:
            assert block.text in (ROOT / block.mark).read_text(), block


def anchors(path: Path) -> set[str]:
    """Return the fragment of a link to a heading of a document, as GitHub makes it."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_targets_of_links_exist(document: Path) -> None:
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)", text)
    pictures = re.findall(r'\bsrc(?:set)?="(?![a-z]+:)([^"]+)"', text)
    assert [name for name in pictures if not (ROOT / document.parent / name).exists()] == []
    for target, anchor in links:
        path = (ROOT / document.parent / target) if target else ROOT / document
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{target}#{anchor}"


def cells(text: str, row: str, columns: Sequence[str]) -> list[str]:
    """Return some cells of the row ``row``, from the first table with all of ``columns``."""
    table = re.compile(r"(?:^\|.*\|$\n?)+", re.MULTILINE)
    for found in table.findall(text):
        header, _, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()
        ]
        if set(columns) <= set(header):
            [values] = [values for values in rows if values[0] == row]
            return [values[header.index(column)] for column in columns]
    raise AssertionError(f"no table with {columns}")


@pytest.mark.parametrize(
    ("shown", "measured"),
    [
        ("one task, µs", "get"),
        ("list of 20, µs", "list20"),
        ("list of 1,000, µs", "list1000"),
    ],
)
def test_the_comparison_quotes_the_benchmark(shown: str, measured: str) -> None:
    readme, figures = ((ROOT / name).read_text() for name in ("README.md", "bench/README.md"))
    compared = cells(readme, shown, ["tasks-api", "FastAPI + SQLModel tutorial", "Hono", "Fastify"])
    assert compared == cells(figures, measured, ["ours", "sync", "hono", "fastify"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_named_files_exist(document: Path) -> None:
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir())
    named = re.findall(rf"`((?:{folders})/[\w./-]+\.\w+)`", (ROOT / document).read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_named_targets_of_make_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (ROOT / document).read_text()
    named = set(re.findall(r"(?:`|^)make ([a-z0-9-]+)", text, re.MULTILINE))
    assert named <= targets


def test_every_setting_is_documented() -> None:
    explained = (ROOT / "docs" / "configuration.md").read_text()
    listed = (ROOT / ".env.example").read_text()
    for name in map(str.upper, Settings.model_fields):
        assert f"`{name}`" in explained
        assert name in listed
