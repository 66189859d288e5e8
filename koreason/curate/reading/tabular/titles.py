"""Rows above a table's column names: what a spreadsheet says of itself, which is no record.

titles = Titles(wanted)
titles.names(["2024년 문항"])       # None: passed over
titles.names(["번호", "문제"])      # these
"""

from koreason.curate.reading.wanted import Wanted

MOST = 10  # rows, in which the names have to stand


def bare(row: list[str]) -> list[str]:
    """The names in a row, without the blanks around them and the mark of a file's beginning."""
    return [name.strip().removeprefix("\ufeff").strip() for name in row]


class Titles:
    """Finds the row of column names by the names that are wanted.

    Attributes:
        first: the first row, which is told of where no row has them.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted, self._passed = wanted, 0
        self.first: list[str] | None = None

    def names(self, row: list[str]) -> list[str] | None:
        """The row's names where it has what is wanted; None where a later one may; the first row's where none of the next does."""
        names = bare(row)
        self.first = self.first or names
        if self._wanted.named_in(names):
            return names
        self._passed += 1
        return None if self._passed < MOST else self.first
