"""Models of a study: the one behind the figure is handed over, and a kill loses none."""

from headstart.models import Card, read_card, resolve
from headstart.models.bundle import CARD
from headstart.studies import ModelShelf, Trial
from headstart.studies.models import behind_figure


def leave(shelf, spec):
    """A worker's model: a card that names its trial."""
    card = Card(
        model_format="headstart",
        task="image-classification",
        class_names=("a", "b"),
        candidate=resolve("builtin:compact-image", "image-classification"),
        arm=spec.arm.key,
        trial=spec.key,
    )
    folder = shelf.work / spec.key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).write_text(card.model_dump_json())


def trial_of(spec, outcome):
    return Trial(spec, outcome.measurement, 0.0, 1.0)


def test_the_model_of_most_labels_is_kept_and_published(tmp_path, spec_of, outcome_of):
    shelf = ModelShelf(tmp_path, tmp_path / "work")
    trials = [trial_of(spec_of(n=n), outcome_of()) for n in (10, 40, 20)]
    for trial in trials:
        leave(shelf, trial.spec)
        shelf.take(trial, trials)
    key = trials[0].spec.arm.key
    assert behind_figure(trials) == trials[1].key
    folder = shelf.publish(key, behind_figure(trials))
    assert read_card(folder).trial == trials[1].key
    assert shelf.publish(key, trials[0].key) is None
    assert not list(shelf.work.iterdir())


def test_a_model_whose_row_was_stored_before_a_kill_is_taken_by_the_next_run(tmp_path, spec_of, outcome_of):
    shelf = ModelShelf(tmp_path, tmp_path / "work")
    stored, lost = trial_of(spec_of(n=10), outcome_of()), spec_of(n=99)
    leave(shelf, stored.spec)
    leave(shelf, lost)  # killed before its row: it runs again
    ModelShelf(tmp_path, tmp_path / "work").recover([stored])
    assert shelf.publish(stored.spec.arm.key, stored.key) is not None
    assert not list(shelf.work.iterdir())


def test_arms_whose_names_differ_in_punctuation_have_folders_of_their_own(tmp_path):
    shelf = ModelShelf(tmp_path, tmp_path / "work")
    assert shelf.place("probe@a/b") != shelf.place("probe@a-b") != shelf.place("probe@a:b")


def test_a_damaged_model_is_not_published(tmp_path, spec_of, outcome_of):
    shelf = ModelShelf(tmp_path, tmp_path / "work")
    trial = trial_of(spec_of(), outcome_of())
    shelf.place(trial.spec.arm.key).mkdir(parents=True)
    assert shelf.publish(trial.spec.arm.key, trial.key) is None
