"""Heads on features of a frozen network: ridge, two layers, or a vote, on the pooled or the best read-out."""

from __future__ import annotations

import warnings
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from headstart.core import Recipe
from headstart.modalities import get_modality
from headstart.models import Network, OneLayer, Readout, TwoLayers, Vote, classifier_on
from headstart.models.heads import LinearHead, centre_and_scale, fit_ridge_head, prior_shift, softmax, with_prior
from headstart.strategies import FitHead
from headstart.training.worker import Worker

NEIGHBOURS = (1, 3, 5, 10, 20, 50, 100, 200)
MLP_DECAY = 1.0  # L2 strength over n, as scikit-learn counts it
MLP_PASSES = 200
BATCH = 128
UNSEEN = -30.0  # logit of a class without examples: next to no probability


def fit_probe(
    phase: FitHead,
    recipe: Recipe,
    worker: Worker,
    name: str,
    learn: np.ndarray,
    seed: int,
    tuned: Network | None = None,
) -> tuple[Network, Readout | None]:
    """Fit a head on cached features and put it into a network that computes the same from raw inputs.

    Args:
        phase: Which kind of head.
        recipe: Which read-out, and how many layers.
        worker: This process's caches.
        name: The candidate.
        learn: Examples to learn from (n,).
        seed: Of heads that start at random.
        tuned: What earlier phases made of the network; the frozen one, with its cached features, if not given.

    Returns:
        The network, which shares every other weight with the frozen one, and the read-out; None if the head took
        the place of the network's own.
    """
    labels, classes = worker.data.labels[learn], len(worker.data.class_names)
    if tuned is not None:
        return _on_tuned(phase, recipe, worker, name, learn, tuned), Readout()
    frozen = worker.frozen(name)
    ridge: dict[Readout, LinearHead] = {}
    if phase.kind == "linear" and (not recipe.hidden or recipe.readout == "searched"):
        readouts = worker.readouts(name) if recipe.readout == "searched" else [Readout()]
        ridge = {readout: fit_ridge_head(worker.read(name, learn, readout), labels, classes) for readout in readouts}
    readout = min(ridge, key=lambda place: ridge[place].loss) if ridge else Readout()
    features = worker.read(name, learn, readout)
    if phase.kind == "neighbours":
        head: nn.Module = _fit_vote(features, labels, classes, recipe.prior)
    elif phase.kind == "logistic":
        fitted = with_prior(_fit_logistic(features, labels, classes), labels, recipe.prior, features)
        head = _filled(OneLayer(features.shape[1], classes), fitted)
    elif recipe.hidden:
        head = _fit_two_layers(features, labels, classes, recipe.hidden, seed, recipe.prior)
    else:
        fitted = with_prior(ridge[readout], labels, recipe.prior, features)
        head = _filled(OneLayer(features.shape[1], classes), fitted)
        if readout == Readout() and not get_modality(frozen.candidate.modality).tokens:
            network = frozen.with_own_head()
            _filled(network.head, fitted)
            return network.eval(), None
    head = head.to(next(frozen.parameters()).device)
    return classifier_on(frozen, readout, head).eval(), readout


def _on_tuned(phase: FitHead, recipe: Recipe, worker: Worker, name: str, learn: np.ndarray, tuned: Network) -> Network:
    """A head on features that no cache holds."""
    inputs, labels, classes = worker.inputs(name), worker.data.labels[learn], len(worker.data.class_names)
    device = next(tuned.parameters()).device
    order = np.argsort(inputs.lengths[learn], kind="stable")
    features: np.ndarray | None = None
    tuned.eval()
    with torch.inference_mode():
        for start in range(0, len(learn), BATCH):
            part = order[start : start + BATCH]
            batch = {key: value.to(device) for key, value in inputs.batch(learn[part]).items()}
            values = tuned.features(**batch).cpu().numpy()
            features = np.empty((len(learn), values.shape[1]), dtype=np.float32) if features is None else features
            features[part] = values
    assert features is not None
    fitted = (
        _fit_logistic(features, labels, classes)
        if phase.kind == "logistic"
        else fit_ridge_head(features, labels, classes)
    )
    head = _filled(OneLayer(features.shape[1], classes), with_prior(fitted, labels, recipe.prior, features)).to(device)
    return classifier_on(tuned, Readout(), head).eval()


def _fit_logistic(features: np.ndarray, labels: np.ndarray, classes: int) -> LinearHead:
    """Logistic regression at scikit-learn's own strength, as SetFit fits its head."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=1000).fit(features, labels)
    weight, bias = np.zeros((classes, features.shape[1]), np.float32), np.full(classes, UNSEEN, np.float32)
    if len(fitted.classes_) == 2:  # one row: the log-odds of the second class
        weight[fitted.classes_] = np.concatenate([np.zeros_like(fitted.coef_), fitted.coef_])
        bias[fitted.classes_] = np.concatenate([np.zeros(1), fitted.intercept_])
    else:
        weight[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    return LinearHead(weight, bias, 1.0, float("nan"))


@torch.no_grad()
def _filled(layer: nn.Linear, head: LinearHead) -> nn.Linear:
    layer.weight.copy_(torch.from_numpy(head.weight))
    layer.bias.copy_(torch.from_numpy(head.bias))
    return layer


def _fit_vote(features: np.ndarray, labels: np.ndarray, classes: int, prior: float) -> Vote:
    """The number of neighbours by leave-one-out log-loss; votes for rare classes may weigh more."""
    examples, targets = torch.from_numpy(features), torch.from_numpy(labels)
    unit = F.normalize(examples, dim=1)
    likeness = (unit @ unit.T).fill_diagonal_(-np.inf)
    onehot = F.one_hot(targets, classes).float()
    losses = {}
    for count in NEIGHBOURS:
        if count < len(labels):
            losses[count] = F.nll_loss(Vote.log_shares(likeness, onehot, count), targets).item()
    vote = Vote.of(examples, targets, classes, min(losses, key=losses.__getitem__) if losses else 1)
    if prior != 1:
        vote.votes *= torch.from_numpy(np.exp(prior_shift(labels, classes, prior)))
    return vote


def _fit_two_layers(
    features: np.ndarray, labels: np.ndarray, classes: int, hidden: int, seed: int, prior: float
) -> TwoLayers:
    """scikit-learn's network on centred and scaled features, written back as layers on raw ones."""
    from sklearn.neural_network import MLPClassifier

    mean, scale = (part.astype(np.float32) for part in centre_and_scale(features))
    fitted = MLPClassifier((hidden,), alpha=MLP_DECAY, max_iter=MLP_PASSES, random_state=seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that many passes are enough for a head, converged or not
        fitted.fit((features - mean) / scale, labels)
    first, second = (torch.from_numpy(np.asarray(weights.T, dtype=np.float32)) for weights in fitted.coefs_)
    biases = [torch.from_numpy(np.asarray(bias, dtype=np.float32)) for bias in fitted.intercepts_]
    seen = torch.from_numpy(fitted.classes_)
    if len(seen) == 2 and len(second) == 1:  # one output for two classes: the other's logit is 0
        second, biases[1] = torch.cat([torch.zeros_like(second), second]), torch.cat([torch.zeros(1), biases[1]])
    head = TwoLayers(features.shape[1], hidden, classes)
    inner, outer = cast(nn.Linear, head[0]), cast(nn.Linear, head[2])
    with torch.no_grad():
        inner.weight.copy_(first / torch.from_numpy(scale))
        inner.bias.copy_(biases[0] - inner.weight @ torch.from_numpy(mean.astype(np.float32)))
        outer.weight.zero_()
        outer.bias.fill_(UNSEEN)
        if len(seen) == len(second):
            outer.weight[seen] = second
            outer.bias[seen] = biases[1]
        if prior != 1:
            outer.bias.add_(torch.from_numpy(prior_shift(labels, classes, prior)))
    return head


def head_probabilities(network: Network, features: np.ndarray) -> np.ndarray:
    """Probabilities (N, classes) of a head on features (N, D) that are already computed."""
    device = next(network.head_module.parameters()).device
    with torch.inference_mode():
        logits = network.head_module(torch.from_numpy(features).to(device))
    return softmax(logits.float().cpu().numpy())
