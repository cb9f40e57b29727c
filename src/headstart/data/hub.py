"""Data sets of the ``datasets`` library: in memory, saved, and on the Hugging Face hub."""

from __future__ import annotations

import http.client
import json
import os
import re
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core import DataError, SourceError, waiting
from headstart.data.parts import part_of
from headstart.data.table import Table, concatenate, table_from_arrow

if TYPE_CHECKING:
    import datasets

CONNECT_SECONDS = 2.0
_HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")


def looks_like_hub_id(source: str) -> bool:
    """Tell whether a name could be ``owner/name`` on the hub."""
    return bool(_HUB_ID.match(source))


def is_saved_dataset(folder: Path) -> bool:
    """Tell whether ``save_to_disk`` of ``datasets`` wrote a folder."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    )


def table_from_disk(folder: Path) -> Table:
    """Read what ``save_to_disk`` wrote.

    Args:
        folder: The folder.

    Returns:
        The table.

    Raises:
        DataError: The folder is damaged.
    """
    import datasets

    try:
        return table_from_datasets(datasets.load_from_disk(str(folder)))
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise DataError(
            "The saved data set cannot be read", place=str(folder), hint="Save it again with save_to_disk"
        ) from error


def table_from_datasets(source: datasets.Dataset | datasets.DatasetDict) -> Table:
    """Turn a data set in memory into a table.

    Args:
        source: One data set, or one for each part; parts with unknown names are left out and said.

    Returns:
        The table; images and sounds stay encoded.
    """
    import datasets

    if isinstance(source, datasets.Dataset):
        return _one_table(source, "row", "train")
    tables, left_out, unread = [], [], 0
    for name, data in source.items():
        part = part_of(name) or ("train" if len(source) == 1 else None)
        if part is None:
            left_out.append(name)
            unread += data.num_rows
        elif data.num_rows:
            tables.append(_one_table(data, name, part))
    if not tables:
        raise DataError(
            f"No split is called train or test (splits: {', '.join(source)})",
            place="DatasetDict",
            hint="Pass the one to use, such as source['train']",
        )
    table = concatenate(tables)
    if left_out:
        table.found.append(f"Splits with other names were left out: {', '.join(sorted(left_out))}")
        table.left_out["in other splits"] += unread
    return table


def _one_table(data: datasets.Dataset, name: str, part: Any) -> Table:
    import datasets

    files = (datasets.Image, datasets.Audio)
    encoded = {column: type(kind) for column, kind in data.features.items() if isinstance(kind, files)}
    for column, kind in encoded.items():
        data = data.cast_column(column, kind(decode=False))
    features = {column: {"_type": kind.__name__} for column, kind in encoded.items()}
    for column, kind in data.features.items():
        if isinstance(kind, datasets.ClassLabel):
            features[column] = {"_type": "ClassLabel", "names": kind.names}
    return table_from_arrow(data.with_format("arrow")[:], name, part, features)


def table_from_hub(hub_id: str) -> Table:
    """Load a data set from the hub, or from the hub's cache where ``HF_HUB_OFFLINE`` is set.

    Args:
        hub_id: ``owner/name``.

    Returns:
        The table.

    Raises:
        SourceError: Within seconds where there is no connection, no such data set, or no access to it.
    """
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    if not offline and not can_connect():
        raise SourceError(
            f"There is no folder or file {hub_id!r}, and the Hugging Face hub cannot be reached",
            place=hub_id,
            hint="Check the path, connect, or set HF_HUB_OFFLINE=1 to use what is cached",
        )
    import datasets

    try:
        with waiting():
            loaded = datasets.load_dataset(hub_id)
        return table_from_datasets(loaded)
    except DataError:
        raise
    except Exception as error:  # the hub's client raises a dozen unrelated kinds
        reason = str(error).split("\n")[0][:160] or type(error).__name__
        state = " (HF_HUB_OFFLINE is set: only cached data sets can be used)" if offline else ""
        raise SourceError(
            f"The data set could not be loaded from the hub{state}: {reason}",
            place=hub_id,
            hint="Check the name at huggingface.co/datasets, or give a local folder or file",
        ) from error


def can_connect(timeout: float = CONNECT_SECONDS) -> bool:
    """Tell whether the hub (or the proxy in front of it) answers at all.

    Asks for an answer, not only for a connection: a proxy may accept one and never say anything. The lookup of a name
    cannot be given a time limit, so it runs in a thread that is left behind.

    Args:
        timeout: Seconds to wait.

    Returns:
        Whether there was any answer in time, be it an error.
    """
    connected = threading.Event()

    def connect() -> None:
        try:
            address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=timeout):
                connected.set()
        except urllib.error.HTTPError:
            connected.set()
        except (OSError, ValueError, http.client.HTTPException):  # also addresses that are none
            pass

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(timeout)
    return connected.is_set()
