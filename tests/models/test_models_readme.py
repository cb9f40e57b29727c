"""Each saved folder states in words what it is, and nothing that a user wrote breaks the page."""

from __future__ import annotations

import os

from headstart.models import Card, FittedModel, ModelFacts, build, resolve, write_readme

TEXT = "text-classification"


def save(folder, **options):
    candidate = resolve("builtin:compact-text", TEXT)
    card = Card(
        model_format="headstart",
        task=TEXT,
        class_names=("calm", "cross"),
        candidate=candidate,
        arm="from_scratch@builtin:compact-text",
        **options,
    )
    model = FittedModel(build(candidate, card.class_names, weights="random", seed=0), card)
    return model.save(folder), card


def test_a_saved_folder_states_what_its_card_knows(tmp_path):
    folder, _ = save(tmp_path / "m", source="tweets.csv", columns=("text",), learnt=640, labels=800)
    text = (folder / "README.md").read_text()
    assert text.startswith("---\nlicense: Apache-2.0\npipeline_tag: text-classification\n")
    for words in (
        "# from scratch of `builtin:compact-text`",
        "| classes | 2: `calm`, `cross` |",
        "| data | `tweets.csv`, column `text` |",
        "| labels learnt from | 640 of 800 |",
        "| licence of the start | Apache-2.0 |",
        "transformers refuses this folder",
        "How good it is on new examples is not stated here",
        "Texts are cut at 256 tokens",
    ):
        assert words in text, words
    assert str(tmp_path) not in text


def test_a_model_whose_time_was_over_says_so(tmp_path):
    whole, _ = save(tmp_path / "whole")
    assert "schedule" not in (whole / "README.md").read_text()
    short, _ = save(tmp_path / "short", steps_share=0.46)
    assert "| steps | 46% of its schedule, as the time was over |" in (short / "README.md").read_text()


def test_a_study_adds_what_it_knows(tmp_path):
    folder, card = save(tmp_path / "m")
    linked = tmp_path / "linked.md"
    os.link(folder / "README.md", linked)
    before = linked.read_text()
    more = {
        "metric": "accuracy",
        "value": 0.914,
        "low": 0.88,
        "high": 0.94,
        "n_test": 500,
        "verdict": "Transfer: it leads by 6 points.",
        "limits": ("Only two ways were tried.",),
        "created": "2026-11-26",
    }
    write_readme(folder, ModelFacts.of(card).model_copy(update=more))
    text = (folder / "README.md").read_text()
    assert "| accuracy on test examples | 91.4 % [88.0, 94.0] (90 % interval), 500 examples |" in text
    assert "## Verdict\n\nTransfer: it leads by 6 points." in text
    assert "- Only two ways were tried." in text
    assert "is not stated here" not in text
    assert linked.read_text() == before  # a study's model shares files with other folders


def test_code_that_it_needs_is_named(tmp_path):
    candidate = resolve("builtin:compact-text", TEXT).model_copy(update={"family": "own", "name": "arch:net:make"})
    card = Card(model_format="headstart", task=TEXT, class_names=("a",), candidate=candidate, arm="x@y", inserted="m:f")
    write_readme(tmp_path, ModelFacts.of(card))
    text = (tmp_path / "README.md").read_text()
    assert "runs code that is not in this folder: `net:make`, `m:f`" in text
    assert "allow_code=True" in text
    assert "--allow-code" in text


def test_hostile_names_stay_on_their_lines(tmp_path):
    names = ("a|b", "`x`", "\x1b[2Jline\nbreak", "\u202eright", "<script>", "\ud800", "# heading")
    facts = ModelFacts(
        task=TEXT,
        class_names=names,
        model_format="headstart",
        candidate="evil\n---\nlicense: mit",
        licence="mit\nlibrary_name: other",
        source="a\n| b |",
        verdict="one\n# two <b> [x](y)",
    )
    text = write_readme(tmp_path, facts).read_text()
    assert text.count("\nlibrary_name:") == 1
    assert text.split("---\n")[1].count("\n") == 4
    assert not [character for character in text if ord(character) < 32 and character != "\n"]
    assert "\u202e" not in text
    assert "<script>" not in text.replace("`<script>`", "")
    assert "\n# two" not in text
