import time

import pytest

from headstart.core import seconds_waited, waiting


def test_only_waiting_that_brought_something_is_no_work(monkeypatch):
    clock = iter([0.0, 5.0, 10.0, 12.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    before = seconds_waited()
    with waiting():
        pass
    with pytest.raises(OSError, match="gone"), waiting():
        raise OSError("gone")
    assert seconds_waited() - before == 5.0
