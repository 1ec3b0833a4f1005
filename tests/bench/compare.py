"""compare.py: two reports side by side: ratios of their medians with the range that their ranges allow, and which figures differ by more
than their ranges. No I/O."""
import figures
import report

# What a row is compared by, in this order, where both have it; and whether more is better.
COMPARED = [
    ("a second", "per_second", True), ("p50 ms", "p50_ms", False), ("p99 ms", "p99_ms", False), ("p99.9 ms", "p999_ms", False),
    ("CPU µs, all servers", "servers_us", False), ("occd µs", "occd_us", False), ("occ-enclave µs", "enclave_us", False), ("service µs", "service_us", False),
    ("occd MiB", "occd_mib", False), ("occ-enclave MiB", "enclave_mib", False), ("service MiB", "service_mib", False),
    ("first proof ms", "first_proof_ms", False), ("start, CPU ms", "start_cpu_ms", False),
    ("cold µs", "cold_us", False), ("authorities remembered, µs", "document_us", False), ("warm µs", "warm_us", False),
    ("CPU µs", "cpu_us", False), ("CPU µs, with index", "cpu_all_us", False), ("look-up p99 µs", "found_p99_us", False), ("MiB", "mib", False),
]


def lines_of(old, new):
    """(row, what, old figure, new figure, ratio, word) of all that both reports have. Floors come first: they are the machine's."""
    pairs = [("floor", name, old["floors"].get(name), figure, not name.startswith("sync_")) for name, figure in new["floors"].items()]
    rows = {row["name"]: row for row in old["rows"]}
    for row in new["rows"]:
        before = rows.get(row["name"], {}).get("figures", {})
        pairs += [(row["name"], title, before.get(key), row.get("figures", {}).get(key), more) for title, key, more in COMPARED]
    for name, what, before, after, more in pairs:
        ratio = before and after and figures.ratio(after, before)
        if ratio:
            yield name, what, before, after, ratio, word(before, after, more)


def word(old, new, more_is_better):
    """Fewer than two values have no range: then nothing is said to differ."""
    if min(len(old.get("values", ())), len(new.get("values", ()))) < 2:
        return "one value only"
    if not figures.differ(old, new):
        return "within the ranges"
    return "better" if (new["median"] > old["median"]) == more_is_better else "worse"


def only_in_one(old, new):
    names = [{row["name"] for row in one["rows"] if "figures" in row} for one in (old, new)]
    return sorted(names[0] - names[1]), sorted(names[1] - names[0])


def markdown(old, new):
    head = ["row", "what", "A", "B", "B / A", "B is"]
    number = lambda figure: report.write_figure(figure, "{:,.4g}" if abs(figure["median"]) < 1000 else "{:,.0f}")  # noqa: E731
    said = [f"A: {old['when']}, commit {(old['machine'].get('commit') or 'unknown')[:12]}, {old['settings']['target']}.",
            f"B: {new['when']}, commit {(new['machine'].get('commit') or 'unknown')[:12]}, {new['settings']['target']}.", ""]
    if (old["machine"]["cpu"], old["machine"]["cores"]) != (new["machine"]["cpu"], new["machine"]["cores"]):
        said += ["**Two machines.** Only shares of the floors can be compared.", ""]
    lines = [[name, what.replace("_", " "), number(before), number(after), report.write_figure(ratio, "{:.3f}"), verdict]
             for name, what, before, after, ratio, verdict in lines_of(old, new)]
    said += report.table(head, lines)
    for label, names in zip(("A", "B"), only_in_one(old, new)):
        said += ["", f"Only in {label}: {', '.join(names)}."] if names else []
    return "\n".join(said) + "\n"
