import psutil
import pytest

from headstart.core import Hardware, hardware, limit_spinning, probe_hardware


def test_the_probe_chooses_a_precision_and_says_why():
    machine = probe_hardware()
    assert machine.cores >= 1
    assert machine.memory_gb > 0
    assert machine.gflops_float32 > 0
    pays = machine.gflops_bfloat16 > hardware.BF16_GAIN * machine.gflops_float32
    assert machine.dtype == ("bfloat16" if pays else "float32")
    assert "bf16" in machine.dtype_reason
    assert machine.dtype in machine.describe()
    assert Hardware.from_json(machine.to_json()) == machine
    assert probe_hardware() is machine


@pytest.mark.parametrize(("half", "expected"), [(90.0, "float32"), (110.0, "float32"), (400.0, "bfloat16")])
def test_half_precision_must_be_clearly_faster(monkeypatch, half, expected):
    monkeypatch.setattr(hardware, "_matrix_rate", lambda dtype, _: 100.0 if "32" in str(dtype) else half)
    machine = probe_hardware.__wrapped__()
    assert machine.dtype == expected
    assert f"{half / 100:.2g}x" in machine.dtype_reason


def test_free_memory_is_some_and_not_more_than_there_is():
    assert 0 < hardware.free_memory_gb() <= psutil.virtual_memory().total / 2**30


def test_a_persons_own_thread_policy_is_kept(monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "ACTIVE")
    limit_spinning()
    assert hardware.os.environ["GOMP_SPINCOUNT"] == "ACTIVE"
    monkeypatch.delenv("GOMP_SPINCOUNT")
    limit_spinning()
    assert hardware.os.environ["GOMP_SPINCOUNT"] == "10000"
