"""What words of a description mean: modalities by their usual names, and how far a domain lies from pretraining data.

Distances that are guessed from words are said in the answer, so that a user can correct them with ``--start``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from headstart.core import Record
from headstart.knowledge.published import Start

ALIASES = {
    "image": "image",
    "images": "image",
    "image-classification": "image",
    "photo": "image",
    "photos": "image",
    "text": "text",
    "texts": "text",
    "text-classification": "text",
    "nlp": "text",
    "sound": "audio",
    "audio": "audio",
    "speech": "audio",
    "audio-classification": "audio",
    "series": "time series",
    "time series": "time series",
    "signal": "time series",
    "sensor": "time series",
    "series-classification": "time series",
    "biosignal": "biosignal",
    "ecg": "biosignal",
    "eeg": "biosignal",
    "medical image": "medical image",
    "x-ray": "medical image",
    "medical volume": "medical volume",
    "ct": "medical volume",
    "mri": "medical volume",
    "remote sensing": "remote sensing",
    "satellite": "remote sensing",
    "detection": "image detection",
    "image detection": "image detection",
    "object-detection": "image detection",
    "segmentation": "image segmentation",
    "image segmentation": "image segmentation",
    "video": "video",
    "molecule": "molecule",
    "molecules": "molecule",
    "protein": "protein",
    "proteins": "protein",
    "sequence": "protein",
    "dna": "DNA",
    "genome": "DNA",
    "code": "source code",
    "source code": "source code",
    "point cloud": "3D point cloud",
    "lidar": "3D point cloud",
    "3d point cloud": "3D point cloud",
    "radio": "radio signal",
    "radio signal": "radio signal",
    "radar": "radar",
    "seismic": "seismic",
    "particle physics": "particle physics",
}
STUDIED = {"image": "image-classification", "medical image": "image-classification", "text": "text-classification"}
STUDIED["remote sensing"] = "image-classification"
WITHOUT_START = ("radar", "seismic", "radio signal")  # modalities for which no general pretrained model is known


class Hint(Record):
    """What a word of a domain says.

    Attributes:
        words: Beginnings of words that show it.
        within: Modalities as the user states them for which it holds.
        modality: The narrower one that follows.
        start: How far usual pretraining data lie.
        reason: In words.
    """

    words: tuple[str, ...]
    within: tuple[str, ...]
    modality: str
    start: Start
    reason: str


def _hint(words: str, within: str, modality: str, start: Start, reason: str) -> Hint:
    return Hint(
        words=tuple(words.split()), within=tuple(within.split(",")), modality=modality, start=start, reason=reason
    )


HINTS = (
    _hint(
        "chest x-ray xray radiograph cxr retina fundus skin dermat histo patholog mri ct ultrasound endosc microsc "
        "blood medical mammogra tumour tumor lesion",
        "image,medical image",
        "medical image",
        "far",
        "medical images lie far from the photographs that general models were trained on",
    ),
    _hint(
        "satellite aerial sentinel landsat remote sar multispectral hyperspectral",
        "image,remote sensing",
        "remote sensing",
        "far",
        "pictures from above lie far from the photographs that general models were trained on",
    ),
    _hint(
        "radar seismic sonar spectrogram thermal wafer depth drawing sketch synthetic simulat",
        "image",
        "image",
        "far",
        "such pictures are not photographs, which general models were trained on",
    ),
    _hint(
        "crop leaf leaves plant flower fruit food animal cow dog cat bird fish insect face people person product photo "
        "natural car driving street traffic vehicle furniture cloth scene",
        "image,image detection,image segmentation,video",
        "",
        "near",
        "photographs of things and living beings are what general models were trained on",
    ),
    _hint(
        "ecg eeg emg ekg heart brain electro",
        "time series,biosignal",
        "biosignal",
        "near",
        "models of such records exist",
    ),
    _hint("seismic earthquake geophys", "time series", "seismic", "far", "no general model of such signals is known"),
    _hint("radar", "time series", "radar", "far", "no general model of such signals is known"),
    _hint("radio modulation", "time series", "radio signal", "far", "no general model of such signals is known"),
    _hint(
        "code program source log protein dna smiles formula",
        "text",
        "",
        "far",
        "such strings lie far from the prose that general models were trained on",
    ),
    _hint(
        "review sentiment news mail message spam topic tweet post support ticket question dialog legal contract "
        "clinical biomed finance patent abstract",
        "text",
        "",
        "near",
        "prose is what general models were trained on",
    ),
    _hint("speech spoken voice command word call", "audio", "", "near", "models of speech exist"),
    _hint("music bird environment machine engine cough", "audio", "", "near", "models of sounds of all kinds exist"),
)


def words_of(text: str) -> list[str]:
    """Words in lower case, hyphens kept."""
    return re.findall(r"[^\W_][\w-]*", text.lower())


def hints_for(modality: str, domain: str) -> Iterator[Hint]:
    """Hints that the words of a domain show, first the one that names more."""
    words = words_of(domain)
    found = [(sum(_shows(word, hint) for word in words), hint) for hint in HINTS if modality in hint.within]
    return (hint for count, hint in sorted(found, key=lambda pair: -pair[0]) if count)


def _shows(word: str, hint: Hint) -> bool:
    """Whether a word begins like one of a hint's; short ones must be whole, or "car" would be found in "cardiac"."""
    return any(word.removesuffix("s") == one or (len(one) > 3 and word.startswith(one)) for one in hint.words)
