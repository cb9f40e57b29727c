from __future__ import annotations

import io

import pytest
from rich.console import Console
from variants import ALL, HOSTILE

from headstart.report import render_data, render_error, render_header, render_plan, render_summary
from headstart.report.summary import Summary
from headstart.studies.planners import LeftOut, Plan, PlanRow


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", list(ALL))
def test_last_screen_is_under_25_lines(name, width, screen):
    lines = screen(render_summary, ALL[name](), width=width)
    assert len(lines) < 25, "\n".join(lines)
    assert max(len(line) for line in lines) <= width or name == "hostile"  # wide letters count twice


def test_words_come_before_numbers_and_the_next_command_last(summary, screen):
    lines = screen(render_summary, summary)
    assert lines[0].startswith("Do now      Use fine-tuning all of builtin:image: 91.4 % accuracy")
    text = "\n".join(lines)
    assert "Measured    Transfer: Start from builtin:image" in text
    assert "Expected    At 3,968 labels: leaning to transfer (P = 0.93)" in text
    assert "Model       trained on 992 of 992 labels" in text
    assert "91.4 ± 1.1" in text
    assert "more in report.html" in text
    assert lines[-3].startswith("Saved       runs/flowers/ with model/, report.html, recommendation.json")
    assert lines[-1] == "Next        headstart predict runs/flowers/model new_images/"


def test_how_sure_a_choice_is_comes_with_its_labels_and_is_never_cut(summary, screen):
    text = " ".join(" ".join(screen(render_summary, summary)).split())
    assert "Certainty 93 % sure it is the best tried at 3,968 labels; if not, it costs about" in text
    assert "points Crossover" in text
    older = summary.recommendation.model_copy(update={"p_best_n": None})
    text = " ".join(screen(render_summary, summary.model_copy(update={"recommendation": older})))
    assert "sure it is the best tried; if not" in text


def test_a_model_that_did_not_get_all_of_its_steps_is_said_to(summary, screen):
    answer = summary.recommendation.model_copy(update={"trained_share": 0.46})
    text = "\n".join(screen(render_summary, summary.model_copy(update={"recommendation": answer})))
    assert "Model       trained on 992 of 992 labels, with 46% of its steps" in text


def test_an_open_verdict_says_what_would_decide_it(screen):
    text = "\n".join(screen(render_summary, ALL["undetermined"]()))
    assert "Not determined" in text
    assert "Stopped     by you after" in text
    assert "To decide" not in text  # more time was there: the study was stopped
    assert "Go on       headstart study data/flowers --budget 30m" in text
    assert "predict" not in text


def test_an_open_verdict_that_ran_to_its_end_names_one_remedy(screen):
    stopped = ALL["undetermined"]()
    study = stopped.study.model_copy(update={"status": "finished"})
    text = "\n".join(screen(render_summary, stopped.model_copy(update={"study": study})))
    assert text.count("To decide") == 1
    assert "To decide   Label about 300 more examples" in text


@pytest.mark.parametrize("name", list(ALL))
def test_what_to_use_is_the_arm_that_the_table_calls_chosen(name):
    answer = ALL[name]().recommendation
    chosen = [arm for arm in answer.arms if arm.status == "chosen"]
    assert all((arm.strategy, arm.candidate) == (answer.strategy, answer.candidate) for arm in chosen)


def test_more_arms_than_rows_are_counted(document, screen):
    arms = document["recommendation"]["arms"]
    document["recommendation"]["arms"] = arms + [arms[1] | {"key": f"k{n}", "name": f"arm {n}"} for n in range(9)]
    text = "\n".join(screen(render_summary, Summary.model_validate(document)))
    assert "more in the report" in text


def test_hostile_words_are_shown_and_not_obeyed(screen):
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="truecolor")
    summary = ALL["hostile"]()
    render_summary(summary, console)
    out = console.file.getvalue()
    assert "[bold]x[/bold]" in out
    assert "\x1b[31mred" not in out
    assert "\u202e" not in out
    data = "\n".join(screen(render_data, summary.data, width=100))
    assert "[red]" in data
    assert "more: headstart check lists them all" in data


def test_no_color_is_respected(summary, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    render_summary(summary, console)
    assert "\x1b[3" not in console.file.getvalue()


def test_plan_and_header(screen, summary):
    plan = Plan(
        rows=(PlanRow(arm="[red] of x", sizes=(60, 1000), repeats=3, recipes=6, seconds=400.0),) * 20,
        total_seconds=1500,
        budget_seconds=1800,
        comparison_size=992,
        left_out=tuple(LeftOut(what=f"arm {n}", reason="[why]") for n in range(6)),
        notes=("a note",),
    )
    text = "\n".join(screen(render_plan, plan))
    assert "[red] of x" in text
    assert "60, 1,000" in text
    assert "… 8 more options" in text
    assert "about 25 min of 30 min allowed; options are compared" in text
    assert "arm 0: [why]" in text
    assert "… 2 more in the report" in text
    known = {"version": "0.1.0", "hardware": summary.hardware, "budget_seconds": 1800, "seed": 0, "folder": "x"}
    header = "\n".join(screen(lambda console: render_header(console, **known)))
    assert "2 CPU cores, no GPU, 13 GB memory free; float32" in header
    assert "30 min, seed 0" in header


def test_data_line(summary, screen):
    text = " ".join(" ".join(screen(render_data, summary.data)).split())
    assert "992 images to learn from, 5 classes (smallest daisy: 162); 248 to test on (set aside)" in text
    assert "warning: 14 near-duplicates across classes (rose/081.jpg, tulip/007.jpg, …)" in text


@pytest.mark.parametrize("words", HOSTILE)
def test_errors_keep_their_form(words, screen):
    lines = screen(render_error, f"column {words} is missing", words or "reviews.csv", "Did you mean [bold]?")
    assert lines[0].startswith("error: column")
    assert lines[1].startswith("  in: ") or not words.strip()
    assert lines[-1] == "  hint: Did you mean [bold]?"
