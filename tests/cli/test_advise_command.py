"""``headstart advise`` and ``headstart cost``: forty cases, forty bad descriptions, data, one document."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

import headstart as hs

DOMAINS = {
    "image": ("", "chest x-ray", "satellite pictures", "crop disease", "shoes in a shop", "seismic sections", "zzyzx"),
    "text": ("", "film reviews", "support tickets", "source code", "70B model", "Māori proverbs"),
    "sound": ("", "spoken commands", "engine noise", "bird song"),
    "series": ("", "ECG", "EEG of sleepers", "radar", "seismic", "factory sensors"),
    "detection": ("", "driving"),
}
OTHERS = ("segmentation", "video", "protein", "dna", "molecule", "point cloud", "satellite", "ct", "radio", "code")
CASES = [(kind, domain) for kind, domains in DOMAINS.items() for domain in domains] + [(kind, "") for kind in OTHERS]
SIZES = ((), ("--labels", "0"), ("--labels", "60", "--classes", "3"), ("--labels", "100000", "--classes", "10"))
DESCRIBED = [(*case, SIZES[number % 4]) for number, case in enumerate([*CASES, *CASES[:5]])]

IMAGE = ("--modality", "image")
BAD = [
    (),
    ("--labels", "5"),
    ("--modality", ""),
    ("--modality", "imgae"),
    ("--modality", "smell"),
    ("--modality", "textt", "--labels", "4"),
    ("--modality", "tabular"),
    *((*IMAGE, "--labels", n) for n in ("-1", "-1000000", "99999999999999", "2.5", "1e3", "many")),
    *((*IMAGE, "--labels", "5", "--classes", n) for n in ("6", "1", "0", "-2", "1000000")),
    *((*IMAGE, "--domain", text) for text in ("123", "!!!", "?", "x" * 121, "a\x1b[31mb", "::::")),
    *((*IMAGE, "--hardware", card) for card in ("rtx9999", "abacus", "", "h10")),
    *((*IMAGE, "--deadline", text) for text in ("soon", "-3d", "0h", "7 moons", "")),
    *((*IMAGE, "--need", text) for text in ("fast", "latency", "latency<0ms", "latency<20kg", "beauty<3mm")),
    (*IMAGE, "--start", "nearby"),
    (*IMAGE, "--candidate", "a\nb"),
    (*IMAGE, "--candidate", ""),
    (*IMAGE, "--margin", "2"),
    (*IMAGE, "--margin", "-0.1"),
    (*IMAGE, "--text-column", "words"),
    ("no-such-folder",),
]


def test_there_are_forty_of_each():
    assert len(DESCRIBED) >= 40
    assert len(BAD) >= 40


@pytest.mark.parametrize(("kind", "domain", "size"), DESCRIBED)
def test_a_described_case_is_answered_within_a_second(headstart, kind, domain, size):
    start = time.perf_counter()
    done = headstart("advise", "--modality", kind, "--domain", domain, *size)
    assert time.perf_counter() - start < 1
    assert (done.code, done.err) == (0, "")
    first, *rest = done.out.splitlines()
    assert first
    assert "Nearest published cases" in rest
    assert max(len(line) for line in done.out.splitlines()) <= 110


@pytest.mark.parametrize("words", BAD)
def test_a_bad_description_gets_one_message(headstart, words):
    headstart("advise", *words).failed_well()


def test_the_hint_names_what_was_meant(headstart):
    headstart("advise", "--modality", "imgae").failed_well("Did you mean 'image'?")
    headstart("advise", *IMAGE, "--hardware", "rtx3080").failed_well("RTX 3090")


def test_json_is_one_document_and_the_library_says_the_same(headstart):
    done = headstart("advise", *IMAGE, "--labels", "500", "--classes", "2", "--domain", "chest x-ray", "--json")
    found = hs.advise(modality="image", labels=500, classes=2, domain="chest x-ray")
    assert done.document == json.loads(found.to_json())
    assert done.document["description"]["modality"] == "medical image"


def test_the_description_is_read_off_data(headstart, digit_folders):
    found = headstart("advise", digit_folders, "--json").document
    assert found["description"]["labels"] == 60
    assert found["description"]["classes"] == 3
    assert str(digit_folders) in found["command"]
    assert hs.advise(str(digit_folders)).expectation.probability == found["expectation"]["probability"]


def test_a_process_of_its_own_loads_no_torch_and_answers_within_a_second():
    code = (
        "import sys; sys.argv = 'headstart advise --modality image --labels 500'.split()\n"
        "from headstart.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('torch' in sys.modules, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"


def test_costs_are_ranges_with_a_date(headstart):
    done = headstart("cost", *IMAGE, "--labels", "2000", "--hardware", "t4", "--label-price", "0.5")
    assert done.code == 0
    assert "prices of 20" in done.out
    assert "$1,000" in done.out
    assert "ResNet-50" in done.out
    document = headstart("cost", *IMAGE, "--labels", "2000", "--json").document
    for one in document["costs"]:
        assert one["seconds"][0] < one["seconds"][1]
        assert one["usd"][0] < one["usd"][1]
    assert len({one["device"] for one in document["costs"]}) == 8
    assert hs.cost(modality="image", labels=2000).labels == 2000


def test_costs_of_data_and_of_this_machine(headstart, digit_folders):
    document = headstart("cost", digit_folders, "--here", "--hardware", "t4", "--json").document
    assert document["labels"] == 60
    assert document["costs"][0]["device"].startswith("this machine")
    assert document["costs"][0]["usd"] is None


def test_costs_need_labels_and_a_model(headstart):
    headstart("cost", *IMAGE).failed_well("--labels")
    headstart("cost", "--modality", "seismic", "--labels", "5").failed_well("seismic")
    headstart("cost", *IMAGE, "--labels", "5", "--label-price", "-1").failed_well("--label-price")
    headstart("cost").failed_well("--config")


def test_memory_is_planned_from_a_config(headstart, tmp_path):
    config = dict(model_type="llama", hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, vocab_size=32000)
    (tmp_path / "config.json").write_text(json.dumps(config | {"intermediate_size": 11008}))
    done = headstart("cost", "--config", tmp_path, "--hardware", "rtx3090")
    assert "6.74 billion weights" in done.out
    assert "full_finetune no" in done.out
    document = headstart("cost", "--config", tmp_path, "--json", "--strategy", "qlora", "--hardware", "t4").document
    assert document["plans"][0]["cards"]["T4"] >= 1
    headstart("cost", "--config", tmp_path / "none.json").failed_well("config.json")
    headstart("cost", "--config", tmp_path, "--strategy", "qlorra").failed_well("Did you mean 'qlora'?")


def test_questions_are_asked_one_by_one_in_a_terminal(monkeypatch):
    from headstart.cli import advising

    answers = iter(["image", 500, 2, "chest x-ray"])
    monkeypatch.setattr(advising.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(advising.typer, "prompt", lambda *_, **__: next(answers))
    assert advising.ask() == {"modality": "image", "labels": 500, "classes": 2, "domain": "chest x-ray"}


def test_costs_are_listed_for_every_number_of_labels(headstart):
    words = ("cost", *IMAGE, "--labels", "500", "--at", "2000", "--at", "50000", "--hardware", "t4")
    document = headstart(*words, "--json").document
    runs = {(cost["strategy"], cost["labels"]): cost for cost in document["costs"]}
    assert {labels for _, labels in runs} == {500, 2000, 50_000}
    assert runs["full_finetune", 2000]["flops"] == pytest.approx(4 * runs["full_finetune", 500]["flops"])
    assert runs["full_finetune", 500]["memory_gb"] == pytest.approx(4 * runs["linear_probe", 500]["memory_gb"])
    out = headstart(*words, "--label-price", "2").out
    assert "50,000 labels; the labels themselves: $100,000" in out
    assert "e+" not in out.replace("e+1", "")  # powers of ten stand for operations alone
    headstart("cost", *IMAGE, "--labels", "5", "--at", "0").failed_well("--at")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--modality", "image", "--labels", "50", "--target", "0.9"), "once something was measured"),
        (("--target", "0.9"), "once something was measured"),
    ],
)
def test_what_reaches_a_target_needs_a_study(headstart, words, said):
    done = headstart("cost", *words)
    assert done.code == 1
    assert said in done.err
    assert "headstart study DATA" in done.err


@pytest.mark.parametrize(
    "words",
    [("--modality", "image"), ("--here",), ("--classes", "3"), ("--labels", "labels.csv"), ("--text-column", "words")],
)
def test_a_study_is_not_described(headstart, tmp_path, words):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study.sqlite").touch()
    done = headstart("cost", "mine", *words)
    assert done.code == 1
    assert "is not for a study" in done.err
