"""Wrong keywords of the library's functions: one line that names what was probably meant."""

import pytest

import headstart as hs


@pytest.mark.parametrize(
    ("function", "wrong", "meant"),
    [
        (hs.study, "bugdet", "budget"),
        (hs.study, "strategy", "strategies"),
        (hs.study, "lable_column", "label_column"),
        (hs.plan, "excutor", "executor"),
        (hs.fit, "settings", None),
        (hs.fit, "recipes", "recipe"),
        (hs.check, "groupcolumn", "group_column"),
        (hs.rank, "keeps", "keep"),
    ],
)
def test_a_wrong_keyword_is_one_line(function, wrong, meant):
    with pytest.raises(hs.HeadstartError) as error:
        function("no such data", **{wrong: "1m"})
    assert f"{function.__name__}() has no argument {wrong!r}" in str(error.value)
    if meant:
        assert f"Did you mean {meant!r}?" in str(error.value)
