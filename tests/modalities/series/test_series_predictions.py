"""A model of series predicts from files and tables of every form that it can learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_series import waves

import headstart as hs
from headstart.cli.predicting import Wanted, run_predict
from headstart.core import HeadstartError


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """MiniRocket on a table of lists."""
    folder = tmp_path_factory.mktemp("fitted")
    values, labels = waves(90)
    frame = pd.DataFrame({"signal": list(values[:, 0]), "label": ["abc"[k] for k in labels]})
    frame.to_parquet(folder / "set.parquet")
    hs.fit(folder / "set.parquet", "builtin:minirocket", "from_scratch", out=folder / "model")
    return folder / "model"


def answers(capsys, fitted, file):
    run_predict(fitted, [str(file)], Wanted(quiet=True))
    return [line.split("\t")[-2] if line.count("\t") > 1 else line for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("form", ["parquet", "npz", "ts", "tsv", "long", "npy"])
def test_new_series_in_any_form(fitted, tmp_path, capsys, form):
    values, labels = waves(9, seed=5)
    names = ["abc"[k] for k in labels]
    if form == "parquet":
        pd.DataFrame({"signal": list(values[:, 0])}).to_parquet(tmp_path / "new.parquet")
    elif form == "npz":
        np.savez(tmp_path / "new.npz", x=values)
    elif form == "ts":
        lines = [",".join(map(str, one[0])) + ":" + name for one, name in zip(values, names, strict=True)]
        (tmp_path / "new.ts").write_text("\n".join(["@problemName n", "@classLabel true a b c", "@data", *lines]))
    elif form == "tsv":
        lines = ["\t".join([name, *map(str, one[0])]) for one, name in zip(values, names, strict=True)]
        (tmp_path / "new.tsv").write_text("\n".join(lines))
    elif form == "long":
        rows = [(k, t, one[0, t]) for k, one in enumerate(values) for t in range(64)]
        pd.DataFrame(rows, columns=["id", "time", "signal"]).to_csv(tmp_path / "new.csv", index=False)
    else:
        np.save(tmp_path / "new.npy", values)
    file = next(tmp_path.glob("new.*"))
    found = answers(capsys, fitted, file)
    assert len(found) == 9
    right = sum(name in line.replace("\t", " ").split() for name, line in zip(names, found, strict=True))
    assert right >= 8


def test_a_table_without_the_studys_column_says_so(fitted, tmp_path):
    pd.DataFrame({"signals": [[1.0, 2.0, 3.0] * 5]}).to_parquet(tmp_path / "new.parquet")
    with pytest.raises(HeadstartError, match="no column 'signal', which the model learnt from"):
        run_predict(fitted, [str(tmp_path / "new.parquet")], Wanted(quiet=True))


def test_the_readme_says_what_it_is(fitted):
    text = (fitted / "README.md").read_text()
    assert "series-classification" in text
    assert "TF-IDF" not in text


def test_it_is_no_network_to_export(fitted, tmp_path):
    from headstart.models import load
    from headstart.models.onnx import export_onnx

    with pytest.raises(HeadstartError, match="builtin:minirocket is no network"):
        export_onnx(load(fitted), tmp_path / "model.onnx")


def test_a_file_of_other_types_is_refused(fitted):
    from headstart.models import get_family, load

    family, pipeline = get_family("minirocket"), load(fitted).model
    pipeline.rocket.biases = pipeline.rocket.biases[:-1]
    with pytest.raises(ValueError, match="do not fit each other"):
        family.check_pipeline(pipeline, 3)


@pytest.mark.parametrize("name", ["builtin:lite", "builtin:resnet1d", "picture:builtin:image"])
def test_networks_are_exported_with_any_length(name, tmp_path):
    from headstart.models import Card, FittedModel, build, resolve
    from headstart.models.onnx import export_onnx

    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    candidate = resolve(name, "series-classification", native_size=40)
    network = build(candidate, ("a", "b"), weights="random", seed=0).eval()
    card = Card(
        model_format="headstart",
        task="series-classification",
        class_names=("a", "b"),
        candidate=candidate,
        arm=f"any@{name}",
    )
    assert export_onnx(FittedModel(network, card), tmp_path / "model.onnx").difference < 1e-4
