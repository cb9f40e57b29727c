import numpy as np
import pytest
from PIL import Image, ImageFilter

from headstart.data import load
from headstart.data.duplicates import connect
from headstart.modalities.image import duplicates
from headstart.modalities.image.close_hashes import close_pairs
from headstart.modalities.image.duplicates import near_pairs


def smooth(seed, size=96):
    noise = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((size, size), 3)


def save(root, name, image, **options):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def test_copies_and_near_copies(tmp_path):
    root = tmp_path / "x"
    for i in range(4):
        save(root, f"a/{i}.png", smooth(i))
        save(root, f"b/{i}.png", smooth(100 + i))
    save(root, "a/same.bmp", smooth(0))  # other bytes, equal pixels
    save(root, "a/worse.jpg", smooth(1), quality=60)
    save(root, "b/blur.png", smooth(102).filter(ImageFilter.GaussianBlur(0.7)))
    data = load(root)
    at = {name: i for i, name in enumerate(data.ids)}
    exact, near = data.clusters.exact, data.clusters.near
    assert exact[at["a/same.bmp"]] == exact[at["a/0.png"]]
    assert len(set(exact)) == len(data) - 1
    assert near[at["a/worse.jpg"]] == near[at["a/1.png"]]
    assert near[at["b/blur.png"]] == near[at["b/2.png"]]
    assert len(set(near)) == len(data) - 3
    np.testing.assert_array_equal(data.groups[:, None] == data.groups, near[:, None] == near)


def test_flat_pictures_are_not_near():
    flat = np.full((5, 16, 17), 250, dtype=np.uint8)
    flat[:, 4, 4] = [0, 50, 100, 150, 200]
    assert len(near_pairs(flat, np.full(5, 200))) == 0


def test_search_equals_brute_force():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**63, (300, 4), dtype=np.uint64)
    bits[200:] = bits[:100] ^ (np.uint64(1) << rng.integers(0, 60, (100, 4), dtype=np.uint64))
    left, right = close_pairs(bits, 10)
    distance = np.bitwise_count(bits[:, None] ^ bits[None]).sum(axis=2)
    expected = {(i, j) for i, j in zip(*np.nonzero(distance <= 10), strict=True) if i < j}
    assert {(min(i, j), max(i, j)) for i, j in zip(left.tolist(), right.tolist(), strict=True)} == expected
    assert len(left) == len(expected) >= 100


def test_connect_follows_chains():
    joined = connect(5, np.array([0, 0, 1, 2, 3]), np.array([0, 1, 1, 2, 3]), pairs=np.array([[3, 4]]))
    assert joined.tolist() == [0, 0, 0, 1, 1]


def test_chains_of_lookalikes_are_cut():
    near = np.zeros(100, dtype=np.int64)
    assert len(set(duplicates._without_chains(np.arange(100), near))) == 100


@pytest.mark.slow
def test_twenty_thousand_pictures_are_quick():
    import time

    dots = np.random.default_rng(0).integers(0, 256, (20_000, 16, 17), dtype=np.uint8)
    start = time.perf_counter()
    near_pairs(dots, np.full(len(dots), 100))
    assert time.perf_counter() - start < 15
