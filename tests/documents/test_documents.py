"""The documents are correct: their commands, quotations, links and names."""

import re
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_targets_of_links_exist(document: Path) -> None:
    targets = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", (ROOT / document).read_text())
    dead = [target for target in targets if not (ROOT / document.parent / target).exists()]
    assert not dead


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
