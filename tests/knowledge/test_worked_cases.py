"""Worked cases, tested on the content of the answer."""

from __future__ import annotations

from headstart.knowledge import Advice, advise_on, describe
from headstart.knowledge.prior import expect


def answer(*words, **more) -> Advice:
    return advise_on(describe(*words, **more))


def starts(advice: Advice) -> str:
    return " ".join(one.name for one in advice.starts)


def ways(advice: Advice) -> list[str]:
    return [way.strategy for way in advice.ways]


def test_few_chest_x_rays_compare_imagenet_with_an_in_domain_network():
    found = answer(
        "image", 500, 2, domain="chest x-ray", hardware="rtx3090", deadline="7d", candidates=("densenet121",)
    )
    assert found.description.modality == "medical image"
    assert found.starts[0].name == "timm:densenet121"
    assert "torchxrayvision" in starts(found)
    assert found.by_start["near"].median > found.by_start["far"].median
    assert any("patient" in risk for risk in found.risks)
    assert any("CheXpert" in near.dataset for near in found.nearest)
    assert {cost.device for cost in found.costs} == {"RTX 3090"}
    assert "--candidate timm:densenet121" in found.command


def test_many_chest_x_rays_make_imagenet_a_tie_or_worse():
    found = answer("image", 223_000, 5, domain="chest x-ray", candidates=("densenet121",))
    assert found.expectation.probability < 0.5
    assert abs(found.expectation.median) < 1
    assert "both" in found.do_now
    few = answer("image", 500, 5, domain="chest x-ray", candidates=("densenet121",))
    assert few.expectation.median > found.expectation.median


def test_crop_disease_in_a_small_lab_starts_from_photographs():
    found = answer("image", 2000, 10, domain="crop leaf disease photographs", hardware="t4")
    assert found.description.start == "near"
    assert found.expectation.probability > 0.8
    assert found.do_now.startswith("Start from efficientnet-lite0")
    assert found.starts[0].offline
    assert found.costs[0].usd is not None


def test_a_detector_at_scale_against_a_thousand_images():
    small = answer("detection", 1000, 5, domain="driving")
    large = answer("detection", 118_000, 80, domain="driving")
    assert small.expectation.median > large.expectation.median
    assert small.command == ""
    assert "advice only" in small.budget_reason
    assert any(near.source == "he2018" for near in small.nearest)
    assert any("COCO" in near.dataset for near in large.nearest)


def test_face_sentiment_tries_a_frozen_backbone_first_with_few_labels_only():
    few = answer("image", 300, 7, domain="face sentiment")
    many = answer("image", 30_000, 7, domain="face sentiment")
    assert ways(few)[0] == "linear_probe"
    assert ways(many)[0] == "full_finetune"
    assert few.frozen.median < few.expectation.median
    assert "of 30 published pairs" in few.ways[0].why


def test_bert_with_a_thousand_and_with_a_hundred_thousand_labels():
    few, many = (answer("text", n, 2, domain="sentiment", candidates=("bert-base-uncased",)) for n in (1000, 100_000))
    assert few.expectation.probability > 0.85
    assert few.expectation.median > many.expectation.median > 1
    assert few.starts[0].name == "google-bert/bert-base-uncased"
    assert few.expectation.strength == "measured"


def test_resnet_50_with_five_hundred_a_class():
    found = answer("image", 5000, 10, domain="products", candidates=("resnet50",))
    assert found.starts[0].name == "timm:resnet50"
    assert ways(found)[0] == "full_finetune"
    assert "from_scratch" in ways(found)
    assert found.expectation.probability > 0.8


def test_seventy_billion_on_one_gpu():
    found = answer("text", 5000, 2, domain="70B model", hardware="h100")
    assert found.large is not None
    assert found.large.fitting == ("qlora",)
    assert "QLoRA" in found.do_now
    assert "never a trial" in found.do_now
    assert ways(found)[0] == "qlora"
    assert "does not fit" in answer("text", 5000, 2, candidates=("llama-70b",), hardware="rtx3090").do_now


def test_no_start_for_seismic_and_radar_and_none_that_helps_proteins_much():
    for modality, domain in (("seismic", ""), ("series", "radar echoes"), ("radio", "")):
        found = answer(modality, 2000, domain=domain)
        assert found.do_now.startswith("Train a small network of your own")
        assert ways(found)[0] == "from_scratch"
        assert found.expectation.strength == "none"
        assert found.starts == ()
        assert any("no published sources" in risk for risk in found.risks)
    protein = answer("protein", 1000, 2)
    assert protein.expectation.strength == "thin"
    assert any("related sequences" in risk for risk in protein.risks)


def test_ecg_and_molecules_are_read_without_picking_the_best():
    ecg = answer("series", 10_000, domain="ECG of patients")
    assert ecg.description.modality == "biosignal"
    assert ecg.expectation.probability < 0.7
    assert "do not settle it" in ecg.do_now
    assert any("median of 8" in near.sentence for near in ecg.nearest)
    molecule = answer("molecule", 1500, 2)
    assert molecule.expectation.probability < 0.85
    assert any("median of 4" in near.sentence for near in molecule.nearest)


def test_cow_behaviour_lies_inside_the_interval_and_is_shown():
    found = answer("image", 2160, domain="cow behaviour")
    assert found.expectation.low <= 83.2 - 72.9 <= found.expectation.high
    assert found.frozen.low <= 76.6 - 72.9 <= found.frozen.high
    (cow, *_) = found.nearest
    assert cow.dataset == "dairy-cow behaviour"
    assert "not part of the fit" in cow.sentence


def test_needs_and_deadlines_are_used():
    found = answer("image", 1000, 2, needs=("latency<20ms", "size<25mb"), deadline="20m")
    assert any(risk.startswith("Latency") for risk in found.risks)
    assert any(risk.startswith("Size") for risk in found.risks)
    assert "--budget 10m" in found.command


def test_what_the_user_states_goes_before_what_is_guessed():
    found = answer("image", 1000, domain="satellite", start="near")
    assert found.description.start == "near"
    assert found.description.start_reason == ""
    assert found.expectation == expect("remote sensing", 1000, "near")
    assert not answer("image", 1000, start="none").description.has_start
