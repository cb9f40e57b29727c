"""Series go through everything a modality must do, and both their families through what a family must do."""

import numpy as np
import pytest
from made_up_series import waves

from headstart.modalities import get_modality
from headstart.models import get_family
from headstart.testing import check_family, check_modality


@pytest.fixture
def ragged(tmp_path):
    """Series of two channels and unequal lengths."""
    rng = np.random.default_rng(1)
    values, labels = waves(45, length=40, channels=2)
    file = tmp_path / "set.ts"
    lines = ["@problemName waves", "@classLabel true a b c", "@data"]
    for one, label in zip(values, labels, strict=True):
        cut = one[:, : rng.integers(20, 41)]
        lines.append(":".join([*(",".join(f"{v:.6f}" for v in channel) for channel in cut), "abc"[label]]))
    file.write_text("\n".join(lines))
    return file


@pytest.fixture
def plain(tmp_path):
    values, labels = waves(45, length=40)
    np.savez(tmp_path / "set.npz", x=values, y=labels)
    return tmp_path / "set.npz"


def test_the_modality_keeps_its_promises(ragged):
    assert "encoding" in check_modality(get_modality("series"), ragged)


@pytest.mark.parametrize("source", ["ragged", "plain"])
def test_minirocket_keeps_those_of_a_pipeline(source, request):
    check_family(get_family("minirocket"), "builtin:minirocket", request.getfixturevalue(source))


@pytest.mark.parametrize("source", ["ragged", "plain"])
def test_drawn_series_keep_those_of_a_network(source, request):
    check_family(get_family("drawings"), "picture:builtin:image", request.getfixturevalue(source))
