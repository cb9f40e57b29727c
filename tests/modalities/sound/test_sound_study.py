"""From files to a trained model: the command line on made-up tones, saved models, predictions, export."""

import json
import sys

import numpy as np
import pytest
from tones import soundfile, tone, write_tones

import headstart as hs
from headstart.cli import main
from headstart.cli.predicting import Wanted, run_predict
from headstart.core import DataError
from headstart.models import Card, FittedModel, build, resolve
from headstart.models.onnx import export_onnx

TASK = "audio-classification"


@pytest.fixture
def model(tones, tmp_path):
    """Averaged log-mel spectra with a linear head, fitted on the tones and saved."""
    fitted = hs.fit(tones, "builtin:logmel", "from_scratch", out=tmp_path / "model", metric="accuracy")
    return fitted.model_dir


def test_a_saved_model_reads_files_bytes_and_arrays(model, tones):
    loaded = hs.load(model)
    file = tones / "low" / "03.wav"
    samples, _ = soundfile.read(file, dtype="float32")
    answers = [loaded.predict_proba(item)[0] for item in (file, str(file), file.read_bytes(), samples)]
    assert loaded.predict(file) == ["low"]
    assert all(np.allclose(answer, answers[0], atol=1e-4) for answer in answers)


def test_its_page_says_how_it_reads_sounds(model):
    page = (model / "README.md").read_text()
    assert "resampled to 16 kHz, mixed to one channel and cut at" in page
    assert 'model.predict(["sound.wav"])' in page


def test_predict_takes_files_and_folders_and_names_what_is_broken(model, tones, capsys):
    (tones / "high" / "00.wav").write_bytes(b"no sound")
    run_predict(model, [str(tones / "high")], Wanted())
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert len(lines) == 13
    assert sum("\thigh\t" in line for line in lines) >= 12
    assert "00.wav cannot be read (it is no sound that can be decoded)" in captured.err
    with pytest.raises(DataError, match="no such file"):
        run_predict(model, ["no.wav"], Wanted())


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_new_sounds_may_have_another_rate(model, tmp_path, rate):
    soundfile.write(tmp_path / "new.wav", tone(300, 0.5, rate), rate)
    assert hs.load(model).predict(tmp_path / "new.wav") == ["low"]


def test_the_page_of_a_model_on_the_speech_embedding_states_its_terms(tmp_path):
    try:
        candidate = resolve("builtin:speech", TASK)
    except hs.HeadstartError:
        pytest.skip("openwakeword is not installed")
    network = build(candidate, ("a", "b"), weights="pretrained", seed=0)
    card = Card(model_format="headstart", task=TASK, class_names=("a", "b"), candidate=candidate, arm="x@y")
    folder = FittedModel(network, card).save(tmp_path / "model")
    page = (folder / "README.md").read_text()
    assert "Apache-2.0 license" in page
    assert "NonCommercial-ShareAlike" in page
    assert "spoken digits" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", ["builtin:compact-sound", "builtin:speech"])
def test_networks_are_exported_for_sounds_of_any_length(name, tmp_path):
    for package in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(package)
    try:
        candidate = resolve(name, TASK, native_size=1000)
    except hs.HeadstartError:
        pytest.skip("openwakeword is not installed")
    network = build(candidate, ("a", "b"), weights="random", seed=0)
    card = Card(model_format="headstart", task=TASK, class_names=("a", "b"), candidate=candidate, arm="x@y")
    exported = export_onnx(FittedModel(network, card), tmp_path / "model.onnx")
    assert exported.inputs == ("mels", "attention_mask")


@pytest.mark.slow
def test_a_study_of_folders_of_sounds_ends_in_a_model_that_predicts(tmp_path, capsys, monkeypatch):
    write_tones(tmp_path / "sounds", each=50)
    folder = tmp_path / "study"
    words = ["study", str(tmp_path / "sounds"), "--budget", "60s", "--out", str(folder), "--quiet"]
    monkeypatch.setattr(sys, "argv", ["headstart", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    advice = json.loads((folder / "recommendation.json").read_text())
    assert advice["metric"]["value"] > 0.9
    tried = {arm["candidate"] for arm in advice["arms"]}
    assert {"builtin:compact-sound", "builtin:logmel"} <= tried
    capsys.readouterr()
    run_predict(folder, [str(tmp_path / "sounds" / "low")], Wanted(quiet=True))
    answers = capsys.readouterr().out.splitlines()
    assert sum("\tlow\t" in line for line in answers) >= 45
