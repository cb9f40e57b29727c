"""The words of Headstart: records, errors, seeds and the machine."""

from headstart.core.allocation import keep_freed_memory
from headstart.core.errors import (
    BudgetError,
    BundleError,
    DataError,
    HeadstartError,
    SettingsError,
    SourceError,
    did_you_mean,
    reason_of,
    safe_name,
)
from headstart.core.hardware import Hardware, limit_spinning, probe_hardware
from headstart.core.records import (
    PROTOCOL_VERSION,
    SCHEMA_VERSION,
    Arm,
    Augmentation,
    Measurement,
    ModelFormat,
    Paradigm,
    Recipe,
    Record,
    Role,
    TrialSpec,
)
from headstart.core.seeds import derive_seed
from headstart.core.waiting import seconds_waited, waiting

__all__ = [
    "PROTOCOL_VERSION",
    "SCHEMA_VERSION",
    "Arm",
    "Augmentation",
    "BudgetError",
    "BundleError",
    "DataError",
    "Hardware",
    "HeadstartError",
    "Measurement",
    "ModelFormat",
    "Paradigm",
    "Recipe",
    "Record",
    "Role",
    "SettingsError",
    "SourceError",
    "Task",
    "TrialSpec",
    "derive_seed",
    "did_you_mean",
    "probe_hardware",
    "reason_of",
    "safe_name",
    "seconds_waited",
    "keep_freed_memory",
    "limit_spinning",
    "waiting",
]
