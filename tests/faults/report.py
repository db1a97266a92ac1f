"""The table that is printed at the end of a run."""

import os
import shutil
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

Measured = Callable[[str, str, str, str], None]
"""Record one row: the promise's number, the fault, the promise, what was measured."""

SHORT: Final = bool(os.environ.get("CI"))
"""Whether to run fewer rounds. No fault is left out."""

TITLES: Final = ("#", "fault", "promise", "measured")


def rounds(whole: int, short: int) -> int:
    """Return the number of repetitions: ``whole``, or ``short`` if rounds are to be few."""
    return short if SHORT else whole


@dataclass(slots=True)
class Row:
    """One promise under one fault."""

    test: str
    number: str
    fault: str
    promise: str
    measured: str
    kept: bool = True

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The cells of the table."""
        measured = self.measured if self.kept else f"NOT KEPT: {self.measured}"
        return (self.number, self.fault, self.promise, measured)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """By number, 10 after 9; equal numbers as they were measured."""
    return sorted(rows, key=lambda row: (len(row.number.split(".")[0]), row.number))


def as_text(rows: Sequence[Row]) -> str:
    """The table for a terminal."""
    space = max(shutil.get_terminal_size((140, 0)).columns, 100) - 13
    widths = (4, space * 3 // 12, space * 4 // 12, space * 5 // 12 - 4)
    rule = "-+-".join("-" * width for width in widths)
    lines = [*_wrapped(TITLES, widths), rule]
    for row in in_order(rows):
        lines += [*_wrapped(row.cells, widths), rule]
    return "\n".join(lines)


def _wrapped(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [
        textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)
    ]
    height = max(map(len, columns))
    filled = [column + [""] * (height - len(column)) for column in columns]
    return [
        " | ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*filled, strict=True)
    ]


def as_markdown(rows: Sequence[Row]) -> str:
    """The table for a document."""
    lines = [TITLES, ("---",) * len(TITLES), *(row.cells for row in in_order(rows))]
    return "".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines
    )
