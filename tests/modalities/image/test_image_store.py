import errno
import io

import numpy as np
import pytest
from PIL import Image

from headstart.data import load
from headstart.modalities.image import store as image_store
from headstart.modalities.image.pixels import Resize, decode_files


@pytest.fixture
def store(class_folders):
    return load(class_folders).content


def cached(cache):
    return list((cache / "pixels").glob("*.npy"))


def test_pixels_are_mapped_and_right(store, cache):
    pixels = store.pixels(Resize(size=8))
    assert isinstance(pixels, np.memmap)
    assert pixels.shape == (12, 3, 8, 8)
    np.testing.assert_array_equal(pixels, decode_files(store.sources, Resize(size=8)))
    assert len(cached(cache)) == 1
    store.pixels(Resize(size=8, resample=3))
    assert len(cached(cache)) == 2
    assert not [path for path in (cache / "pixels").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("damage", [b"", b"garbage", "half"])
def test_damaged_cache_is_rebuilt(store, cache, damage):
    before = np.array(store.pixels(Resize(size=8)))
    path = cached(cache)[0]
    path.write_bytes(path.read_bytes()[:900] if damage == "half" else damage)
    np.testing.assert_array_equal(store.pixels(Resize(size=8)), before)


def test_second_use_decodes_nothing(store, class_folders, monkeypatch):
    before = store.pixels(Resize(size=8))
    monkeypatch.setattr(image_store, "decode_batch", None)
    np.testing.assert_array_equal(load(class_folders).content.pixels(Resize(size=8)), before)


def test_full_disk(store, cache, monkeypatch):
    def full(path, write):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(image_store, "write_whole", full)
    pixels = store.pixels(Resize(size=8))
    np.testing.assert_array_equal(pixels, decode_files(store.sources, Resize(size=8)))
    assert store.pixels(Resize(size=8)) is pixels
    assert "No space left" in store.notes[0]
    assert len(store.notes) == 1


def test_disk_fills_up_half_way(store, cache, monkeypatch):
    calls = []
    original = image_store.decode_batch

    def decode(sources, resize):
        calls.append(len(sources))
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(sources, resize)

    monkeypatch.setattr(image_store, "_CHUNK_BYTES", 3 * 64 * 5)
    monkeypatch.setattr(image_store, "decode_batch", decode)
    assert store.pixels(Resize(size=8)).shape == (12, 3, 8, 8)
    assert not list((cache / "pixels").iterdir())


def test_sizes_and_views(tmp_path, save_image):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a", "b"):
        for i in range(2):
            save_image(tmp_path / "x" / name / f"{i}.jpg", seed=i + len(name), size=(40, 30), exif=exif)
    store = load(tmp_path / "x").content
    assert store.sizes.tolist() == [[30, 40]] * 4
    assert store.native_size == 30
    assert store.open(0).size == (30, 40)
    thumbnail = Image.open(io.BytesIO(store.thumbnail(0, size=20)))
    assert thumbnail.format == "PNG"
    assert max(thumbnail.size) == 20
