"""The column with the classes of a table of series."""

from __future__ import annotations

from headstart.core import DataError
from headstart.data.column_kinds import could_be_labels
from headstart.data.columns import ID_NAMES, LABEL_NAMES, ColumnChoice
from headstart.data.table import Table


def label_column(table: Table, chosen: ColumnChoice, place: str, taken: set[str]) -> str:
    """Find the label: as chosen, as declared, by name, else the only column with few values.

    Args:
        table: The table.
        chosen: What the user named.
        place: What messages call it.
        taken: Columns that are something else.

    Raises:
        DataError: None or several could be it.
    """
    if chosen.label is not None:
        return chosen.label
    open_columns = [name for name in table.columns if name not in taken and name != chosen.group]
    for names in (
        [name for name in open_columns if name in table.class_names],
        [name for name in open_columns if name.strip().lower() in LABEL_NAMES],
    ):
        if len(names) == 1:
            return names[0]
    named = [name for name in open_columns if name.strip().lower() in LABEL_NAMES]
    could = named or [
        name for name in open_columns if name.lower() not in ID_NAMES and could_be_labels(table.columns[name])
    ]
    if len(could) == 1:
        return could[0]
    if could:
        listed = " and ".join(map(repr, could[:2])) + (f" and {len(could) - 2} more" if len(could) > 2 else "")
        hint = f"Choose one: --label-column {could[0]}"
        raise DataError(f"{len(could)} columns could be the label: {listed}", place=place, hint=hint)
    listed = ", ".join(open_columns[:12]) or "no other column"
    raise DataError(f"No column looks like labels ({listed})", place=place, hint="Name it: --label-column X")
