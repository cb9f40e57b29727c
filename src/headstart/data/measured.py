"""Tables of finished measurements, from any file: ``arm, n, error`` or ``accuracy``, perhaps ``seed``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import DataError, SettingsError, did_you_mean
from headstart.data.table import read_table
from headstart.evidence import ArmErrors, CostCurve, cost_curve

REQUIRED, OPTIONAL = ("arm", "n"), ("seed", "paradigm")
COSTS = ("seconds", "cost", "energy")  # of a run
METRICS = ("error", "accuracy")
UNITS = ("share", "percent")
PARADIGMS = ("transfer", "scratch", "hybrid")


@dataclass(frozen=True)
class Measured:
    """Measurements that were read.

    Attributes:
        arms: Errors as shares, by arm in the order of the table.
        metric: ``error`` or ``accuracy``: which of them the table holds.
        notes: What was found rather than given, a sentence each.
        costs: What runs cost, by unit (``seconds``, ``cost`` or ``energy``) and arm, as far as the table says.
    """

    arms: tuple[ArmErrors, ...]
    metric: str
    notes: tuple[str, ...] = field(default=())
    costs: Mapping[str, Mapping[str, CostCurve]] = field(default_factory=dict)


def read_measurements(path: Path, **options: Any) -> Measured:
    """Read a CSV, TSV, JSON, JSON-lines or Parquet file; options as in :func:`measurements_from`.

    Raises:
        DataError: There is no such file, or it holds no usable measurements; the message says where.
    """
    if not path.is_file():
        near = sorted(file.name for file in path.parent.iterdir()) if path.parent.is_dir() else []
        raise DataError("there is no such file", place=str(path), hint=did_you_mean(path.name, near))
    table = read_table(path, path.name)
    return measurements_from(table.columns, place=path.name, rows=table.ids, **options)


def measurements_from(
    columns: Mapping[str, Sequence[Any]],
    *,
    names: Mapping[str, str] | None = None,
    unit: str | None = None,
    scratch: Sequence[str] = (),
    place: str = "the table",
    rows: Sequence[str] | None = None,
) -> Measured:
    """Make arms of columns.

    Args:
        columns: Cells by column name, all of one length.
        names: The table's own name for ``arm``, ``n``, ``error``, ``accuracy``, ``seed``, ``paradigm``, or what a run
            cost: ``seconds``, ``cost`` (money), ``energy``.
        unit: ``share`` or ``percent``; found by the largest value if not given.
        scratch: Arms that are from scratch, where no column says so.
        place: How messages call the table.
        rows: How messages call its rows.

    Raises:
        DataError: A column is missing, a cell is no usable number, or there is nothing to compare.
        SettingsError: An option names what does not exist.
    """
    used = _columns(columns, dict(names or {}), place)
    count = len(columns[used["arm"]])
    where = list(rows) if rows is not None else [f"{place}, row {i}" for i in range(count)]
    arm = [str(value).strip() for value in _filled(columns[used["arm"]], "arm", where)]
    n = _numbers(columns[used["n"]], used["n"], where)
    for value, row in zip(n, where, strict=True):
        if value <= 0:
            raise DataError(
                f"{used['n']} is {value:g}, and a number of labels is positive", place=row, hint="Correct the row"
            )
    metric = next(name for name in METRICS if name in used)
    values, found_unit = _shares(_numbers(columns[used[metric]], used[metric], where), used[metric], unit, where)
    error = 1 - values if metric == "accuracy" else values
    repeat = _repeats(columns[used["seed"]] if "seed" in used else None, arm, n, where)
    paradigm, notes = _paradigms(columns[used["paradigm"]] if "paradigm" in used else None, arm, scratch, where)
    if unit is None:
        notes = (
            f"{used[metric]} is read as a {found_unit}"
            if found_unit == "share"
            else f"{used[metric]} is read in percent",
            *notes,
        )
    arms = []
    for name in dict.fromkeys(arm):
        keep = np.asarray([one == name for one in arm])
        arms.append(ArmErrors(name, paradigm[name], n[keep], error[keep], repeat[keep]))
    _enough(arms, place)
    costs = {unit: _costs(columns[used[unit]], used[unit], arm, n, where) for unit in COSTS if unit in used}
    return Measured(tuple(arms), metric, notes, costs)


def _columns(columns: Mapping[str, Sequence[Any]], names: dict[str, str], place: str) -> dict[str, str]:
    """The table's own name of every column that is there."""
    known = (*REQUIRED, *METRICS, *OPTIONAL, *COSTS)
    for role, name in names.items():
        if role not in known:
            raise SettingsError(f"there is no column role {role!r}", place="--columns", hint=did_you_mean(role, known))
        if name not in columns:
            raise DataError(f"there is no column {name!r}", place=place, hint=did_you_mean(name, columns))
    used = {role: names.get(role, role) for role in known if names.get(role, role) in columns}
    wanted = [*REQUIRED, *([] if any(metric in used for metric in METRICS) else ["error"])]
    for role in wanted:
        if role not in used:
            raise DataError(
                f"there is no column {role!r}",
                place=place,
                hint=f"Name it, as in --columns {role}=COLUMN; the table has {', '.join(list(columns)[:12])}",
            )
    return used


def _costs(
    cells: Sequence[Any], name: str, arm: list[str], n: np.ndarray, where: Sequence[str]
) -> dict[str, CostCurve]:
    """Cost curves of the arms that have a cost in any row; nobody times every run."""
    filled = [i for i, cell in enumerate(cells) if not _empty(cell)]
    values = _numbers([cells[i] for i in filled], name, [where[i] for i in filled])
    for value, i in zip(values, filled, strict=True):
        if value < 0:
            raise DataError(
                f"{name} is {value:g}, and no run costs less than nothing", place=where[i], hint="Correct the row"
            )
    curves = {}
    for one in dict.fromkeys(arm[i] for i in filled):
        mine = [place for place, i in enumerate(filled) if arm[i] == one]
        curves[one] = cost_curve(n[[filled[place] for place in mine]], values[mine])
    return curves


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or not str(cell).strip()


def _filled(cells: Sequence[Any], name: str, where: Sequence[str]) -> Sequence[Any]:
    for cell, row in zip(cells, where, strict=True):
        if _empty(cell):
            raise DataError(f"{name} is missing", place=row, hint="Fill the cell, or remove the row")
    return cells


def _numbers(cells: Sequence[Any], name: str, where: Sequence[str]) -> np.ndarray:
    values = []
    for cell, row in zip(_filled(cells, name, where), where, strict=True):
        try:
            value = float(str(cell).strip().rstrip("%").replace("\u2212", "-"))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DataError(f"{name} is {str(cell)[:40]!r}, which is no number", place=row, hint="Correct the row")
        values.append(value)
    return np.asarray(values, dtype=float)


def _shares(values: np.ndarray, name: str, unit: str | None, where: Sequence[str]) -> tuple[np.ndarray, str]:
    """Values as shares, and the unit they were in."""
    if unit is not None and unit not in UNITS:
        raise SettingsError(f"there is no unit {unit!r}", place="--unit", hint=did_you_mean(unit, UNITS))
    found = unit or ("percent" if values.max() > 1 else "share")
    top = 100.0 if found == "percent" else 1.0
    for value, row in zip(values, where, strict=True):
        if not 0 <= value <= top:
            raise DataError(
                f"{name} is {value:g}, and a {found} lies between 0 and {top:g}"
                if found == "share"
                else f"{name} is {value:g}, and percent lie between 0 and 100",
                place=row,
                hint="Correct the row, or give --unit share or --unit percent",
            )
    small = np.flatnonzero((values > 0) & (values < 1))
    if unit is None and found == "percent" and len(small):
        raise DataError(
            f"{name} holds shares and percent: {values[small[0]]:g} here, {values.max():g} elsewhere",
            place=where[int(small[0])],
            hint="Use one unit; if all are percent, add --unit percent",
        )
    return values / top, found


def _repeats(cells: Sequence[Any] | None, arm: list[str], n: np.ndarray, where: Sequence[str]) -> np.ndarray:
    """A number for each repeat: by its seed, else by its order among the arm's measurements at this size."""
    if cells is None:
        seen: dict[tuple[str, float], int] = {}
        order = []
        for key in zip(arm, n, strict=True):
            order.append(seen.get(key, 0))
            seen[key] = order[-1] + 1
        return np.asarray(order)
    names = [str(cell).strip() for cell in _filled(cells, "seed", where)]
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    taken: set[tuple[str, float, str]] = set()
    for one, size, name, row in zip(arm, n, names, where, strict=True):
        if (one, size, name) in taken:
            raise DataError(
                f"{one} at n = {size:g} has seed {name} twice", place=row, hint="Remove one, or number them"
            )
        taken.add((one, size, name))
    return np.asarray([number[name] for name in names])


def _paradigms(
    cells: Sequence[Any] | None, arm: list[str], scratch: Sequence[str], where: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The paradigm of each arm, and what was guessed."""
    arms = list(dict.fromkeys(arm))
    for name in scratch:
        if name not in arms:
            raise SettingsError(f"there is no arm {name!r}", place="--scratch", hint=did_you_mean(name, arms))
    if cells is not None:
        found: dict[str, str] = {}
        for name, cell, row in zip(arm, _filled(cells, "paradigm", where), where, strict=True):
            word = str(cell).strip().lower()
            if word not in PARADIGMS:
                raise DataError(f"{word!r} is no paradigm", place=row, hint=did_you_mean(word, PARADIGMS))
            if found.setdefault(name, word) != word:
                raise DataError(f"{name} is {found[name]} and {word}", place=row, hint="Give an arm one paradigm")
        return found, ()
    chosen = list(scratch) or [name for name in arms if "scratch" in name.lower()]
    others = [name for name in arms if name not in chosen]
    notes = (
        ()
        if scratch
        else (
            f"by their names, {_listed(chosen)} {'is' if len(chosen) == 1 else 'are'} from scratch and "
            f"{_listed(others)} not",
        )
    )
    return {name: "scratch" if name in chosen else "transfer" for name in arms}, notes


def _enough(arms: list[ArmErrors], place: str) -> None:
    if len(arms) == 1:
        raise DataError(
            f"there is only one arm, {arms[0].arm!r}", place=place, hint="Curves are compared: add a second arm"
        )
    if len({float(size) for arm in arms for size in arm.sizes}) == 1:
        raise DataError(
            f"all measurements have n = {arms[0].sizes[0]:g}", place=place, hint="A curve needs several sizes"
        )
    if len({arm.paradigm == "scratch" for arm in arms}) == 1:
        raise DataError(
            "no arm is from scratch" if arms[0].paradigm != "scratch" else "every arm is from scratch",
            place=place,
            hint="Name those that are with --scratch ARM, or add a column paradigm",
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown or "none"
