"""Pixels keep their meaning (kind C): one ground and one scale for a whole set."""

import numpy as np
import pytest
from awkward_inputs import class_tree, picture
from PIL import Image, ImageDraw

from headstart.core import DataError
from headstart.data import check, load
from headstart.modalities.image.pixels import Resize, decode_files
from headstart.modalities.image.tones import Tones


def codes(data):
    return {finding.code: finding for finding in check(data)}


def drawings(root, ink, mode="RGBA", end="png"):
    """Rings and crosses in one colour on a transparent ground."""
    rng = np.random.default_rng(3)
    for name in ("ring", "cross"):
        (root / name).mkdir(parents=True)
        for k in range(10):
            image = Image.new("RGBA", (40, 40), (*ink, 0))
            pen = ImageDraw.Draw(image)
            x, y, r = rng.integers(14, 26), rng.integers(14, 26), rng.integers(6, 12)
            box = (int(x - r), int(y - r), int(x + r), int(y + r))
            if name == "ring":
                pen.ellipse(box, outline=(*ink, 255), width=3)
            else:
                pen.line(box, fill=(*ink, 255), width=3)
            image.convert(mode).save(root / name / f"{k}.{end}")
    return root


@pytest.mark.parametrize("ink", [(0, 0, 0), (200, 30, 30), (255, 255, 255)])
@pytest.mark.parametrize(("mode", "end"), [("RGBA", "png"), ("LA", "png"), ("RGBA", "webp")])
def test_drawings_on_a_transparent_ground_stay_visible(tmp_path, ink, mode, end):
    data = load(drawings(tmp_path, ink, mode, end))
    found = codes(data)
    assert "contradiction" not in found
    ground = "black" if ink == (255, 255, 255) else "white"
    assert f"20 transparent images shown on a {ground} ground" in found["transparent"].message
    pixels = data.content.pixels(Resize(size=32))
    assert min(image.std() for image in pixels) > 10


def test_palette_with_a_transparent_colour(tmp_path):
    for c, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        for k in range(4):
            image = Image.new("P", (16, 16), 0)
            image.putpalette([0, 0, 0, 0, 0, 0] + [255, 0, 0])
            ImageDraw.Draw(image).rectangle((2 + c, 2 + k, 8 + k, 9), fill=1)
            image.save(tmp_path / name / f"{k}.png", transparency=0)
    data = load(tmp_path)
    assert codes(data)["transparent"].count == 8
    assert np.asarray(data.content.open(0)).max() == 255


def test_ground_is_one_for_the_set_and_reaches_new_pictures(tmp_path):
    data = load(drawings(tmp_path, (255, 255, 255)))
    resize = data.content.resize(Resize(size=32))
    assert resize.tones == Tones(ground="black")
    new = decode_files([tmp_path / "ring" / "0.png"], resize)
    index = data.ids.index("ring/0.png")
    np.testing.assert_array_equal(new[0], data.content.pixels(Resize(size=32))[index])


def test_opaque_alpha_changes_nothing(tmp_path):
    for c, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        for k in range(4):
            picture(10 * c + k).convert("RGBA").save(tmp_path / name / f"{k}.png")
    data = load(tmp_path)
    assert "transparent" not in codes(data)
    assert data.content.scan.tones is None
    np.testing.assert_array_equal(np.asarray(data.content.open(0)), np.asarray(picture(0)))


def deep(root, make, peaks=(900, 3500), end="png"):
    rng = np.random.default_rng(0)
    for name, peak in zip(("thin", "thick"), peaks, strict=True):
        (root / name).mkdir(parents=True)
        for k in range(8):
            field = np.kron(rng.random((6, 6)), np.ones((4, 4)))
            Image.fromarray(make(field / field.max() * peak)).save(root / name / f"{k}.{end}")
    return root


@pytest.mark.parametrize(
    ("make", "peaks", "end", "top"),
    [
        (lambda field: field.astype(np.uint16), (900, 3500), "png", "4095"),
        (lambda field: field.astype(np.uint16), (900, 60000), "tiff", "65535"),
        (lambda field: field.astype(np.int32), (100, 900), "tiff", "1023"),
        (lambda field: field.astype(np.float32), (0.2, 0.9), "tiff", "1 "),
        (lambda field: field.astype(np.float32), (20, 90), "tiff", "255"),
        (lambda field: field.astype(np.float32), (900, 4000), "tiff", "4000"),
    ],
)
def test_deep_grey_keeps_its_brightness(tmp_path, make, peaks, end, top):
    data = load(deep(tmp_path, make, peaks, end))
    message = codes(data)["deep-grey"].message
    assert message.startswith("16 images")
    assert f"to {top}" in message
    pixels = data.content.pixels(Resize(size=24))
    means = [pixels[data.labels == label].mean() for label in (0, 1)]
    bright = data.class_names.index("thick")
    assert means[bright] == pytest.approx(means[1 - bright] * peaks[1] / peaks[0], rel=0.25)


def test_scale_reaches_new_pictures(tmp_path):
    data = load(deep(tmp_path, lambda field: field.astype(np.uint16)))
    resize = data.content.resize(Resize(size=24))
    assert resize.key != Resize(size=24).key
    index = data.ids.index("thin/0.png")
    new = decode_files([tmp_path / "thin" / "0.png"], resize)
    np.testing.assert_array_equal(new[0], data.content.pixels(resize)[index])


def test_fingerprint_of_usual_pictures_does_not_know_tones(tmp_path):
    usual = load(class_tree(tmp_path / "usual", ("a", "b")))
    assert usual.content.scan.tones is None
    assert usual.content.resize(Resize(size=8)) == Resize(size=8)


def test_colours_of_sixteen_bits_are_named(tmp_path):
    import struct
    import zlib

    def png(seed):
        rows = np.random.default_rng(seed).integers(0, 65536, (8, 8, 3)).astype(">u2")
        raw = b"".join(b"\x00" + row.tobytes() for row in rows)

        def chunk(kind, content):
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        head = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
        parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + parts

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for k in range(3):
            (tmp_path / name / f"{k}.png").write_bytes(png(k + 10 * (name == "b")))
    assert codes(load(tmp_path))["deep-colour"].count == 6


def test_other_conversions_are_named(tmp_path):
    class_tree(tmp_path, ("a", "b"))
    picture(1).convert("CMYK").save(tmp_path / "a" / "print.jpg")
    picture(2).convert("P").save(tmp_path / "a" / "film.gif", save_all=True, append_images=[picture(3).convert("P")])
    picture(4, side=2).save(tmp_path / "b" / "dot.png")
    found = codes(load(tmp_path))
    assert found["cmyk"].count == found["moving"].count == found["tiny-image"].count == 1


def test_copies_of_one_picture_are_named_as_the_cause(tmp_path):
    from headstart.data import make_splits

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for k in range(3):
            picture(0).save(tmp_path / name / f"{k}.png")
    with pytest.raises(DataError, match="copies of each other") as caught:
        make_splits(load(tmp_path))
    assert "--group-column" not in str(caught.value)
