"""``headstart fit`` and the user's own architecture, by every entry point."""

import json
from pathlib import Path

import pytest

import headstart as hs
from headstart.core import BudgetError, HeadstartError, SettingsError
from headstart.models import resolve
from headstart.models.own import check_own
from headstart.training import OutOfTime

ARCHITECTURES = """
import torch
from torch import nn

def good(num_classes):
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), pooled, nn.Linear(8, num_classes))

def raises(num_classes):
    raise RuntimeError("no such width")

def wrong_shape(num_classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, num_classes + 1))

def no_module(num_classes):
    return "network"

def only_norms(num_classes):
    return nn.Sequential(nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, num_classes))

only_norms.pretrained = True

class Words(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.table = nn.Embedding(2**14, 8, padding_idx=0)
        self.head = nn.Linear(8, num_classes)
    def forward(self, ids, mask):
        return self.head(self.table(ids).sum(1) / mask.sum(1, keepdim=True))

class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gate = nn.Linear(width, width)
    def forward(self, x):
        return x * torch.sigmoid(self.gate(x))

def narrower(width):
    return nn.Linear(width, width - 1)

constant = 3
"""


@pytest.fixture
def architectures(users_module):
    return users_module("people_nets", ARCHITECTURES)


def test_fit_trains_measures_and_saves(headstart, colours):
    done = headstart(
        "fit",
        colours,
        "--strategy",
        "partial_finetune",
        "--set",
        "steps=6",
        "--set",
        "moving=last:2",
        "--out",
        "model",
        "--json",
    )
    assert done.code == 0, done.err
    told = done.document
    assert told["arm"] == "partial_finetune@builtin:image"
    assert told["recipe"]["steps"] == 6
    assert told["recipe"]["moving"] == "last:2"
    assert 0 <= told["value"] <= 1
    assert told["measurement"]["trainable_parameters"] < told["measurement"]["parameters"]
    files = sorted(colours.rglob("*.png"))[:3]
    model = hs.load(told["model_dir"])
    assert set(model.predict(files)) <= {"red", "green", "blue"}
    shown = headstart("predict", "model", *files)
    assert len(shown.out.splitlines()) == 3


def test_fit_in_python_says_the_same(colours, tmp_path):
    fitted = hs.fit(colours, strategy="linear_probe", out=tmp_path / "model")
    assert fitted.value > 0.8
    assert fitted.recipe.steps == 0
    assert fitted.model().predict([next((colours / "red").iterdir())]) == ["red"]
    assert json.loads(json.dumps(fitted.to_dict()))["metric"] == "accuracy"
    assert not (tmp_path / "model.work").exists()


def test_the_screen_of_fit_is_short(headstart, colours):
    done = headstart("fit", colours, "--strategy", "knn", "--out", "model")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert len(lines) < 10
    assert lines[0].startswith("Arm      knn of builtin:image")
    assert any(line.startswith("Next     headstart predict model") for line in lines)


def test_a_budget_shortens_the_schedule(colours, tmp_path, monkeypatch):

    def timed(prices, arm, recipe, _worker, _rows):
        prices.learn("train", arm.key, recipe.batch_size, 0.1)

    monkeypatch.setattr("headstart.api.fitting.time_arm", timed)
    fitted = hs.fit(colours, recipe={"steps": 40}, budget=30, out=tmp_path / "model")
    assert 4 < fitted.recipe.steps < 40
    assert any("shortened from 40" in note for note in fitted.measurement.notes)
    with pytest.raises(BudgetError, match="predicted to take"):
        hs.fit(colours, recipe={"steps": 4000}, budget=30, out=tmp_path / "other")


def test_a_machine_that_becomes_slower_than_it_was_timed_ends_the_schedule_early(colours, tmp_path, monkeypatch):

    def timed(prices, arm, recipe, _worker, _rows):
        prices.learn("train", arm.key, recipe.batch_size, 1e-4)

    monkeypatch.setattr("headstart.api.fitting.time_arm", timed)
    begun = []
    left = property(lambda _: 0.0 if len(begun) >= 12 else float("inf"))
    monkeypatch.setattr("headstart.training.Worker.seconds_left", left)
    fitted = hs.fit(
        colours, recipe={"steps": 40}, budget=60, out=tmp_path / "model", on_step=lambda *_: begun.append(1)
    )
    assert 12 < fitted.measurement.steps < 40
    assert any(f"ended after {fitted.measurement.steps} of 40 steps" in note for note in fitted.measurement.notes)
    assert fitted.model().card.trial == fitted.trial


def test_no_time_at_all_is_one_line(colours, tmp_path, monkeypatch):
    def over(*_):
        raise OutOfTime("the time allowed is used up")

    monkeypatch.setattr("headstart.api.fitting.train_trial", over)
    with pytest.raises(BudgetError, match="did not get far enough"):
        hs.fit(colours, "builtin:image", "linear_probe", budget=60, out=tmp_path / "model")


def test_progress_is_told_in_lines_where_no_bar_can_be_drawn(headstart, colours, tmp_path):
    done = headstart("fit", colours, "--set", "steps=6", "--out", tmp_path / "model")
    lines = [line for line in done.err.splitlines() if line.startswith("training: step")]
    assert lines[0].startswith("training: step 1 of 6 after")
    assert lines[-1].startswith("training: step 6 of 6 after")
    quiet = headstart("fit", colours, "--set", "steps=6", "--out", tmp_path / "other", "--quiet")
    assert "training" not in quiet.err


def test_an_architecture_of_ones_own(headstart, colours, architectures):
    done = headstart(
        "fit",
        colours,
        "--candidate",
        f"arch:{architectures}:good",
        "--strategy",
        "from_scratch",
        "--set",
        "steps=5",
        "--out",
        "own",
        "--json",
    )
    assert done.code == 0, done.err
    card = json.loads((colours.parent / "own" / "headstart.json").read_text())
    assert card["candidate"]["name"] == f"arch:{architectures}:good"
    assert (colours.parent / "own" / "network.safetensors").exists()
    files = sorted(colours.rglob("*.png"))[:4]
    assert hs.load("own", allow_code=True).predict_proba(files).shape == (4, 3)


def test_an_architecture_for_texts(architectures, tmp_path):
    import pandas as pd

    frame = pd.DataFrame(
        {"text": [f"{word} film {i}" for i in range(20) for word in ("good", "bad")], "label": ["pos", "neg"] * 20}
    )
    fitted = hs.fit(frame, f"arch:{architectures}:Words", "from_scratch", recipe={"steps": 5}, out=tmp_path / "m")
    model = hs.load(fitted.model_dir, allow_code=True)
    assert model.predict_proba(["good film", "bad"]).shape == (2, 2)


@pytest.mark.parametrize("own", [False, True])
def test_a_hybrid_with_a_module_before_the_head(headstart, colours, architectures, own):
    inserted = f"{architectures}:Gate" if own else "residual"
    done = headstart(
        "fit",
        colours,
        "--strategy",
        "hybrid",
        "--set",
        "steps=8",
        "--set",
        f"inserted={inserted}",
        "--out",
        "model",
        "--json",
    )
    assert done.code == 0, done.err
    told = done.document
    assert told["recipe"]["inserted"] == inserted
    notes = told["measurement"]["notes"]
    assert notes[0].startswith("probe: held-out log-loss")
    assert notes[1].startswith("inserted module before the head: held-out log-loss")
    files = sorted(colours.rglob("*.png"))[:3]
    assert hs.load("model", allow_code=own).predict_proba(files).shape == (3, 3)


def test_a_module_whose_code_changed_is_another_trial(colours, architectures, monkeypatch):
    specs = []

    def keep(spec, _worker, _on_step, _deadline):
        specs.append(spec)
        raise HeadstartError("seen enough")

    monkeypatch.setattr("headstart.api.fitting.train_trial", keep)
    for _ in range(2):
        with pytest.raises(HeadstartError, match="seen enough"):
            hs.fit(colours, strategy="hybrid", recipe={"inserted": f"{architectures}:Gate"})
        file = Path(f"{architectures}.py")
        file.write_text(file.read_text() + "# changed")
    assert specs[0].inserted_source
    assert specs[0].key != specs[1].key


@pytest.mark.parametrize(
    ("strategy", "name", "words"),
    [
        ("hybrid", "residul", ["there is no module 'residul' to insert", "Did you mean 'residual'"]),
        ("hybrid", "{}:missing", ["cannot be imported", "package.module:factory"]),
        ("hybrid", "{}:raises", ["fails: RuntimeError: no such width"]),
        ("hybrid", "{}:narrower", ["wanted the same shape"]),
        ("full_finetune", "residual", ["full_finetune inserts no module", "--strategy hybrid"]),
    ],
)
def test_a_module_that_cannot_be_inserted(headstart, colours, architectures, strategy, name, words):
    name = name.format(architectures)
    done = headstart("fit", colours, "--strategy", strategy, "--set", f"inserted={name}", "--quiet")
    done.failed_well(*words, "--set inserted")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("raises", ["fails: RuntimeError: no such width"]),
        ("no_module", ["returns a str, not a torch module"]),
        ("constant", ["is a int, not a callable"]),
        ("missing", ["cannot be imported", "package.module:factory"]),
    ],
)
def test_a_factory_that_does_not_work(headstart, colours, architectures, name, words):
    path = f"arch:{architectures}:{name}"
    headstart("fit", colours, "--candidate", path, "--strategy", "from_scratch").failed_well(*words, "--arch")


def test_a_factory_of_the_wrong_shape(headstart, colours, architectures):
    path = f"arch:{architectures}:wrong_shape"
    with pytest.raises(SettingsError, match=r"gives \(2, 4\) for pixel_values \(2, 3, 16, 16\); wanted \(2, 3\)"):
        check_own(resolve(path, "image-classification", native_size=16), 3)
    done = headstart("fit", colours, "--candidate", path, "--strategy", "from_scratch")
    done.failed_well("one logit for each class")
    study = headstart("study", colours, "--arch", f"{architectures}:wrong_shape", "--budget", "20s", "--quiet")
    study.failed_well("one logit for each class")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "lr=-1"], ["learning_rate cannot be -1", "greater than or equal to 0"]),
        (["--set", "layer_decai=1"], ["a recipe has no 'layer_decai'", "Did you mean 'layer_decay'"]),
        (["--set", "steps"], ["'steps' is no setting", "lr=3e-4"]),
        (["--set", "moving=sideways:2"], ["moving cannot be 'sideways:2'"]),
        (["--set", "moving=last:9"], ["builtin:image has 9 stages", "10 of them"]),
        (["--strategy", "prefix_tuning"], ["adds tokens to a text", "lora"]),
        (["--strategy", "peft:verra"], ["peft knows no method 'verra'", "Did you mean 'vera'"]),
        (["--n", "1000000"], ["1000000 labels cannot be taken"]),
        (["--candidate", "builtin:compact-image"], ["no pretrained weights to start from"]),
    ],
)
def test_bad_options_of_fit(headstart, colours, options, words):
    if "moving=last:9" in options:
        from headstart.models import build, resolve

        stages = len(build(resolve("builtin:image", "image-classification"), ("a",), weights="random", seed=0).stages)
        options, words = ["--set", f"moving=last:{stages + 1}"], [f"has {stages} stages", f"{stages + 1} of them"]
    headstart("fit", colours, *options).failed_well(*words)


def test_adapters_need_layers_to_adapt(headstart, colours, architectures):
    path = f"arch:{architectures}:only_norms"
    headstart("fit", colours, "--candidate", path, "--strategy", "lora").failed_well(
        "no linear or convolution layer", "full_finetune"
    )


def test_explain(headstart):
    assert "stage after stage" in headstart("explain", "hybrid").out
    assert "labels" in headstart("explain", "head-start").out
    assert headstart("explain", "peft:vera", "--json").document["term"] == "peft:vera"
    assert "average" in headstart("explain", "ensemble:full_finetune").out
    headstart("explain", "crossovre").failed_well("Did you mean 'crossover'")


def test_a_strategy_that_fails_at_import_is_one_line(headstart, tmp_path, monkeypatch):
    from headstart.strategies import registry

    (tmp_path / "broken_plugin.py").write_text("raise ValueError('built for another version')")
    metadata = tmp_path / "broken_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[headstart.strategies]\nbroken = broken_plugin:Strategy\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.strategy_names.cache_clear()
    try:
        shown = headstart("strategies", "--json").document
        problem = next(row["problem"] for row in shown if row["name"] == "broken")
        assert "built for another version" in problem
        names, broken = registry.default_strategies()
        assert names == ["from_scratch", "full_finetune", "linear_probe"]
        assert broken[0][0] == "broken"
        headstart("fit", tmp_path, "--strategy", "broken").failed_well("cannot be loaded", "uninstall the package")
    finally:
        registry.strategy_names.cache_clear()


def test_adapters_beside_packed_weights_are_fitted_and_predict(tmp_path):
    """The same command as for a large decoder, on a tiny one."""
    pytest.importorskip("bitsandbytes")
    import torch
    from transformers import BertTokenizerFast, LlamaConfig, LlamaForSequenceClassification

    torch.manual_seed(0)
    words = "good bad fine poor great awful film plot".split()
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    LlamaForSequenceClassification(
        LlamaConfig(vocab_size=32, num_key_value_heads=1, pad_token_id=0, **shape)
    ).save_pretrained(tmp_path / "decoder")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    BertTokenizerFast({word: number for number, word in enumerate(tokens)}).save_pretrained(tmp_path / "decoder")
    rows = [
        f"{kind} {noun},{label}"
        for label, kinds in enumerate((words[0:6:2], words[1:6:2]))
        for kind in kinds
        for noun in ("film", "plot", "film plot", "plot film")
    ]
    (tmp_path / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    fitted = hs.fit(
        tmp_path / "texts.csv", candidate=str(tmp_path / "decoder"), strategy="qlora", out=tmp_path / "model"
    )
    assert 0 <= fitted.value <= 1
    assert set(fitted.model().predict(["good film", "bad plot"])) <= {"0", "1"}
    assert (tmp_path / "model" / "adapter_model.safetensors").exists()
