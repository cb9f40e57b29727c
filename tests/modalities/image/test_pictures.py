import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from headstart.core import DataError, SettingsError
from headstart.modalities.image.augmentation import augment, move_together, standardise
from headstart.modalities.image.pixels import Resize, decode_files, open_image


@pytest.mark.parametrize("resample", [2, 3])
@pytest.mark.parametrize("size", [(20, 16), (33, 57), (12, 12)])
def test_squash_equals_pillow(tmp_path, save_image, size, resample):
    path = save_image(tmp_path / "a.png", size=size)
    expected = np.asarray(Image.open(path).convert("RGB").resize((16, 16), resample))
    ours = decode_files([path], Resize(size=16, resample=resample))
    assert ours.shape == (1, 3, 16, 16)
    np.testing.assert_array_equal(ours[0].transpose(1, 2, 0), expected)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [(20, 16), (33, 57), (17, 90)])
def test_same_pixels_as_transformers(tmp_path, save_image, size, orientation):
    from transformers.image_utils import load_image
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save_image(tmp_path / "a.jpg", size=size, exif=exif)
    image = load_image(str(path))
    raw = {"do_rescale": False, "do_normalize": False}
    crop = BitImageProcessorPil(size={"shortest_edge": 18}, crop_size={"height": 15, "width": 15}, resample=3, **raw)
    squash = ViTImageProcessorPil(size={"height": 15, "width": 15}, resample=2, **raw)
    cases = ((crop, Resize(size=15, mode="crop", shorter=18, resample=3)), (squash, Resize(size=15)))
    for processor, resize in cases:
        expected = processor(images=image)["pixel_values"][0]
        np.testing.assert_array_equal(decode_files([path], resize)[0], expected)


def test_crop_larger_than_the_image_is_padded(tmp_path, save_image):
    path = save_image(tmp_path / "a.png", size=(10, 10))
    pixels = decode_files([path], Resize(size=14, mode="crop", shorter=10))
    assert pixels.shape == (1, 3, 14, 14)
    assert not pixels[:, :, :2].any()


def test_modes(tmp_path):
    for mode in ("L", "P", "RGBA", "1", "CMYK"):
        path = tmp_path / f"{mode}.{'jpg' if mode == 'CMYK' else 'png'}"
        Image.new(mode, (9, 9)).save(path)
        assert decode_files([path], Resize(size=4)).shape == (1, 3, 4, 4)


def test_unreadable_file_is_named(write):
    with pytest.raises(DataError, match=r"cannot be read.*bad\.png"):
        decode_files([write("bad.png", "no image")], Resize(size=8))
    with pytest.raises(DataError, match="there is no such file"):
        decode_files(["absent.png"], Resize(size=8))


def test_resize_is_checked():
    with pytest.raises(ValidationError):
        Resize(size=0)
    with pytest.raises(ValidationError):
        Resize(size=8, shorter=9)
    assert Resize(size=8, mode="crop", shorter=9).key != Resize(size=8, mode="crop").key


@pytest.mark.parametrize("level", ["none", "shift", "flip", "strong"])
def test_augment(level):
    batch = torch.rand(6, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    before = batch.clone()
    torch.manual_seed(1)
    first = augment(batch, level)
    torch.manual_seed(1)
    again = augment(batch, level)
    assert torch.equal(first, again)
    assert torch.equal(batch, before)
    assert first.shape == batch.shape
    assert first.min() >= 0
    assert first.max() <= 1
    if level != "none":
        assert not torch.equal(first, augment(batch, level))
        copies = augment(batch[:1].expand(16, -1, -1, -1), level)
        assert len({image.sum().item() for image in copies}) > 4  # a draw for each picture


@pytest.mark.parametrize("move", [augment, move_together])
def test_shift_moves_whole_pixels(move):
    torch.manual_seed(0)
    batch = torch.rand(4, 3, 16, 16)
    moved = move(batch, "shift")
    for before, after in zip(batch, moved, strict=True):
        centre = after[:, 4:12, 4:12]
        errors = [
            (before[:, 4 + y : 12 + y, 4 + x : 12 + x] - centre).abs().max() for y in range(-2, 3) for x in range(-2, 3)
        ]
        assert min(errors) < 1e-4


def test_a_batch_moved_together_has_the_edges_and_draws_of_pictures_moved_alone():
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 16, 24)
    padded = torch.nn.functional.pad(picture, (3, 3, 2, 2), mode="reflect")[0]
    crops = {(y, x): padded[:, y : y + 16, x : x + 24] for y in range(5) for x in range(7)}
    for level in ("shift", "flip"):
        found = []
        for moved in move_together(picture.expand(600, -1, -1, -1), level):
            for mirrored in (False, True):
                shown = moved.flip(-1) if mirrored else moved
                found += [(*place, mirrored) for place, crop in crops.items() if (crop - shown).abs().max() < 1e-3]
        assert len(found) == 600, "each is one of the crops"
        assert len({place[:2] for place in found}) == 35, "and all of them come up"
        assert 240 < sum(not place[2] for place in found) < 600 if level == "flip" else not any(p[2] for p in found)


def test_cuts_hold_half_of_a_picture_or_more():
    torch.manual_seed(0)
    across = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)
    moved = move_together(across.expand(400, -1, -1, -1), "strong")
    widths = (moved[:, 0, 0, -1] - moved[:, 0, 0, 0]).abs()  # as a share of the picture's
    heights = move_together(across.transpose(2, 3).expand(400, -1, -1, -1), "strong")
    heights = (heights[:, 0, -1, 0] - heights[:, 0, 0, 0]).abs()
    for shares in (widths, heights):
        assert 0.58 < shares.min() < 0.68, "the square root of half the area at 3:4 is 0.61"
        assert 0.97 < shares.max() <= 1.0
        assert 0.78 < shares.mean() < 0.88


def test_unknown_augmentation():
    with pytest.raises(SettingsError, match="Did you mean 'strong'"):
        augment(torch.rand(1, 3, 8, 8), "stron")


def test_standardise():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4), dtype=np.uint8)
    pixels.flags.writeable = False
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    expected = (pixels / 255 - np.array(mean).reshape(3, 1, 1)) / np.array(std).reshape(3, 1, 1)
    for given in (pixels, torch.tensor(pixels), torch.tensor(pixels) / 255):
        ours = standardise(given, mean, std)
        assert ours.dtype == torch.float32
        np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 1000, 4095]], dtype=np.uint16), [0, 62, 255]),  # twelve bits in sixteen
        (np.array([[0, 32768, 65535]], dtype=np.uint16), [0, 128, 255]),
        (np.array([[0, 0.5, 1]], dtype=np.float32), [0, 128, 255]),
        (np.array([[0, 128, 255]], dtype=np.float32), [0, 128, 255]),
        (np.array([[-10, 0, 10]], dtype=np.float32), [0, 128, 255]),
    ],
)
def test_grey_of_more_than_eight_bits_keeps_its_shades(tmp_path, values, expected):
    Image.fromarray(values).save(tmp_path / "deep.tiff")
    assert np.asarray(open_image(tmp_path / "deep.tiff"))[0, :, 0].tolist() == expected
