"""Names and indices, as short as will do: two models, and a default for every name nobody knows."""

from __future__ import annotations

EXPOSURES = {"2": {75: "1/30", 150: "10", 156: "15"}, "3": {75: "1/30", 150: "10", 156: "15", 159: "30"}}
GAINS = {"2": {0: "0", 18: "60", 24: "80"}, "3": {0: "0", 18: "60", 24: "80"}}


def name_of(tables, index, model):
    return tables["3" if model == "3" else "2"].get(index, "Auto")


def index_of(tables, name, model, default):
    table = tables["3" if model == "3" else "2"]
    return next((index for index, each in table.items() if each == name), default)


def get_exposure_name_by_index(index, dwarf_type="2"):
    return name_of(EXPOSURES, index, dwarf_type)


def get_exposure_index_by_name(name, dwarf_type="2"):
    return index_of(EXPOSURES, name, dwarf_type, 75)


def get_gain_name_by_index(index, dwarf_type="2"):
    return name_of(GAINS, index, dwarf_type)


def get_gain_index_by_name(name, dwarf_type="2"):
    return index_of(GAINS, name, dwarf_type, 0)
