"""Networks of transformers for sounds, tiny and with random weights, through the feature extractors beside them."""

import numpy as np
import pytest
import torch
from tones import tone

from headstart.core import SourceError
from headstart.data import load
from headstart.models import Card, FittedModel, build, encode, encode_items, resolve
from headstart.models import load as load_model
from headstart.models.families.transformers import TransformersFamily
from headstart.testing import check_family

TASK = "audio-classification"
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def wav2vec2(transformers):
    config = transformers.Wav2Vec2Config(
        **SMALL,
        conv_dim=(16, 16, 16),
        conv_stride=(5, 4, 4),
        conv_kernel=(10, 8, 8),
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        mask_time_prob=0.0,
    )
    return transformers.Wav2Vec2ForSequenceClassification(config), transformers.Wav2Vec2FeatureExtractor()


def ast(transformers):
    config = transformers.ASTConfig(**SMALL, num_mel_bins=16, max_length=64)
    extractor = transformers.ASTFeatureExtractor(num_mel_bins=16, max_length=64)
    return transformers.ASTForAudioClassification(config), extractor


def whisper(transformers):
    config = transformers.WhisperConfig(
        vocab_size=32,
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_mel_bins=16,
        max_source_positions=100,
        classifier_proj_size=8,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=0,
    )
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=2)
    return transformers.WhisperForAudioClassification(config), extractor


@pytest.fixture(params=[wav2vec2, ast, whisper], ids=["wav2vec2", "ast", "whisper"])
def folder(request, tmp_path):
    """A saved network and its feature extractor."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    for part in request.param(transformers):
        part.save_pretrained(tmp_path / "network")
    return tmp_path / "network"


def test_it_keeps_every_promise_of_a_family(folder, tones):
    assert check_family(TransformersFamily(), str(folder), tones)


def test_features_do_not_depend_on_what_stands_beside(folder, tones):
    data = load(tones)
    candidate = resolve(str(folder), TASK)
    network = build(candidate, data.class_names, weights="pretrained", seed=0).eval()
    inputs = encode(candidate, data)
    with torch.inference_mode():
        together = network.features(**inputs.batch(np.arange(4)))
        alone = torch.cat([network.features(**inputs.batch(np.array([row]))) for row in range(4)])
    assert torch.allclose(together, alone, atol=1e-4)


def test_a_saved_folder_answers_as_the_pipeline_of_transformers_does(folder, tmp_path):
    transformers = pytest.importorskip("transformers")
    candidate = resolve(str(folder), TASK)
    network = build(candidate, ("a", "b", "c"), weights="pretrained", seed=0).eval()
    card = Card(model_format="transformers", task=TASK, class_names=("a", "b", "c"), candidate=candidate, arm="x@y")
    model = FittedModel(network, card)
    saved = model.save(tmp_path / "saved")
    samples = tone(440)
    ours = model.predict_proba([samples])[0]
    assert np.allclose(load_model(saved).predict_proba([samples])[0], ours, atol=1e-6)
    pipeline = transformers.pipeline(TASK, str(saved))
    theirs = {entry["label"]: entry["score"] for entry in pipeline(samples, top_k=3)}
    assert np.allclose([theirs[name] for name in "abc"], ours, atol=1e-4)


def test_variation_moves_samples_in_time(folder):
    inputs = encode_items(resolve(str(folder), TASK), [tone(440)])
    torch.manual_seed(0)
    plain, moved = inputs.batch(np.array([0])), inputs.batch(np.array([0]), "shift")
    (name, *_) = plain
    assert plain[name].shape == moved[name].shape
    assert not torch.equal(plain[name], moved[name])


def test_a_folder_without_a_feature_extractor_is_refused(folder):
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(SourceError, match="no feature extractor"):
        resolve(str(folder), TASK)
