from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from variants import ALL

from headstart.report import charts, drawing, repr_html, write_html
from headstart.report.html import link_numbers, render_page
from headstart.report.palette import DARK

VOID = {"meta", "link", "br", "img", "input"}
LOADS = ("src", "srcset", "poster", "data", "action", "formaction", "background")


class Outline(HTMLParser):
    """Elements, ids, links and what a page would load; checks that every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append((tag, values))
        if "id" in values:
            self.ids.append(values["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(data)


def outline(page: str) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    parsed.close()
    assert parsed.open == []
    return parsed


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Every variant's page, drawn once."""
    return {name: render_page(build()) for name, build in ALL.items()}


@pytest.mark.parametrize("name", list(ALL))
def test_page_is_small_whole_and_loads_nothing(name, pages):
    page = pages[name]
    assert len(page.encode("utf-8")) < 2_000_000
    parsed = outline(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    for tag, values in parsed.tags:
        assert not any(key.startswith("on") for key in values), (tag, values)
        for key in LOADS:
            assert values.get(key, "data:").startswith("data:"), (tag, values)
        link = values.get("href", values.get("xlink:href", "#"))
        assert link.startswith("#") or (tag == "link" and link == "data:,")
        if link.startswith("#") and len(link) > 1:
            assert link[1:] in parsed.ids, link
        assert tag != "script" or values["type"] == "application/json"
    assert sum(tag == "script" for tag, _ in parsed.tags) == 1
    assert not re.search(r"(?:url\(|@import)\s*[\"']?(?!#)", page)


@pytest.mark.parametrize("name", list(ALL))
def test_embedded_summary_is_json(name, pages):
    embedded = json.loads("".join(outline(pages[name]).scripts))
    assert embedded["schema_version"] == 1
    assert embedded["recommendation"]["paradigm"] in ("transfer", "tie", "undetermined")


def test_sections_are_in_order(pages):
    ids = outline(pages["example"]).ids
    wanted = [
        "verdict",
        "reasons",
        "alerts",
        "curves",
        "arms",
        "cost",
        "timeline",
        "errors",
        "data",
        "reproduce",
        "trials",
        "glossary",
    ]
    assert [name for name in ids if name in wanted] == wanted
    assert pages["example"].count("<svg") == 10
    assert pages["example"].count("The numbers behind this chart") == 5


def test_every_reason_leads_to_its_trials(summary, pages):
    page = pages["example"]
    rows = {trial.key: number for number, trial in enumerate(summary.trials, start=1)}
    for number, reason in enumerate(summary.recommendation.reasons, start=1):
        assert f'href="#reason-{number}"' in page
        block = page.split(f'id="reason-{number}"')[1].split("</li>")[0]
        assert {f"#trial-{rows[key]}" for key in reason.trials} == set(re.findall(r'href="(#trial-\d+)"', block))


def test_numbers_become_links_and_names_do_not():
    out = str(link_numbers("resnet18 wins by 11.2 points <b> of 1,240 and 91.4 %, ViT-B/16.", "x"))
    assert re.findall(r">([\d.,]+(?: %)?)</a>", out) == ["11.2", "1,240", "91.4 %"]
    assert "&lt;b&gt;" in out


def test_hostile_words_are_text(pages):
    page = pages["hostile"]
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in "".join(outline(page).text)
    card = repr_html(ALL["hostile"]())
    assert "<script" not in card
    assert "<img" not in card


def test_strict_policy_and_dark_mode(pages):
    page = pages["example"]
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert f'.chart [fill="{next(iter(DARK))}"]' in page


def test_missing_chart_leaves_its_table(summary, monkeypatch):
    def broken(*_):
        raise ValueError("no converter")

    monkeypatch.setattr(drawing, "to_svg", broken)
    with pytest.warns(UserWarning, match="could not be drawn"):
        page = render_page(summary)
    assert "This chart could not be drawn" in page
    assert "from_scratch of builtin:image" in page


def test_charts_use_only_colours_that_dark_mode_knows(summary):
    for chart in (
        charts.learning_curves,
        charts.cost_against_metric,
        charts.timeline,
        charts.paired_differences,
        charts.confusion,
    ):
        svg = drawing.to_svg(chart(summary), "x", "title")
        assert set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg)) <= set(DARK), chart.__name__


def test_no_data_no_charts():
    summary = ALL["empty"]()
    assert charts.learning_curves(summary) is None
    assert charts.cost_against_metric(summary) is None
    assert charts.timeline(summary) is None
    assert charts.paired_differences(summary) is None
    assert charts.confusion(summary) is None


def test_frontier_is_what_nothing_beats(summary):
    efficient = {row.name for row in charts.cost_rows(summary) if row.efficient}
    assert efficient == {"full_finetune of builtin:image", "linear_probe of builtin:image"}


def test_card_is_self_contained(summary):
    card = repr_html(summary)
    parsed = outline(card)
    assert "Start from builtin:image" in card
    assert sum(tag == "svg" for tag, _ in parsed.tags) == 1
    assert not [values for _, values in parsed.tags if "src" in values]
    assert len(card) < 60_000


def test_write_into_a_folder(summary, tmp_path, monkeypatch):
    monkeypatch.setattr("headstart.report.html.render_page", lambda _: "<!doctype html>\ud7ff")
    assert write_html(summary, tmp_path).name == "report.html"


def test_the_page_says_what_steps_reached_of_the_machine(pages):
    page = pages["example"]
    assert "training steps reached: " in page
    assert page.count(" 31%") >= 1


def test_costs_of_every_option_with_all_labels_are_listed():
    page = render_page(ALL["example"]())
    text = " ".join(outline(page).text)
    assert "One run on all 992 labels" in text
    for card in ("T4", "RTX 4090", "H100 SXM"):
        assert card in text
    assert "not counted" in text  # of the probe, whose operations are not known
    assert "$" in text
