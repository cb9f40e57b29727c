import json
import shutil
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from transformers import pipeline

from headstart.core import BundleError, DataError, Recipe, SettingsError
from headstart.modalities import modalities
from headstart.models import (
    Card,
    FittedModel,
    OneLayer,
    Readout,
    TwoLayers,
    Vote,
    averaged,
    build,
    classifier_on,
    encode_items,
    formats,
    get_family,
    load,
    resolve,
)
from headstart.models.families.tfidf import fit_tfidf

IMAGE, TEXT = "image-classification", "text-classification"
NAMES = ("cat", "dog", "eel")
TEXTS = ["good film", "bad plot", "a very poor scene", "great actor", "awful", "the plot was not fine"]


def card_of(candidate, task, model_format, **options):
    return Card(model_format=model_format, task=task, class_names=NAMES, candidate=candidate, arm="some@arm", **options)


def network_model(name, task, model_format, weights="pretrained", **options):
    candidate = resolve(name, task, native_size=32)
    network = build(candidate, NAMES, weights=weights, seed=3)
    with torch.no_grad():
        network.head.weight.mul_(20)  # probabilities that differ from each other
    return FittedModel(network, card_of(candidate, task, model_format, **options))


def probe_model(name, readout, head):
    candidate = resolve(name, TEXT)
    frozen = build(candidate, NAMES, weights="pretrained", seed=0)
    torch.manual_seed(0)
    network = classifier_on(frozen, readout, head)
    return FittedModel(network, card_of(candidate, TEXT, "headstart", readout=readout))


def tfidf_model(labels=(0, 1, 1, 2, 0, 2), texts=TEXTS):
    from headstart.core import Recipe

    pipe = fit_tfidf(texts, np.asarray(labels), Recipe(weight_decay=0.1), seed=0)
    return FittedModel(pipe, card_of(resolve("builtin:tfidf", TEXT), TEXT, "skops"))


def check_round_trip(model, items, folder, forget=None, allow_code=False):
    """Saved, loaded (with the first origin gone), saved again and loaded: the same predictions."""
    expected = model.predict_proba(items)
    assert expected.shape == (len(items), len(NAMES))
    assert expected.dtype == np.float32
    np.testing.assert_allclose(expected.sum(1), 1, atol=1e-5)
    model.save(folder)
    if forget:
        shutil.rmtree(forget)
    loaded = load(folder, allow_code=allow_code)
    np.testing.assert_array_equal(loaded.predict_proba(items), expected)
    assert loaded.class_names == NAMES
    assert loaded.predict(items) == [NAMES[i] for i in expected.argmax(1)]
    again = loaded.save(folder.with_name("again"))
    shutil.rmtree(folder)
    np.testing.assert_array_equal(load(again, allow_code=allow_code).predict_proba(items), expected)
    assert "folder" not in {k for k, v in json.loads((again / "headstart.json").read_text())["candidate"].items() if v}
    return again


def pipeline_probabilities(task, folder, items, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers speaks of torchvision and of devices
        answers = pipeline(task, model=str(folder), device="cpu")([str(i) for i in items], top_k=None, **options)
    return np.asarray([[{a["label"]: a["score"] for a in row}[name] for name in NAMES] for row in answers])


@pytest.mark.parametrize(
    "settings",
    [
        {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}},
        {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 36}, "crop_size": 32, "resample": 3},
        {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 32}},
    ],
)
def test_transformers_images_answer_alike_through_pipeline(image_folder, save_images, tmp_path, settings):
    (image_folder / "preprocessor_config.json").write_text(json.dumps(settings))
    model = network_model(str(image_folder), IMAGE, "transformers")
    paths = save_images(4)
    folder = check_round_trip(model, paths, tmp_path / "model", forget=image_folder)
    np.testing.assert_allclose(
        pipeline_probabilities(IMAGE, folder, paths), load(folder).predict_proba(paths), atol=1e-4
    )


def test_the_built_in_backbone_answers_alike_through_pipeline(save_images, tmp_path):
    model = network_model("builtin:image", IMAGE, "transformers")
    paths = save_images(3, size=(90, 70))
    folder = check_round_trip(model, paths, tmp_path / "model")
    np.testing.assert_allclose(
        pipeline_probabilities(IMAGE, folder, paths), load(folder).predict_proba(paths), atol=1e-4
    )


def test_transformers_texts_answer_alike_through_pipeline(text_folder, tmp_path):
    model = network_model(str(text_folder), TEXT, "transformers")
    folder = check_round_trip(model, TEXTS, tmp_path / "model", forget=text_folder)
    np.testing.assert_allclose(
        pipeline_probabilities(TEXT, folder, TEXTS), load(folder).predict_proba(TEXTS), atol=1e-4
    )


def test_long_texts_are_cut_alike(text_folder, tmp_path):
    model = network_model(str(text_folder), TEXT, "transformers")
    items = ["good film " * 100, "bad plot"]
    folder = model.save(tmp_path / "model")
    answers = pipeline_probabilities(TEXT, folder, items, truncation=True)
    np.testing.assert_allclose(answers, load(folder).predict_proba(items), atol=1e-4)


def test_the_built_in_encoder_answers_alike_through_pipeline(needs_minilm, tmp_path):
    model = network_model("builtin:text", TEXT, "transformers")
    folder = model.save(tmp_path / "model")
    np.testing.assert_allclose(
        pipeline_probabilities(TEXT, folder, TEXTS), load(folder).predict_proba(TEXTS), atol=1e-4
    )


def test_an_architecture_trained_from_scratch_loads_again(text_folder, tmp_path):
    (text_folder / "model.safetensors").unlink()
    check_round_trip(network_model(str(text_folder), TEXT, "transformers", weights="random"), TEXTS, tmp_path / "model")


# those of other modalities are saved and loaded by check_modality
COMPACT = [(name, kind.task) for kind in modalities() if kind.task in (IMAGE, TEXT) for name in kind.scratch]


@pytest.mark.parametrize(("name", "task"), COMPACT)
def test_compact_networks(save_images, tmp_path, name, task):
    waves = [[float(k * step % 7) for k in range(40)] for step in (1, 2, 3)]
    items = save_images(3) if task == IMAGE else {TEXT: TEXTS}.get(task, waves)
    check_round_trip(network_model(name, task, "headstart", weights="random"), items, tmp_path / "model")


HEADS = [OneLayer(16, 3), TwoLayers(16, 5, 3), Vote.of(torch.randn(9, 16), torch.arange(9) % 3, 3, 4)]


@pytest.mark.parametrize("head", HEADS, ids=lambda head: type(head).__name__)
@pytest.mark.parametrize("readout", [Readout(), Readout(stage=2, pooling="first"), Readout(stage=1, pooling="last")])
def test_heads_on_a_read_out(text_folder, tmp_path, readout, head):
    check_round_trip(probe_model(str(text_folder), readout, head), TEXTS, tmp_path / "model", forget=text_folder)


@pytest.mark.parametrize("merge", [False, True])
def test_adapters_in_their_own_form_and_merged(text_folder, tmp_path, merge):
    from headstart.core import Recipe
    from headstart.strategies import get_strategy

    candidate = resolve(str(text_folder), TEXT)
    network = build(candidate, NAMES, weights="pretrained", seed=3)
    network = get_strategy("lora").prepare(network, Recipe(), 0)
    with torch.no_grad():
        for parameter in (*network.added, *network.head_module.parameters()):
            parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(parameter.numel()))
    model = FittedModel(network, card_of(candidate, TEXT, "peft"))
    expected = model.predict_proba(TEXTS)
    if merge:
        model = model.merged()
        np.testing.assert_allclose(model.predict_proba(TEXTS), expected, atol=1e-5)
    saved = model.save(tmp_path / "model")
    np.testing.assert_allclose(load(saved).predict_proba(TEXTS), expected, atol=1e-5)
    if not merge:
        assert (saved / "adapter_model.safetensors").exists()
        (text_folder / "config.json").write_text((text_folder / "config.json").read_text() + " ")
        with pytest.raises(BundleError, match="belong to other weights"):
            load(saved)


def test_tfidf_needs_no_trust_beyond_skops_own(tmp_path):
    assert get_family("tfidf").trusted == ()
    check_round_trip(tfidf_model(), TEXTS, tmp_path / "model")


def test_tfidf_keeps_words_that_end_in_a_null_character(tmp_path):
    texts = [f"{text}\0" for text in TEXTS]
    model = tfidf_model(texts=texts)
    characters = dict(model.model.named_steps["counts"].transformer_list)["characters"]
    assert any(gram.endswith("\0") for gram in characters.vocabulary_)
    check_round_trip(model, texts, tmp_path / "model")


def test_a_loaded_tfidf_model_can_be_saved_again(tmp_path):
    first = load(tfidf_model().save(tmp_path / "first"))
    again = load(first.save(tmp_path / "again"))
    assert np.array_equal(first.predict_proba(TEXTS), again.predict_proba(TEXTS))


def test_tfidf_keeps_columns_for_classes_it_never_saw():
    model = tfidf_model(labels=(0, 2, 2, 0, 2, 0))
    probabilities = model.predict_proba(TEXTS)
    assert probabilities.shape == (6, 3)
    assert not probabilities[:, 1].any()
    assert set(model.predict(TEXTS)) == {"cat", "eel"}


def test_saving_leaves_the_network_where_and_as_it_is(save_images, tmp_path):
    model = network_model("builtin:compact-image", IMAGE, "headstart", weights="random")
    model.model.to(memory_format=torch.channels_last)
    strides = model.model.module.stem.weight.stride()
    model.save(tmp_path / "model")
    assert model.model.module.stem.weight.stride() == strides


def test_a_study_folder_leads_to_its_model(tmp_path):
    tfidf_model().save(tmp_path / "study" / "model")
    assert load(tmp_path / "study").predict(["good film"])


def test_saving_replaces_an_older_model_whole(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old.txt").write_text("old")
    tfidf_model().save(tmp_path / "model")
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == [
        "README.md",
        "headstart.json",
        "model.skops",
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_an_unwritable_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="cannot be saved: Not a directory"):
        tfidf_model().save(tmp_path / "file" / "model")


def test_a_full_disk_keeps_the_older_model(tmp_path, monkeypatch):
    old = tfidf_model().save(tmp_path / "model")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(formats.WRITERS, "skops", full)
    with pytest.raises(BundleError, match="No space left on device"):
        tfidf_model().save(tmp_path / "model")
    assert load(old).predict(["good"])


@pytest.mark.parametrize("damage", ["truncate", "remove", "garbage", "other"])
@pytest.mark.parametrize("kind", ["transformers", "compact", "probe", "tfidf"])
def test_damage_is_a_bundle_error_in_one_line(kind, damage, text_folder, tmp_path):
    model = {
        "transformers": lambda: network_model(str(text_folder), TEXT, "transformers"),
        "compact": lambda: network_model("builtin:compact-text", TEXT, "headstart", weights="random"),
        "probe": lambda: probe_model(str(text_folder), Readout(), OneLayer(16, 3)),
        "tfidf": tfidf_model,
    }[kind]()
    folder = model.save(tmp_path / "model")
    file = next(
        iter(
            sorted(
                [*folder.glob("model.*"), *folder.glob("network.s*"), *folder.glob("head.*")],
                key=lambda f: -f.stat().st_size,
            )
        )
    )
    content = file.read_bytes()
    if damage == "truncate":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "remove":
        file.unlink()
    elif damage == "garbage":
        file.write_bytes(b"\x00" * 100)
    else:
        from safetensors.torch import save_file

        save_file({"nothing": torch.zeros(1)}, file, metadata={"format": "pt"})
    with pytest.raises(BundleError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_foreign_types_in_skops_files_are_refused(tmp_path):
    from fractions import Fraction

    import skops.io

    folder = tfidf_model().save(tmp_path / "model")
    skops.io.dump({"x": Fraction(1, 2)}, folder / "model.skops")
    with pytest.raises(BundleError, match="not trusted"):
        load(folder)


def test_what_is_no_model_is_said(tmp_path):
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BundleError, match="no headstart.json"):
            load(place)
    (tmp_path / "headstart.json").write_text("{")
    with pytest.raises(BundleError, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(BundleError, match="no headstart.json"):
        load(tmp_path / "headstart.json")


def test_nothing_and_unreadable_files_cannot_be_predicted(tmp_path):
    model = network_model("builtin:compact-image", IMAGE, "headstart", weights="random")
    with pytest.raises(DataError, match="nothing to predict"):
        model.predict([])
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(DataError):
        model.predict([tmp_path / "broken.png"])


def test_rows_choose_inputs_in_their_order(save_images):
    model = network_model("builtin:compact-image", IMAGE, "headstart", weights="random")
    inputs = encode_items(model.card.candidate, save_images(5))
    whole = model.predict_inputs(inputs)
    rows = np.asarray([4, 0, 2])
    np.testing.assert_allclose(model.predict_inputs(inputs, rows, batch_size=2), whole[rows], atol=1e-6)


class Tied(nn.Module):
    """Two layers that share their weight, and a head."""

    def __init__(self, num_classes):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.fc = nn.Linear(3, num_classes)

    def forward(self, pixel_values):
        return self.fc(self.second(self.first(pixel_values.mean((2, 3))).relu()))


def test_shared_weights_are_saved(save_images, tmp_path):
    model = network_model(f"arch:{__name__}:Tied", IMAGE, "headstart", weights="random")
    check_round_trip(model, save_images(3), tmp_path / "model", allow_code=True)


def test_code_that_changed_is_told_of(tmp_path, monkeypatch):
    folder = network_model(f"arch:{__name__}:Tied", IMAGE, "headstart", weights="random").save(tmp_path / "model")
    monkeypatch.setattr("headstart.models.code.code_hash", lambda _path: "another")
    with pytest.raises(BundleError, match="is not as it was when the model was saved"):
        load(folder, allow_code=True)


def ensemble_model(save_images):
    networks = [network_model("builtin:compact-image", IMAGE, "headstart", weights="random").model for _ in range(3)]
    with torch.no_grad():
        for number, network in enumerate(networks):
            network.head.bias.add_(torch.arange(3.0) * number)
    whole = averaged(networks)
    return FittedModel(whole, card_of(networks[0].candidate, IMAGE, "ensemble", members=3)), networks


def test_an_ensemble_predicts_the_mean_and_comes_back_whole(save_images, tmp_path):
    model, networks = ensemble_model(save_images)
    files = save_images(4)
    card = card_of(networks[0].candidate, IMAGE, "headstart")
    mean = np.mean([FittedModel(network, card).predict_proba(files) for network in networks], axis=0)
    np.testing.assert_allclose(model.predict_proba(files), mean, atol=1e-6)
    check_round_trip(model, files, tmp_path / "model")


def test_an_ensemble_that_lost_a_member_is_refused(save_images, tmp_path):
    folder = ensemble_model(save_images)[0].save(tmp_path / "model")
    shutil.rmtree(folder / "member-1")
    with pytest.raises(BundleError, match="2 of the 3 members are here"):
        load(folder)


def test_what_has_no_adapters_cannot_be_merged():
    for model in (tfidf_model(), network_model("builtin:compact-image", IMAGE, "headstart", weights="random")):
        with pytest.raises(SettingsError, match="no adapters that could be merged"):
            model.merged()


def test_adapters_of_a_persons_own_network_are_merged_into_it(save_images, tmp_path):
    from headstart.strategies import get_strategy

    network = network_model("arch:headstart.testing.architectures:cnn", IMAGE, "headstart", weights="random").model
    adapted = get_strategy("lora").prepare(network, Recipe(rank=2), 0)
    with torch.no_grad():
        for parameter in adapted.added:
            parameter.normal_()
    model = FittedModel(adapted, card_of(network.candidate, IMAGE, "peft"))
    files = save_images(3)
    before = model.predict_proba(files)
    merged = model.merged()
    np.testing.assert_allclose(merged.predict_proba(files), before, atol=1e-4)
    np.testing.assert_allclose(load(merged.save(tmp_path / "m")).predict_proba(files), before, atol=1e-4)


def test_adapters_whose_base_is_gone_say_so(text_folder, tmp_path):
    from headstart.strategies import get_strategy

    network = network_model(str(text_folder), TEXT, "transformers").model
    adapted = get_strategy("lora").prepare(network, Recipe(rank=2), 0)
    folder = FittedModel(adapted, card_of(network.candidate, TEXT, "peft")).save(tmp_path / "model")
    text_folder.rename(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="which cannot be had here"):
        load(folder)
