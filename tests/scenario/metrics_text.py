"""metrics_text.py: a strict reader of the Prometheus text format 0.0.4, by its description and the naming conventions.

Whatever Prometheus would only warn of or repair is an error here.
"""
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
TYPES = {"counter", "gauge", "histogram"}
NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN")


def _labels(text):
    """'a="b",c="d"' → dict; by hand, since values may hold anything."""
    labels, at = {}, 0
    while at < len(text):
        match = re.compile(rf'({LABEL})="').match(text, at)
        assert match, f"no label at {at} in {{{text}}}"
        name, value, at = match[1], "", match.end()
        while text[at] != '"':
            if text[at] == "\\":
                value += {"\\": "\\", '"': '"', "n": "\n"}[text[at + 1]]
                at += 2
            else:
                value += text[at]
                at += 1
        at += 1
        assert not name.startswith("__"), name
        assert name not in labels, f"label {name} twice in {{{text}}}"
        labels[name] = value
        if at < len(text):
            assert text[at] == "," and at + 1 < len(text), f"no comma at {at} in {{{text}}}"
            at += 1
    return labels


def _sample(line):
    match = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (\S+)", line)
    assert match, f"no sample: {line!r}"
    assert NUMBER.fullmatch(match[3]), f"no number: {line!r}"
    return match[1], _labels(match[2]) if match[2] is not None else {}, float(match[3])


def _check_name(name, kind):
    if name.startswith("process_") and kind == "gauge":
        return
    assert (kind == "counter") == name.endswith("_total"), f"{name}: a {kind}"
    for unit in ("milliseconds", "_ms", "_us", "minutes", "kilobytes"):
        assert unit not in name, f"{name}: not in base units"


def _check_histogram(name, samples):
    """Per set of labels: buckets ascend in le and do not descend in value, +Inf is the last and equals the count."""
    series = {}
    for sample, labels, value in samples:
        rest = tuple(sorted((key, text) for key, text in labels.items() if key != "le"))
        one = series.setdefault(rest, {"buckets": []})
        if sample == name + "_bucket":
            one["buckets"].append((float(labels["le"]), value))
        else:
            assert sample in (name + "_sum", name + "_count") and "le" not in labels, sample
            assert sample not in one
            one[sample] = value
    for rest, one in series.items():
        bounds, values = zip(*one["buckets"])
        assert list(bounds) == sorted(set(bounds)), (name, rest, bounds)
        assert list(values) == sorted(values), (name, rest, values)
        assert bounds[-1] == math.inf and values[-1] == one[name + "_count"], (name, rest)
        assert all(value == int(value) for value in values)
        count, total = one[name + "_count"], one[name + "_sum"]
        assert (total == 0) if count == 0 else total >= 0
        # What the buckets say bounds the sum from below and, but for the last, from above.
        low = sum((after - before) * bound for (before, after, bound) in zip((0, *values), values, (0, *bounds[:-1])))
        assert total >= low * (1 - 1e-9), (name, rest, total, low)


def parse(text):
    """text → {(sample name, ((label, value), …)): value}; every rule of the format is asserted."""
    assert text.endswith("\n") and "\r" not in text
    families, current, values = {}, None, {}
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, help_text = line.split(" ", 3)
            assert re.fullmatch(NAME, name) and name not in families, f"{name} is described twice"
            assert help_text and help_text[-1] == ".", line
            current = families[name] = {"name": name, "type": None, "samples": []}
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert current and current["name"] == name and current["type"] is None and not current["samples"], line
            assert kind in TYPES, line
            _check_name(name, kind)
            current["type"] = kind
        else:
            name, labels, value = _sample(line)
            assert current and current["type"], f"a sample of no family: {line}"
            suffixes = ("_bucket", "_sum", "_count") if current["type"] == "histogram" else ("",)
            assert name in [current["name"] + suffix for suffix in suffixes], f"{line}: in the family {current['name']}"
            key = (name, tuple(sorted(labels.items())))
            assert key not in values, f"twice: {line}"
            assert not math.isnan(value)
            assert current["type"] == "gauge" or value >= 0, line
            values[key] = value
            current["samples"].append((name, labels, value))
    for family in families.values():
        assert family["type"], f"{family['name']}: no TYPE"
        keys = {tuple(sorted(set(labels) - {"le"})) for _, labels, _ in family["samples"]}
        assert len(keys) <= 1, f"{family['name']}: samples with different labels"
        if family["type"] == "histogram":
            _check_histogram(family["name"], family["samples"])
    return values


def get(values, name, **labels):
    return values[(name, tuple(sorted(labels.items())))]
