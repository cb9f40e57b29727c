import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from headstart.modalities.image.inputs import PixelInputs
from headstart.modalities.text.inputs import TokenInputs
from headstart.modalities.text.networks import HASH_SLOTS, hash_words
from headstart.models import ItemInputs, encode_items, resolve

TEXT = "text-classification"


@given(st.lists(st.text(), min_size=1, max_size=5), st.integers(1, 6))
def test_hashed_words_are_slots_and_never_empty(texts, limit):
    rows, cut = hash_words(texts, limit)
    assert len(rows) == len(texts)
    assert all(1 <= len(row) <= limit and row.min() >= 1 and row.max() < HASH_SLOTS for row in rows)
    assert 0 <= cut <= len(texts)


def test_hashes_are_the_same_on_every_machine():
    rows, cut = hash_words(["Good film!", "good FILM !"], 3)
    assert rows[0].tolist() == rows[1].tolist()
    assert hash_words(["one two three four"], 3)[1] == 1
    assert cut == 0


def test_tokens_are_padded_to_the_longest_of_the_batch():
    inputs = TokenInputs([np.asarray([3, 4, 5]), np.asarray([6]), np.asarray([7, 8])], padding=9, truncated=0)
    batch = inputs.batch(np.asarray([1, 2]))
    assert batch["input_ids"].tolist() == [[6, 9], [7, 8]]
    assert batch["attention_mask"].tolist() == [[1, 0], [1, 1]]
    assert inputs.lengths.tolist() == [3, 1, 2]


def test_a_tokenizer_cuts_long_texts_and_counts_them(text_folder):
    candidate = resolve(str(text_folder), TEXT).model_copy(update={"input_size": 6})
    inputs = encode_items(candidate, ["good film", "good film " * 5, ""])
    assert inputs.truncated == 1
    assert inputs.lengths.tolist() == [4, 6, 2]
    assert inputs.rows[1][-1] == inputs.rows[0][-1]  # the end mark survives


def test_tfidf_reads_raw_texts():
    inputs = encode_items(resolve("builtin:tfidf", TEXT), ("a", "b"))
    assert isinstance(inputs, ItemInputs)
    assert len(inputs) == 2
    with pytest.raises(NotImplementedError):
        inputs.batch(np.asarray([0]))


def test_pixels_are_standardised(save_images, image_folder):
    candidate = resolve(str(image_folder), "image-classification")
    inputs = encode_items(candidate, save_images(3))
    values = inputs.batch(np.asarray([2, 0]))["pixel_values"]
    assert values.shape == (2, 3, 32, 32)
    expected = (torch.from_numpy(inputs.pixels[2]) / 255 - torch.tensor(candidate.mean)[:, None, None]) / torch.tensor(
        candidate.std
    )[:, None, None]
    assert torch.allclose(values[0], expected, atol=1e-5)


def test_augmentation_follows_the_random_state(save_images, image_folder):
    candidate = resolve(str(image_folder), "image-classification")
    inputs: PixelInputs = encode_items(candidate, save_images(3))
    rows = np.arange(3)
    draws = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        draws.append(inputs.batch(rows, "flip")["pixel_values"])
    assert draws[0].equal(draws[1])
    assert not draws[0].equal(draws[2])
