"""The words of a report, explained once; the page and the documentation print the same list."""

from __future__ import annotations

GLOSSARY: dict[str, str] = {
    "pool": "Labelled examples that may be learnt from.",
    "test part": "Labelled examples that only measure. An official test part is kept; otherwise a part of the data is "
    "set aside once, or, with few labels, the test part rotates so that every label measures once.",
    "candidate": "A model one could start from, or an architecture without weights.",
    "strategy": "Where the weights come from and which of them may move when: linear_probe trains only a new head on "
    "frozen features, full_finetune moves everything, from_scratch starts from random weights.",
    "option": "A candidate together with a strategy: what is compared. Records and code call it an arm.",
    "arm": "The same as an option: a candidate together with a strategy.",
    "side": "What an option belongs to: transfer (starts from pretrained weights), scratch (starts from nothing) or "
    "hybrid (both). Records and code call it a paradigm.",
    "paradigm": "The same as a side: transfer, scratch or hybrid.",
    "stage": "A run of layers that is frozen or trained as one; every network is cut into stages from input to output.",
    "ensemble": "Several networks of one strategy, trained at different rates, whose predictions are averaged; "
    "ensemble:STRATEGY makes one.",
    "recipe": "The hyper-parameters of a training run: learning rate, weight decay, steps, batch, augmentation.",
    "trial": "One training run. Tuning trials choose a recipe on held-out labels of the pool; measuring trials train "
    "on all n labels and are scored on the test part.",
    "n": "Every label a trial may look at, the ones it tunes on included.",
    "learning curve": "The metric against n. Subsets are nested: the smaller ones lie inside the larger ones.",
    "comparison size": "The largest n at which both contenders were measured; what is said of it is measured, what is "
    "said of more labels is an extrapolation.",
    "contenders": "The leader - the option expected to be best with all your labels - and its challenger, the best of "
    "the other side.",
    "knee": "The largest n that costs an option hardly more than its smallest: below it fewer labels save no time.",
    "leaning": "What the learning curves expect beyond the measured sizes, with its probability. Not a measurement.",
    "default settings": "The recipe an option has before anything is tuned.",
    "interval": "A 90 % interval: it covers the variation between repeats (subset and seed) and between test examples.",
    "paired difference": "The difference of two options on the same subsets and the same test examples. Pairing "
    "removes what both share, so it is more precise than two separate figures.",
    "margin": "The difference that matters to you: one point, or a quarter of the better option's error if that is "
    "less, unless you say otherwise. Inside it, two options tie.",
    "tie": "The options differ by less than the margin, and the measurements are precise enough to say so.",
    "too close to call": "Both were measured, and the interval of their difference does not show which is better. The "
    "screen says how likely they are within the margin of each other, and what would decide it.",
    "not determined": "The measurements are not precise enough to name the better option, nor to call it a tie. The "
    "report says what would decide it.",
    "P(best)": "Share of the plausible outcomes in which this option is the best of those measured, at the labels "
    "that the answer is for.",
    "expected loss": "How much of the metric is lost on average, over the plausible outcomes, by taking the chosen "
    "option instead of the best one, at those labels.",
    "crossover": "From how many labels on training from scratch wins.",
    "negative transfer": "A pretrained start that does worse than training from scratch on the same labels, overall or "
    "for some classes.",
    "head start": "How many labels the pretrained start is worth: what from scratch needs to match it, divided by what "
    "transfer used.",
    "converged": "Twice the steps would gain less than one standard error.",
    "efficient frontier": "The options that no other option beats in both cost and metric.",
    "macro-F1": "The mean over classes of the F1 score, so that small classes count as much as large ones.",
}
