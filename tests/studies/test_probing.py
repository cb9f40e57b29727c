"""Whether mirror images keep their label, and what it takes to find out."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from headstart.core.hardware import default_threads
from headstart.data import load, make_splits
from headstart.models import resolve
from headstart.studies.probing import ASK_ROWS, FIT_ROWS, labels_survive_mirroring, mirror_witness
from headstart.training import Bench, Worker


def pictures(folder, turned, count):
    """Two classes of corners: the second is the first one mirrored, or turned upside down."""
    rng = np.random.default_rng(0)
    for name in ("one", "other"):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            image = Image.new("RGB", (24, 24), tuple(int(v) for v in rng.integers(0, 60, 3)))
            x, y = (int(v) for v in rng.integers(2, 8, 2))
            ImageDraw.Draw(image).polygon([(x, y), (x, y + 12), (x + 12, y + 12)], fill=(230, 220, 210))
            if name == "other":
                image = image.transpose(turned)
            image.save(folder / name / f"{index}.png")
    return folder


@pytest.fixture
def worker_of(tmp_path):
    def make(turned, count=120, name="builtin:image"):
        data = load(pictures(tmp_path / "pictures", turned, count), cache_dir=tmp_path / "cache")
        bench = Bench.of(
            data,
            make_splits(data),
            {name: resolve(name, data.task, native_size=24)},
            metric="accuracy",
            seed=0,
            dtype="float32",
            threads=default_threads(),
            folder=tmp_path / "bench",
        )
        return Worker(bench)

    return make


def test_where_mirroring_turns_one_class_into_the_other_nothing_is_flipped(worker_of):
    assert not labels_survive_mirroring(worker_of(Image.Transpose.FLIP_LEFT_RIGHT))


def test_where_classes_differ_in_something_else_pictures_are_flipped(worker_of):
    assert labels_survive_mirroring(worker_of(Image.Transpose.FLIP_TOP_BOTTOM))


def test_without_pretrained_features_flips_are_the_convention(worker_of):
    worker = worker_of(Image.Transpose.FLIP_LEFT_RIGHT, 10, "builtin:compact-image")
    assert mirror_witness(worker) is None
    assert labels_survive_mirroring(worker)


def test_only_the_pictures_that_are_asked_about_are_computed(worker_of):
    worker = worker_of(Image.Transpose.FLIP_TOP_BOTTOM, 800)
    inputs, read = worker.inputs("builtin:image"), []
    whole = inputs.batch
    inputs.batch = lambda rows: read.append(len(rows)) or whole(rows)
    labels_survive_mirroring(worker)
    assert sum(read) == FIT_ROWS + ASK_ROWS
