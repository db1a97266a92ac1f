"""Find the documents and their code blocks."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
)
COMMANDS: Final = ("sh", "bash", "shell", "console")

_BLOCK: Final = re.compile(r"^( *)```(\S+)([^\n]*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block. The line of its fence holds the language and, after it, the mark."""

    document: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    """Yield the fenced blocks of ``document`` that have a language."""
    text = (ROOT / document).read_text()
    for found in _BLOCK.finditer(text):
        indent, language, mark, body = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        plain = re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        yield Block(document, line, language, mark.strip(), plain)


def tracked_files() -> list[Path]:
    """Return every file that git tracks, and those that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = listed.stdout.split("\0")
    return [Path(name) for name in names if name and (ROOT / name).is_file()]
