"""What became of every file, row and column of a source: used, or named with a reason.

The sums are an invariant of this layer: files seen = used + named, rows seen = examples + named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from headstart.core import Record


class Count(Record):
    """Items of one kind.

    Attributes:
        seen: All of them.
        used: Those that were used; of rows, those that became examples.
        named: The others by reason.
    """

    seen: int = 0
    used: int = 0
    named: dict[str, int] = {}

    @property
    def balanced(self) -> bool:
        """Whether every item is accounted for."""
        return self.seen == self.used + sum(self.named.values())

    def __add__(self, other: Count) -> Count:
        """Both together."""
        named = Counter(self.named) + Counter(other.named)
        return Count(seen=self.seen + other.seen, used=self.used + other.used, named=dict(named))


class Accounting(Record):
    """What became of a source.

    Attributes:
        files: Every file under it.
        rows: Every row of its tables, or every listed file where there is no table.
        columns: What each used column was used for.
        unused_columns: The other columns.
    """

    files: Count = Count()
    rows: Count = Count()
    columns: dict[str, str] = {}
    unused_columns: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether files and rows are accounted for, and no column is listed twice."""
        return self.files.balanced and self.rows.balanced and not set(self.columns) & set(self.unused_columns)

    def sentence(self) -> str:
        """The sums in one line."""
        pieces = [_sum("file", self.files, "used")] if self.files.seen else []
        pieces.append(_sum("row", self.rows, "became examples"))
        if self.unused_columns:
            shown = ", ".join(self.unused_columns[:6])
            more = f" and {len(self.unused_columns) - 6} more" if len(self.unused_columns) > 6 else ""
            pieces.append(f"columns not used: {shown}{more}")
        return "; ".join(pieces)


@dataclass
class Ledger:
    """The account while reading goes on.

    Attributes:
        files_seen: Files under the source.
        files_used: Those that something was read from.
        files_named: Reasons of those that are not used, with counts.
        rows_seen: Rows of the tables, or files listed as examples.
        rows_named: Reasons of those that are no examples, with counts.
        columns: What each used column was used for.
        unused_columns: The others, in the order of the table.
    """

    files_seen: int = 0
    files_used: int = 0
    files_named: Counter[str] = field(default_factory=Counter)
    rows_seen: int = 0
    rows_named: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    unused_columns: list[str] = field(default_factory=list)

    def close(self, examples: int) -> Accounting:
        """Return the account.

        Args:
            examples: How many rows became examples.
        """
        named = {reason: count for reason, count in sorted(self.files_named.items()) if count}
        account = Accounting(
            files=Count(seen=self.files_seen, used=self.files_used, named=named),
            rows=Count(
                seen=self.rows_seen,
                used=examples,
                named={reason: count for reason, count in sorted(self.rows_named.items()) if count},
            ),
            columns=self.columns,
            unused_columns=tuple(self.unused_columns),
        )
        assert account.balanced, f"rows or files are not accounted for: {account}"
        return account

    def __add__(self, other: Ledger) -> Ledger:
        """Both together, as for a test part that is a source of its own."""
        return Ledger(
            self.files_seen + other.files_seen,
            self.files_used + other.files_used,
            self.files_named + other.files_named,
            self.rows_seen + other.rows_seen,
            self.rows_named + other.rows_named,
            self.columns | other.columns,
            unique([*self.unused_columns, *other.unused_columns], but=self.columns | other.columns),
        )


def unique(names: Iterable[str], but: Iterable[str] = ()) -> list[str]:
    """Each name once, without those in ``but``."""
    left_out = set(but)
    return [name for name in dict.fromkeys(names) if name not in left_out]


def _sum(noun: str, count: Count, used: str) -> str:
    named = ", ".join(f"{number:,} {reason}" for reason, number in count.named.items())
    what = f"{count.seen:,} {noun if count.seen == 1 else noun + 's'}"
    return f"{what}: {count.used:,} {used}" + (f", {named}" if named else "")
