"""The wide camera's; one name stands for two indices, as in the library."""

from __future__ import annotations

from .data_utils import index_of, name_of

EXPOSURES = {"2": {36: "1/320", 45: "1/320", 75: "1/30"}, "3": {75: "1/30", 150: "10"}}
GAINS = {"2": {0: "60", 3: "70"}, "3": {18: "60", 24: "80"}}


def get_wide_exposure_name_by_index(index, dwarf_type="2"):
    return name_of(EXPOSURES, index, dwarf_type)


def get_wide_exposure_index_by_name(name, dwarf_type="2"):
    return index_of(EXPOSURES, name, dwarf_type, 75)


def get_wide_gain_name_by_index(index, dwarf_type="2"):
    return name_of(GAINS, index, dwarf_type)


def get_wide_gain_index_by_name(name, dwarf_type="2"):
    return index_of(GAINS, name, dwarf_type, 0)
