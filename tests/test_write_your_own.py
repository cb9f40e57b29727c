"""The page "Write your own", followed word for word."""

import re


def test_every_block_of_the_page_runs(checkout):
    page = (checkout / "docs" / "write-your-own.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 7
    names = {"__name__": "followed"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"docs/write-your-own.md, block {number + 1}", "exec"), names)
    assert names["played"].measured_sides == {"transfer", "scratch"}
