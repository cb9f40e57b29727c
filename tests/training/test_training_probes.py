"""Heads on frozen features: each kind learns, and reads where it says."""

import numpy as np
import pytest
import torch

from headstart.core import Recipe
from headstart.models import OneLayer, Readout, TwoLayers, Vote
from headstart.strategies import FitHead
from headstart.training.probes import fit_probe, head_probabilities

KINDS = [
    (FitHead(), Recipe(), None),
    (FitHead(), Recipe(readout="searched"), None),
    (FitHead(), Recipe(hidden=8), TwoLayers),
    (FitHead(kind="logistic"), Recipe(), OneLayer),
    (FitHead(kind="neighbours"), Recipe(), Vote),
    (FitHead(), Recipe(hidden=8, readout="searched"), TwoLayers),
]


@pytest.mark.parametrize(("phase", "recipe", "kind"), KINDS)
def test_a_head_learns_and_the_network_computes_the_same(phase, recipe, kind, image_data, worker_of, resnet):
    worker = worker_of(image_data, resnet)
    learn, asked = np.arange(0, 60, 2), np.arange(1, 60, 2)
    network, readout = fit_probe(phase, recipe, worker, resnet, learn, 0)
    assert kind is None or isinstance(network.head_module, kind)
    cached = head_probabilities(network, worker.read(resnet, asked, readout or Readout()))
    batch = worker.inputs(resnet).batch(asked)
    whole = network(**batch).softmax(-1).detach().numpy()
    np.testing.assert_allclose(cached, whole, atol=1e-4)
    assert (cached.argmax(1) == image_data.labels[asked]).mean() > 0.6


def test_the_best_read_out_is_that_with_the_lowest_loss(image_data, worker_of, resnet):
    from headstart.training import fit_ridge_head

    worker = worker_of(image_data, resnet)
    learn = np.arange(0, 60, 2)
    _, readout = fit_probe(FitHead(), Recipe(readout="searched"), worker, resnet, learn, 0)
    losses = {
        place: fit_ridge_head(worker.read(resnet, learn, place), image_data.labels[learn], 3).loss
        for place in worker.readouts(resnet)
    }
    assert len(losses) > 2
    assert losses[readout or Readout()] == min(losses.values())


@pytest.mark.parametrize("kind", ["logistic", "linear", "neighbours"])
def test_a_class_without_examples_gets_next_to_no_probability(kind, image_data, worker_of, resnet):
    worker = worker_of(image_data, resnet)
    learn = np.flatnonzero(image_data.labels != 2)[::2]
    network, readout = fit_probe(FitHead(kind=kind), Recipe(), worker, resnet, learn, 0)
    probabilities = head_probabilities(network, worker.read(resnet, np.arange(60), readout or Readout()))
    assert probabilities.shape == (60, 3)
    assert probabilities[:, 2].max() < 0.2


@pytest.mark.parametrize(("phase", "recipe", "kind"), KINDS)
def test_another_prior_moves_log_odds_by_the_shares_of_what_was_learnt(
    phase, recipe, kind, image_data, worker_of, resnet
):
    worker = worker_of(image_data, resnet)
    learn = np.concatenate([np.flatnonzero(image_data.labels == label)[:count] for label, count in ((0, 16), (1, 4))])
    asked = np.arange(1, 60, 2)

    def odds(prior):
        network, readout = fit_probe(phase, recipe.model_copy(update={"prior": prior}), worker, resnet, learn, 0)
        logits = network.head_module(torch.from_numpy(worker.read(resnet, asked, readout or Readout())))
        return (logits[:, 1] - logits[:, 0]).detach().numpy()

    moved = odds(0.5) - odds(1.0)
    if kind is Vote:  # where all neighbours are of one class, there is nothing to move
        assert (moved >= -1e-5).all()
    else:
        np.testing.assert_allclose(moved, 0.5 * np.log(4), atol=1e-4)  # shares of 0.8 and 0.2


def test_votes_of_a_rare_class_weigh_more(image_data, worker_of, resnet, monkeypatch):
    monkeypatch.setattr("headstart.training.probes.NEIGHBOURS", (19,))
    worker = worker_of(image_data, resnet)
    learn = np.concatenate([np.flatnonzero(image_data.labels == label)[:count] for label, count in ((0, 16), (1, 4))])
    asked = torch.from_numpy(worker.read(resnet, np.arange(60), Readout()))
    logits = [
        fit_probe(FitHead(kind="neighbours"), Recipe(prior=prior), worker, resnet, learn, 0)[0].head_module(asked)
        for prior in (1.0, 0.5)
    ]
    before, after = (one[:, 1] - one[:, 0] for one in logits)
    torch.testing.assert_close(after - before, torch.full((60,), float(0.5 * np.log(4))), atol=5e-3, rtol=0)
