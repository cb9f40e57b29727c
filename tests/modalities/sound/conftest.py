"""Three classes of made-up tones."""

import pytest


@pytest.fixture
def tones(tmp_path):
    """Three classes of 14 tones, a WAV file each."""
    from tones import write_tones

    write_tones(tmp_path / "tones")
    return tmp_path / "tones"
