"""figures.py: several values of one figure become a median and a range; two floors tell whether the machine was quiet. No I/O."""
import math
import statistics

QUIET = 0.10  # floors of one run may differ by so much of the lesser


def summary(values):
    """{median, min, max, values} of what was measured; None if it never was (None among the values: not in that turn)."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {"median": statistics.median(known), "min": min(known), "max": max(known), "values": known}


def summaries(samples):
    """A list of dicts (one for each turn) → a dict of summaries, in the order in which the names came."""
    names = {name: None for sample in samples for name in sample}
    found = {name: summary([sample.get(name) for sample in samples]) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def moved(figure):
    """By how much of the least value the greatest is above it."""
    return figure["max"] / figure["min"] - 1 if figure["min"] > 0 else float("inf")


def percentile(values, share):
    """The value that a share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def differ(one, other):
    """Do the ranges of two figures not touch?"""
    return one["max"] < other["min"] or other["max"] < one["min"]


def ratio(new, old):
    """{median, min, max} of new / old; min and max are what their ranges allow. None where a division makes no sense."""
    if min(old["min"], old["median"]) <= 0:
        return None
    return {"median": new["median"] / old["median"], "min": new["min"] / old["max"], "max": new["max"] / old["min"]}
