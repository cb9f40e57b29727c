"""No code that a model folder names runs on loading, by any way in, unless the user allows it."""

from __future__ import annotations

import contextlib
import json
import sys

import numpy as np
import pytest
import torch

from headstart.core import BundleError, HeadstartError, Recipe
from headstart.models import Card, FittedModel, averaged, build, inserted_source, load, read_card, resolve
from headstart.models.code import code_hash, find_source

IMAGE, TEXT = "image-classification", "text-classification"
NAMES = ("cat", "dog", "eel")
TEXTS = ["good film", "bad plot"]
CALLABLES = ["os:_exit", "os:close", "builtins:input", "ctypes:string_at", "antigravity:webbrowser", "os:system"]


@pytest.fixture
def payload(tmp_path, monkeypatch):
    """A folder, also the working directory, with a module that leaves a mark when it is imported."""
    folder = tmp_path / "received"
    folder.mkdir()
    mark = tmp_path / "mark"
    (folder / "payload.py").write_text(
        f"open({str(mark)!r}, 'w').close()\nfrom torch import nn\ndef make(n):\n    return nn.Linear(n, n)\n"
    )
    monkeypatch.chdir(folder)
    before = list(sys.path)
    yield folder, mark
    assert not mark.exists(), "code of the folder ran"
    assert sys.path == before
    assert "payload" not in sys.modules


def save_compact(folder, **changes):
    """A model of the compact network whose card is then changed."""
    candidate = resolve("builtin:compact-text", TEXT)
    network = build(candidate, NAMES, weights="random", seed=0)
    card = Card(model_format="headstart", task=TEXT, class_names=NAMES, candidate=candidate, arm="a@b")
    FittedModel(network, card).save(folder)
    change_card(folder, **changes)
    return folder


def change_card(folder, **changes):
    file = folder / "headstart.json"
    card = json.loads(file.read_text())
    for word, value in changes.items():
        if isinstance(value, dict):
            card[word] |= value
        else:
            card[word] = value
    file.write_text(json.dumps(card))


def refused(folder, words="code", **options):
    with pytest.raises(HeadstartError, match=words) as caught:
        load(folder, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def in_place(folder, tmp_path, **changes):
    """The same as :func:`save_compact`, written over a folder that holds other files."""
    made = save_compact(tmp_path / "made", **changes)
    for file in made.iterdir():
        file.rename(folder / file.name)


@pytest.mark.parametrize(
    ("model_format", "saved_hash"), [("headstart", ""), ("headstart", "00"), ("headstart", "right"), ("peft", "right")]
)
def test_an_architecture_in_the_folder(payload, tmp_path, saved_hash, model_format):
    folder, _ = payload
    found = code_hash("payload:make") if saved_hash == "right" else saved_hash
    candidate = {"family": "own", "name": "arch:payload:make", "weights_hash": found}
    in_place(folder, tmp_path, candidate=candidate, model_format=model_format)
    if model_format == "peft":
        (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
        (folder / "model.safetensors").touch()
        from safetensors.torch import save_file

        save_file({"x": torch.zeros(1)}, folder / "adapter_model.safetensors")
    said = refused(folder, "needs code that is not part of it, payload:make")
    assert "--allow-code" in said
    assert "allow_code=True" in said
    if saved_hash != "right":
        refused(folder, "found here|not as it was", allow_code=True)


@pytest.mark.parametrize("saved_hash", ["", "00"])
def test_a_module_to_insert(payload, tmp_path, saved_hash):
    folder, _ = payload
    in_place(folder, tmp_path, inserted="payload:make", inserted_source=saved_hash)
    refused(folder, "needs code that is not part of it, payload:make")
    refused(folder, "found here|not as it was", allow_code=True)


def test_a_member_of_an_ensemble(payload, tmp_path):
    folder, _ = payload
    candidate = resolve("builtin:compact-text", TEXT)
    networks = [build(candidate, NAMES, weights="random", seed=seed) for seed in range(2)]
    card = Card(model_format="ensemble", task=TEXT, class_names=NAMES, candidate=candidate, arm="a@b", members=2)
    FittedModel(averaged(networks), card).save(tmp_path / "ensemble")
    change_card(tmp_path / "ensemble" / "member-1", candidate={"family": "own", "name": "arch:payload:make"})
    refused(tmp_path / "ensemble", "needs code that is not part of it, payload:make")
    change_card(tmp_path / "ensemble" / "member-1", model_format="ensemble", members=2)
    refused(tmp_path / "ensemble", "belongs to another model|needs code|damaged")


@pytest.mark.parametrize("name", CALLABLES)
@pytest.mark.parametrize("way", ["architecture", "inserted"])
def test_callables_that_python_brings(tmp_path, name, way):
    changes = {"candidate": {"family": "own", "name": f"arch:{name}"}} if way == "architecture" else {"inserted": name}
    folder = save_compact(tmp_path / "model", **changes)
    refused(folder, f"needs code that is not part of it, {name}")
    refused(folder, "found here|not as it was", allow_code=True)  # nothing vouches for it either
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "name", ["arch:", "arch::", "arch:a..b:c", "arch:..:x", "arch:\x00:y", "arch:headstart.cli:main"]
)
def test_names_of_no_module(tmp_path, name):
    folder = save_compact(tmp_path / "model", candidate={"family": "own", "name": name})
    refused(folder)
    refused(folder, "code|not as it was", allow_code=True)


def test_what_the_user_allows_runs_if_it_is_the_same(users_module, tmp_path, save_images):
    module = users_module(
        "allowed_net",
        "from torch import nn\ndef make(n):\n    return nn.Sequential(nn.Flatten(), nn.Linear(3072, n))\n",
    )
    candidate = resolve(f"arch:{module}:make", IMAGE, native_size=32)
    network = build(candidate, NAMES, weights="random", seed=0)
    card = Card(model_format="headstart", task=IMAGE, class_names=NAMES, candidate=candidate, arm="a@b")
    model = FittedModel(network, card)
    folder = model.save(tmp_path / "model")
    items = save_images(2)
    refused(folder, "needs code")
    sys.modules.pop(module)
    np.testing.assert_array_equal(load(folder, allow_code=True).predict_proba(items), model.predict_proba(items))
    (tmp_path / f"{module}.py").write_text("raise SystemExit(3)\n")
    sys.modules.pop(module)
    refused(folder, "is not as it was when the model was saved", allow_code=True)
    assert module not in sys.modules


def test_the_source_is_found_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "far_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "front.py").write_text("from .back import real as shown\n")
    (package / "back.py").write_text("def real(n):\n    return n\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert find_source("far_package.front:shown") == package / "back.py"
    assert find_source("far_package.back:real") == package / "back.py"
    assert find_source("far_package.nothing:x") is None
    before = code_hash("far_package.front:shown")
    (package / "back.py").write_text("def real(n):\n    return 2 * n\n")
    assert code_hash("far_package.front:shown") != before
    assert "far_package" not in sys.modules


def test_the_hash_of_what_the_user_names_is_the_same(users_module):
    module = users_module("named_net", "from torch import nn\ndef make(n):\n    return nn.Linear(n, n)\n")
    assert inserted_source(f"{module}:make") == code_hash(f"{module}:make")


@pytest.fixture
def adapters(text_folder, tmp_path):
    from headstart.strategies import get_strategy

    candidate = resolve(str(text_folder), TEXT)
    network = get_strategy("lora").prepare(build(candidate, NAMES, weights="pretrained", seed=0), Recipe(), 0)
    card = Card(model_format="peft", task=TEXT, class_names=NAMES, candidate=candidate, arm="a@b")
    return FittedModel(network, card).save(tmp_path / "model")


@pytest.mark.parametrize(
    "change",
    [
        {"megatron_core": "payload", "megatron_config": {"hidden_size": 16}},
        {"megatron_core": "payload"},
        {"auto_mapping": {"base_model_class": "make", "parent_library": "payload"}, "loftq_config": {"a": 1}},
        {"init_lora_weights": "corda", "corda_config": {"cache_file": "payload.py"}},
        {
            "peft_type": "PROMPT_TUNING",
            "prompt_tuning_init": "TEXT",
            "tokenizer_name_or_path": ".",
            "num_virtual_tokens": 2,
        },
        {"peft_type": "XLORA", "adapters": {"0": "."}},
        {"target_modules": "(a+)+$"},
        {"rank_pattern": {"(a+)+$": 3}},
        {"r": 10**9},
        {"peft_type": "NONE"},
    ],
)
def test_adapters_that_name_files_code_patterns_or_sizes(payload, adapters, change):
    file = adapters / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    refused(adapters, "is damaged")


def test_adapters_without_their_weights(adapters, monkeypatch):
    weights = adapters / "adapter_model.safetensors"
    content = weights.read_bytes()
    weights.unlink()
    monkeypatch.chdir(adapters.parent)
    refused(adapters, "no adapter_model.safetensors")
    with pytest.raises(BundleError, match="no adapter_model.safetensors"):  # not taken for an id of the hub
        load(adapters.name)
    (adapters / "adapter_model.bin").write_bytes(content)
    refused(adapters, "no adapter_model.safetensors")
    from safetensors.torch import save_file

    save_file({"other": torch.zeros(1)}, weights)
    refused(adapters, "is damaged: .*base_model")


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"auto_map": {"AutoModelForSequenceClassification": "payload.Net"}}),
        ("config.json", {"attn_implementation": "someone/kernels"}),
        ("config.json", {"_attn_implementation": "someone/kernels@main"}),
        ("config.json", {"quantization_config": {"quant_method": "gptq", "bits": 4}}),
        ("config.json", {"num_hidden_layers": 10**7}),
        ("config.json", {"hidden_size": 10**6, "intermediate_size": 10**6}),
        ("config.json", {"model_type": "no-such-network", "auto_map": {"AutoConfig": "payload.Config"}}),
    ],
)
@pytest.mark.parametrize("readout", [False, True])
def test_configurations_that_name_code_or_ask_for_too_much(payload, text_folder, tmp_path, file, change, readout):
    from headstart.models import OneLayer, Readout, classifier_on

    candidate = resolve(str(text_folder), TEXT)
    network = build(candidate, NAMES, weights="pretrained", seed=0)
    card = Card(model_format="transformers", task=TEXT, class_names=NAMES, candidate=candidate, arm="a@b")
    if readout:
        network, file = classifier_on(network, Readout(), OneLayer(16, 3)), "network.json"
        card = card.model_copy(update={"model_format": "headstart", "readout": Readout()})
    folder = FittedModel(network, card).save(tmp_path / "model")
    (folder / "payload.py").write_text((payload[0] / "payload.py").read_text())
    config = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(config | change))
    refused(folder, "is damaged|cannot be loaded")


def test_a_tokenizer_with_code_of_its_own(payload, text_folder, tmp_path):
    candidate = resolve(str(text_folder), TEXT)
    network = build(candidate, NAMES, weights="pretrained", seed=0)
    card = Card(model_format="transformers", task=TEXT, class_names=NAMES, candidate=candidate, arm="a@b")
    folder = FittedModel(network, card).save(tmp_path / "model")
    (folder / "payload.py").write_text((payload[0] / "payload.py").read_text())
    file = folder / "tokenizer_config.json"
    change = {"tokenizer_class": "make", "auto_map": {"AutoTokenizer": ["payload.make", "payload.make"]}}
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with contextlib.suppress(HeadstartError):  # it may use another tokenizer or refuse: the fixture sees what ran
        load(folder).predict(TEXTS)


def test_no_allowance_makes_skops_trust_other_types(tmp_path):
    import os

    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    folder = save_compact(tmp_path / "model", model_format="skops", candidate={"family": "tfidf"})
    skops.io.dump(FunctionTransformer(os.system), folder / "model.skops")
    for allow in (False, True):
        refused(folder, "types that are not trusted", allow_code=allow)


def test_the_card_alone_runs_nothing(payload, tmp_path):
    folder, _ = payload
    in_place(folder, tmp_path, candidate={"family": "own", "name": "arch:payload:make"})
    assert read_card(folder).candidate.name == "arch:payload:make"
