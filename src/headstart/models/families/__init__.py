"""Model libraries: a file for each, and the table in which they are found by name."""

from headstart.models.families.base import Family
from headstart.models.families.registry import families, family_names, get_family, register_family

__all__ = ["Family", "families", "family_names", "get_family", "register_family"]
