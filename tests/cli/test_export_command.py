"""headstart export: an ONNX file beside the model or where the user wants it."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def needs_onnx():
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason="the extra onnx is not installed")


@pytest.mark.slow
def test_it_writes_a_checked_file(needs_onnx, headstart, image_model, tmp_path):
    done = headstart("export", image_model, "--onnx", "--out", tmp_path / "net.onnx")
    assert (done.code, done.err) == (0, "")
    assert "inputs pixel_values, output probabilities" in done.out
    assert "Checked with onnxruntime" in done.out
    assert (tmp_path / "net.onnx").stat().st_size > 1000


@pytest.mark.slow
def test_json_is_one_document(needs_onnx, headstart, text_model, tmp_path):
    exported = headstart("export", text_model, "--onnx", "--out", tmp_path / "net.onnx", "--json").document
    assert exported["inputs"] == ["input_ids", "attention_mask"]
    assert exported["difference"] <= 1e-4


def test_what_it_refuses(headstart, image_model, tmp_path, monkeypatch):
    headstart("export", image_model).failed_well("no form was asked for", "--onnx")
    headstart("export", tmp_path, "--onnx").failed_well("no model of Headstart")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    headstart("export", image_model, "--onnx").failed_well("not installed", "pip install 'headstart[onnx]'")
