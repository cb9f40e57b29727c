"""Networks of timm: found, cut, trained, saved. timm itself is real; where torchvision is not, a stand-in is."""

import functools
import importlib.util
import sys
import types

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

import headstart as hs
from headstart.core import SettingsError, SourceError
from headstart.models import Card, FittedModel, build, draw_anew, load, resolve
from headstart.models import hub as models_hub
from headstart.models.families.timm import TimmNetwork, import_timm
from headstart.strategies import get_strategy

IMAGE = "image-classification"
NAMES = ("a", "b", "c")
SMALL = "test_resnet"  # timm's own tiny networks, of 160 pixels
STAND_IN = (
    "torchvision",
    "torchvision.transforms",
    "torchvision.transforms.functional",
    "torchvision.ops",
    "torchvision.ops.misc",
    "torchvision.datasets",
    "torchvision.models",
    "torchvision.models.feature_extraction",
)


class AnyName(type):
    """A class that has every attribute."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class StandIn(types.ModuleType):
    """A module from which every class can be imported."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyName(name, (), {})


@pytest.fixture(scope="module", autouse=True)
def timm():
    """timm, of which only the parts that read and vary pictures need torchvision, and these are not used here.

    The stand-in is there while timm is imported, and transformers has settled before that there is none.
    """
    from transformers.utils import is_torchvision_available

    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed; `make setup` does it")
    if is_torchvision_available():
        return import_timm()
    before = {name: sys.modules[name] for name in STAND_IN if name in sys.modules}
    try:
        for name in STAND_IN:
            sys.modules[name] = StandIn(name)
            parent, _, last = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], last, sys.modules[name])
        return import_timm()
    finally:
        for name in STAND_IN:
            del sys.modules[name]
        sys.modules.update(before)


@pytest.fixture
def cached(timm, tmp_path, monkeypatch):
    """A hub cache with made-up weights of small networks; returns what fills it."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def put(name):
        hub_id = timm.models.get_pretrained_cfg(name).hf_hub_id
        place = tmp_path / "hub" / f"models--{hub_id.replace('/', '--')}"
        (place / "snapshots" / "1").mkdir(parents=True)
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text("1")
        torch.manual_seed(5)
        state = timm.create_model(name, pretrained=False).state_dict()
        save_file(state, place / "snapshots" / "1" / "model.safetensors", metadata={"format": "pt"})
        return state

    return put


@pytest.mark.parametrize(
    ("name", "first", "last", "stages"),
    [
        ("resnet50", "stem", "layer4", 5),
        ("vgg16", "stem", "pre_logits.fc2", 3),
        ("densenet121", "features.conv0", "features.norm5", 10),
    ],
)
def test_the_usual_names_are_cut_from_input_to_output(timm, name, first, last, stages):
    candidate = resolve(f"timm:{name}", IMAGE)
    assert (candidate.family, candidate.input_size, candidate.resize.mode) == ("timm", 224, "crop")
    assert candidate.resize.shorter == int(224 / timm.models.get_pretrained_cfg(name).crop_pct)
    assert candidate.mean == (0.485, 0.456, 0.406)
    assert candidate.licence
    with torch.device("meta"):  # VGG-16 alone has half a gigabyte
        network = build(candidate, NAMES, weights="random", seed=0)
    assert network.head.out_features == 3
    assert len(network.stages) == stages
    assert [network.stages[place].name.removeprefix("net.") for place in (0, -1)] == [first, last]
    owned = [id(p) for stage in network.stages for p in stage.parameters()] + [id(p) for p in network.head.parameters()]
    assert sorted(owned) == sorted(id(p) for p in network.parameters())


@pytest.mark.parametrize("name", [SMALL, "test_vit", "test_convnext", "test_efficientnet"])
def test_random_weights_follow_the_seed(name):
    candidate = resolve(f"timm:{name}", IMAGE)
    one, same, other = (build(candidate, NAMES, weights="random", seed=seed) for seed in (0, 0, 1))
    pairs = [
        (a, b, c)
        for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True)
        if a.ndim > 1 and a.std() > 0
    ]
    assert pairs
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not any(torch.equal(a, c) for a, _, c in pairs)
    pixels = torch.randn(2, 3, candidate.input_size, candidate.input_size)
    assert one.eval()(pixel_values=pixels).shape == (2, 3)
    assert one.features(pixel_values=pixels).shape == (2, one.head.in_features)


def test_without_weights_it_says_why_and_trains_from_scratch_alone(colours, tmp_path):
    candidate = resolve(f"timm:{SMALL}", IMAGE)
    assert not candidate.has_weights
    assert "not in the local cache, and the hub cannot be reached" in candidate.missing
    for name in ("full_finetune", "linear_probe", "lora"):
        assert get_strategy(name).refuses(candidate) == candidate.missing
    with pytest.raises(SourceError, match="the hub cannot be reached.*from_scratch"):
        build(candidate, NAMES, weights="pretrained", seed=0)
    with pytest.raises(SettingsError, match="does not apply to timm:test_resnet: its weights, timm/test_resnet"):
        hs.fit(colours, f"timm:{SMALL}", "full_finetune")
    fitted = hs.fit(
        colours, f"timm:{SMALL}", "from_scratch", recipe={"steps": 3, "batch_size": 8}, out=tmp_path / "model"
    )
    assert any("trains from scratch alone: its weights, timm/" in note for note in fitted.measurement.notes)
    files = sorted(colours.rglob("*.png"))[:3]
    assert fitted.model().predict_proba(files).shape == (3, 3)


def test_cached_weights_are_loaded_with_a_fresh_head(cached):
    state = cached(SMALL)
    candidate = resolve(f"timm:{SMALL}", IMAGE)
    assert candidate.has_weights
    assert candidate.missing == ""
    one, other = (build(candidate, NAMES, weights="pretrained", seed=seed) for seed in (0, 1))
    for name, value in one.module.net.state_dict().items():
        assert name.startswith("fc.") or torch.equal(value, state[name])
    assert not torch.equal(one.head.weight, other.head.weight)
    classes = tuple(str(number) for number in range(1000))
    whole = build(candidate, classes, weights="pretrained", seed=0)
    assert not torch.equal(whole.head.weight, state["fc.weight"])
    scratch = build(candidate, NAMES, weights="random", seed=0)
    assert not torch.equal(scratch.module.net.conv1[0].weight, state["conv1.0.weight"])


def test_the_identity_follows_the_weights(cached):
    without = resolve(f"timm:{SMALL}", IMAGE).weights_hash
    cached(SMALL)
    assert resolve(f"timm:{SMALL}", IMAGE).weights_hash != without


@pytest.mark.parametrize("strategy", ["linear_probe", "full_finetune", "lora", "partial_transfer"])
def test_it_transfers_is_saved_and_loaded(cached, colours, tmp_path, strategy):
    cached(SMALL)
    settings = {} if strategy == "linear_probe" else {"steps": 3, "batch_size": 8}
    fitted = hs.fit(colours, f"timm:{SMALL}", strategy, recipe=settings, out=tmp_path / "model")
    files = sorted(colours.rglob("*.png"))[::9]
    first = fitted.model()
    assert first.card.model_format == ("peft" if strategy == "lora" else "headstart")
    again = first.save(tmp_path / "again")
    np.testing.assert_allclose(load(again).predict_proba(files), first.predict_proba(files), atol=1e-6)


def test_late_stages_are_drawn_anew(cached):
    state = cached("test_vit")
    network = build(resolve("timm:test_vit", IMAGE), NAMES, weights="pretrained", seed=0)
    draw_anew(network, [len(network.stages) - 1], seed=3)
    now = network.module.net.state_dict()
    assert torch.equal(now["blocks.0.attn.qkv.weight"], state["blocks.0.attn.qkv.weight"])
    assert not torch.equal(now["blocks.5.attn.qkv.weight"], state["blocks.5.attn.qkv.weight"])


def test_weights_that_do_not_fit_are_one_line(cached, tmp_path):
    cached(SMALL)
    candidate = resolve(f"timm:{SMALL}", IMAGE)
    save_file({"nothing": torch.zeros(1)}, next((tmp_path / "hub").rglob("model.safetensors")))
    with pytest.raises(SourceError, match="cannot be built: most of its weights are missing") as caught:
        build(candidate, NAMES, weights="pretrained", seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet5O", "timm knows no network 'resnet5O'; Did you mean 'resnet50'"),
        ("desnet121", "Did you mean 'densenet121'"),
        ("resnet50.a1_in2k", "timm knows no weights 'resnet50.a1_in2k'; Did you mean 'resnet50.a1_in1k'"),
        ("", "timm knows no network ''"),
    ],
)
def test_a_spelling_mistake_gets_a_suggestion(name, words):
    with pytest.raises(SourceError, match=words):
        resolve(f"timm:{name}", IMAGE)


def test_texts_are_told_that_it_is_for_images():
    with pytest.raises(SourceError, match="timm:resnet50 is for images"):
        resolve("timm:resnet50", "text-classification")


def test_timm_that_is_not_installed(monkeypatch, tmp_path):
    network = build(resolve(f"timm:{SMALL}", IMAGE), NAMES, weights="random", seed=0)
    assert isinstance(network.module, TimmNetwork)
    card = Card(
        model_format="headstart", task=IMAGE, class_names=NAMES, candidate=network.candidate, arm="from_scratch@timm"
    )
    folder = FittedModel(network, card).save(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "timm", None)
    for call in (functools.partial(resolve, "timm:resnet50", IMAGE), functools.partial(load, folder)):
        with pytest.raises(SourceError, match=r"timm is not installed; pip install 'headstart\[timm\]'"):
            call()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import torchvision", r"needs torchvision, which is not installed; pip install torch==[\d.]+ torchvision"),
        ("raise RuntimeError('built for another Python')", "timm cannot be imported: built for another Python; pip"),
    ],
)
def test_timm_that_cannot_be_imported(monkeypatch, tmp_path, code, words):
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm")
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(SourceError, match=words):
        import_timm()


def test_the_hub_is_asked_where_the_cache_has_nothing(monkeypatch):
    asked = []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(models_hub, "can_connect", lambda: bool(asked.append(1)))
    assert not resolve(f"timm:{SMALL}", IMAGE).has_weights
    assert asked


@pytest.mark.parametrize("name", ["timm:local-dir:/somewhere", "timm:hf-hub:someone/net"])
def test_a_card_cannot_make_timm_read_folders_or_the_hub(name):
    candidate = resolve(f"timm:{SMALL}", IMAGE).model_copy(update={"name": name})
    with pytest.raises(SourceError, match="timm knows no network"):
        build(candidate, NAMES, weights="random", seed=0)
