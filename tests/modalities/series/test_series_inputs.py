"""Series as networks read them: padding, means of neighbours, variation, drawings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made_up_series import waves

from headstart.core import DataError
from headstart.modalities.series.content import native_size_of, shape_of
from headstart.modalities.series.drawing import drawings
from headstart.modalities.series.inputs import SeriesInputs, averaged
from headstart.modalities.series.items import as_series
from headstart.models import encode_items, resolve

TASK = "series-classification"


@pytest.mark.parametrize(("channels", "length"), [(1, 2), (1, 180), (12, 5000), (4096, 7)])
def test_channels_and_length_share_one_number(channels, length):
    assert shape_of(native_size_of(channels, length)) == (channels, length)


def test_candidates_know_channels_and_length():
    candidate = resolve("builtin:lite", TASK, native_size=native_size_of(3, 90))
    assert (candidate.input_size, candidate.settings["channels"]) == (90, 3)


def test_a_series_of_other_channels_is_refused():
    candidate = resolve("builtin:lite", TASK, native_size=native_size_of(3, 90))
    with pytest.raises(DataError, match="1 channels where builtin:lite reads 3"):
        encode_items(candidate, as_series([0.0, 1.0, 2.0], ()))


def test_variation_keeps_padding_and_shapes():
    values, _ = waves(4, length=30, channels=2)
    inputs = SeriesInputs([values[0], values[1][:, :20]])
    torch.manual_seed(0)
    plain, varied = inputs.batch(np.arange(2)), inputs.batch(np.arange(2), "shift")
    assert plain["values"].shape == varied["values"].shape
    assert torch.all(varied["values"][1, :, 20:] == 0)
    assert not torch.equal(plain["values"], varied["values"])


def test_far_longer_series_become_means_of_neighbours():
    long = np.arange(20, dtype=np.float32)[None]
    assert averaged(long, 20) is long
    assert averaged(long, 10).tolist() == [[0.5 + 2 * k for k in range(10)]]


@pytest.mark.parametrize(
    ("given", "shapes"),
    [
        ([1.0, 2.0, 3.0], [(1, 3)]),
        ([[1.0, 2.0], [3.0, 4.0, 5.0]], [(1, 2), (1, 3)]),
        (np.zeros((2, 5)), [(2, 5)]),
        (np.zeros((4, 2, 5)), [(2, 5)] * 4),
        ("1, 2, ?, 4", [(1, 4)]),
    ],
)
def test_whatever_a_user_gives(given, shapes):
    assert [one.shape for one in as_series(given, ())] == shapes


@pytest.mark.parametrize("given", [[1.0], "no numbers", np.zeros((0, 2, 5)), [[np.nan, np.nan]]])
def test_what_is_no_series_is_refused(given):
    with pytest.raises(DataError):
        as_series(given, ())


@pytest.mark.parametrize("channels", [1, 2, 7])
def test_drawings_differ_where_series_do(channels):
    values, _ = waves(3, channels=channels)
    values[2] = 4.0
    pictures = drawings(list(values), 32)
    assert (pictures.shape, pictures.dtype) == ((3, 3, 32, 32), np.uint8)
    assert not np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(drawings([3 * values[0] + 7], 32), pictures[:1])


def test_a_drawing_starts_from_a_picture_network_and_keeps_its_licence():
    picture, drawn = resolve("builtin:image", "image-classification"), resolve("picture:builtin:image", TASK)
    assert drawn.has_weights
    assert (drawn.licence, drawn.input_size, drawn.modality) == (picture.licence, picture.input_size, "series")
    assert drawn.weights_hash != picture.weights_hash
