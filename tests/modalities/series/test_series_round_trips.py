"""Whatever series a file of the archives can hold comes back from it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from headstart.modalities.series.arff_file import read_arff
from headstart.modalities.series.headless import mark_of, read_headless
from headstart.modalities.series.items import filled, series_of
from headstart.modalities.series.ts_file import is_ts, read_ts

VALUES = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(np.float32("nan")))
LABELS = st.sampled_from(["1", "2", "up", "no label"])
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def sets(draw, channels=(1, 3), least=9):
    """Labelled series (C, T) of one number of channels, with gaps."""
    several = draw(st.integers(*channels))
    count = draw(st.integers(2, 6))
    lengths = draw(st.lists(st.integers(least, 20), min_size=count, max_size=count))
    series = [draw(arrays(np.float32, (several, length), elements=VALUES)) for length in lengths]
    return series, draw(st.lists(LABELS, min_size=count, max_size=count))


def written(value):
    return "?" if np.isnan(value) else repr(float(value))


def assert_same(found, series):
    for one, other in zip(found.series, series, strict=True):
        assert np.array_equal(one.values, other, equal_nan=True)


def in_folder(name, text, read):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text)
        return read(path)


@QUICK
@given(sets())
def test_ts(examples):
    series, labels = examples
    lines = [
        ":".join([*(",".join(map(written, channel)) for channel in one), label])
        for one, label in zip(series, labels, strict=True)
    ]
    text = "\n".join(["# a comment", "@problemName any", "@classLabel true x", "@data", *lines])
    assert in_folder("set.ts", text, is_ts)
    found = in_folder("set.ts", text, read_ts)
    assert found.labels == labels
    assert all(
        np.array_equal(one.values, other, equal_nan=True) for one, other in zip(found.series, series, strict=True)
    )


@QUICK
@given(sets(channels=(2, 3)))
def test_arff_with_several_channels(examples):
    series, labels = examples
    head = (
        "@relation r\n@attribute s relational\n  @attribute a numeric\n@end s\n@attribute class {1,2,up,'no label'}\n"
    )
    lines = [
        "'" + "\\n".join(",".join(map(written, channel)) for channel in one) + f"','{label}'"
        for one, label in zip(series, labels, strict=True)
    ]
    found = in_folder("set.arff", head + "@data\n" + "\n".join(lines), read_arff)
    assert found.labels == labels
    assert all(
        np.array_equal(one.values, other, equal_nan=True) for one, other in zip(found.series, series, strict=True)
    )


@QUICK
@given(arrays(np.float32, (6, 12), elements=st.floats(-1e6, 1e6, width=32)), st.sampled_from(["\t", ","]))
def test_numbers_without_a_header(values, mark):
    rows = [mark.join([str(k % 2), *map(written, row)]) for k, row in enumerate(values + np.arange(12) ** 2 / 3)]
    text = "\n".join(rows)
    assert in_folder("Any_TRAIN.tsv", text, mark_of) == mark
    found = in_folder("Any_TRAIN.tsv", text, lambda path: read_headless(path, mark))
    assert found.labels == ["0", "1"] * 3


@QUICK
@given(arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(2, 30)), elements=VALUES))
def test_filling_changes_missing_values_alone(values):
    values[:, 0] = 1.0
    result = filled(values)
    assert np.isfinite(result).all()
    assert np.array_equal(result[np.isfinite(values)], values[np.isfinite(values)])


@QUICK
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=20))
def test_a_cell_of_text_is_the_list_that_it_writes(numbers):
    for mark in (",", " ", ";"):
        assert np.array_equal(series_of(mark.join(map(repr, numbers))).values, series_of(numbers).values)
