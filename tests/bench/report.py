"""report.py: a report as Markdown. The report itself is what the JSON file holds:

{"format", "when", "machine": facts, "settings", "floors": {name: figure}, "rows": [{"name", "group", "figures": {name: figure}}]}

A figure is {"median", "min", "max", "values"} (figures.py). In the place of figures a row may have "missing" (the service has no such call)
or "problem" (it answers, and wrongly): a sentence. No I/O.
"""
import figures

FORMAT = "occ-bench/1"

# Columns: title, figure, how it is written. A column that no row of the group has is left out.
RATE, MS, US, MIB, PLAIN, TIMES = "{:,.0f}", "{:,.2f}", "{:,.1f}", "{:,.0f}", "{:,.1f}", "{:.2f}"
LATENCY = [("p50 ms", "p50_ms", MS), ("p99 ms", "p99_ms", MS), ("p99.9 ms", "p999_ms", MS)]
COST = [("proofs/sync", "proofs_per_sync", PLAIN), ("occd µs", "occd_us", US), ("occ-enclave µs", "enclave_us", US), ("service µs", "service_us", US),
        ("all servers µs", "servers_us", US), ("wrk µs", "wrk_us", US), ("occd MiB", "occd_mib", MIB), ("occ-enclave MiB", "enclave_mib", MIB),
        ("service MiB", "service_mib", MIB)]
SHARE = "{:.1%}"
TABLES = [
    ("load", "load: rates and latency", [("a second", "per_second", RATE), ("of the floor", "of_floor", "{:.0%}"), *LATENCY]),
    ("load", "load: CPU time of one operation, peak memory", COST),
    ("attested", "load, a simulated device of 5 ms a document", [
        ("a second", "per_second", RATE), ("of no attestation", "of_none", "{:.0%}"), *LATENCY, ("occd µs", "occd_us", US), ("occ-enclave-sim µs", "enclave_us", US)]),
    ("start", "cold start, median of {starts}", [
        ("ms", "first_proof_ms", PLAIN), ("slowest, ms", "first_proof_max_ms", PLAIN), ("CPU ms, start to end", "start_cpu_ms", PLAIN)]),
    ("aged", "load on a ledger of {aged:,} proofs", [("a second", "per_second", RATE), ("of the young one's", "of_young", SHARE), *LATENCY, *COST]),
    ("aged", "the same, beside the young ledger", [
        ("CPU, all servers", "us_of_young", SHARE), ("p99", "p99_of_young", SHARE), ("occd's memory", "mib_of_young", SHARE)]),
    ("evidence", "one core; and in terms of its signature checks", [
        ("nothing remembered, µs", "cold_us", RATE), ("× checks", "cold_ratio", TIMES),
        ("authorities remembered, µs", "document_us", RATE), ("× checks", "document_ratio", TIMES),
        ("document too, µs", "warm_us", RATE), ("× checks", "warm_ratio", TIMES), ("the same, no TSA root given, µs", "warm_without_roots_us", RATE)]),
    ("audit", "{cores} cores, in chain order", [
        ("proofs", "proofs", RATE), ("a second", "per_second", RATE), ("of the verifying floor of all cores", "of_floor", "{:.0%}"),
        ("CPU µs/proof", "cpu_us", US), ("MiB", "mib", MIB)]),
    ("ledger", "proofs of 700 bytes in frames of 64, each synced", [
        ("proofs", "proofs", RATE), ("a second", "proofs_per_s", RATE), ("CPU µs/proof", "cpu_us", US), ("with the index", "cpu_all_us", US),
        ("syncs", "syncs", RATE), ("ledger.db MB", "ledger_mb", RATE), ("index.db MB", "index_mb", RATE)]),
    ("ledger", "look-up by digest", [
        ("found: p50 µs", "found_p50_us", RATE), ("p99 µs", "found_p99_us", RATE), ("none: p50 µs", "none_p50_us", RATE), ("p99 µs", "none_p99_us", RATE),
        ("opened in ms", "open_full_ms", PLAIN), ("MiB", "mib", MIB)]),
]


def derive(report):
    """Adds to each row what is a share of something else in the same report: the floor, the row without attestation, the young ledger."""
    rows, floors = {row["name"]: row for row in report["rows"]}, report["floors"]
    for row in report["rows"]:
        found = row.get("figures", {})
        if row.get("floor") in floors and "per_second" in found:
            add_share(found, "of_floor", found["per_second"], floors[row["floor"]]["median"] * row.get("floor_cores", 1))
        if row["group"] == "attested":
            add_ratios(found, rows.get(row["name"].rpartition(": ")[0] + ": none"), (("of_none", "per_second"),))
        if row["group"] == "aged":
            young = rows.get(row["name"].rpartition(", ")[0])
            add_ratios(found, young, (("of_young", "per_second"), ("us_of_young", "servers_us"), ("p99_of_young", "p99_ms"), ("mib_of_young", "occd_mib")))


def add_share(found, name, figure, of):
    found[name] = {key: figure[key] / of for key in ("median", "min", "max")}


def add_ratios(found, other, names):
    for name, source in names:
        if other and source in found and source in other.get("figures", {}):
            value = figures.ratio(found[source], other["figures"][source])
            if value:
                found[name] = value


def quiet_sentence(floors):
    """Whether the floors stayed where they were during the run."""
    worst = max((figures.moved(figure), name) for name, figure in floors.items() if not name.startswith("sync_"))
    disk = max(figures.moved(figure) for name, figure in floors.items() if name.startswith("sync_") and "_p50_" in name)
    said = f"The floors before and after the rows differ by {worst[0]:.1%} at most ({worst[1].replace('_', ' ')})"
    said += f", the disk's sync by {disk:.1%}."
    if worst[0] > figures.QUIET:
        return f"**The machine was not quiet.** {said} Compare nothing but ratios of this run, and those with care."
    if disk > figures.QUIET:
        return f"{said} The processors were quiet, the disk was not."
    return f"{said} The machine was quiet."


def write_figure(figure, form):
    """The median, and the range if it can be seen: 16.7 (16.5–17.0)."""
    if figure is None:
        return "–"
    median, low, high = (form.format(figure[key]) for key in ("median", "min", "max"))
    return median if low == high else f"{median} ({low}–{high})"


def table(head, lines):
    yield "| " + " | ".join(head) + " |"
    yield "| --- |" + " ---: |" * (len(head) - 1)
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def floor_tables(floors):
    names = [name for name in floors if not name.startswith("sync_")]
    nice = lambda name: name.replace("_", " ").replace("sodium", "libsodium").replace("openssl", "OpenSSL")  # noqa: E731
    micro = lambda figure: {"median": 1e6 / figure["median"], "min": 1e6 / figure["max"], "max": 1e6 / figure["min"]}  # noqa: E731
    yield from table(["floor, one core, 450 bytes; before and after the rows", "a second", "µs"],
                     [[nice(name), write_figure(floors[name], RATE), write_figure(micro(floors[name]), US)] for name in names])
    yield ""
    disk = [[size.replace("k", " kB"), *(write_figure(floors[f"sync_{size}_{share}_ms"], "{:.3f}") for share in ("p50", "p99"))] for size in ("4k", "64k")]
    yield from table(["floor, the data folder's disk: write and fdatasync", "p50 ms", "p99 ms"], disk)


def group_table(rows, title, columns):
    rows = [row for row in rows if "figures" in row]
    columns = [column for column in columns if any(column[1] in row["figures"] for row in rows)]
    if rows and columns:
        yield ""
        yield from table([title, *(column[0] for column in columns)],
                         [[row["name"], *(write_figure(row["figures"].get(key), form) for _, key, form in columns)] for row in rows])


def soak_table(row):
    found, columns = row["figures"], (("per_second", RATE), ("occd_mib", PLAIN), ("enclave_mib", PLAIN))
    yield ""
    yield from table([f"{row['name']}, {found['data_mb']['median']:,.0f} MB in the data folder", "a second", "occd MiB", "occ-enclave MiB"],
                     [[f"after {part * 10} %", *(write_figure(found[f"{name}_{part}"], form) for name, form in columns)] for part in range(1, 11)])


def machine_lines(report):
    facts, settings = report["machine"], report["settings"]
    known = [f"{facts['cores']} × {facts['cpu']}", f"Linux {facts['kernel']}"]
    known += [f"governor {facts['governor']}"] if facts.get("governor") else []
    known += [facts["compiler"]] if facts.get("compiler") else []
    known += [f"{name} {facts[key]}" for name, key in (("libsodium", "libsodium"), ("OpenSSL", "openssl"), ("SQLite", "sqlite")) if facts.get(key)]
    yield "- Machine: " + "; ".join(known) + "."
    yield f"- Data: {facts['data_folder']} ({facts['file_system']})."
    if facts.get("commit"):
        yield f"- Commit {facts['commit'][:12]}{', with changes that are not committed' if facts['changed_files'] else ''}."
    yield f"- Measured: {settings['target']}."
    yield f"- {settings['seconds']} s a row behind 1 s of warming up, {settings['repeat']} turns: median (least–greatest). {settings['pinned']}."


def markdown(report):
    derive(report)
    words = {"cores": report["machine"]["cores"], "aged": report["settings"].get("aged") or 0, "starts": report["settings"].get("starts", 0)}
    lines = [f"Measured {report['when']}.", "", *machine_lines(report), f"- {quiet_sentence(report['floors'])}", "", *floor_tables(report["floors"])]
    for group, title, columns in TABLES:
        lines += group_table([row for row in report["rows"] if row["group"] == group], title.format(**words), columns)
    for row in report["rows"]:
        if row["group"] == "soak" and "figures" in row:
            lines += soak_table(row)
    said = [f"- {row['name']}: **wrong**: {row['problem']}" for row in report["rows"] if "problem" in row]
    said += [f"- {row['name']}: {row['missing']}" for row in report["rows"] if "missing" in row]
    return "\n".join([*lines, *([""] + said if said else [])]) + "\n"
