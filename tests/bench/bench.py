"""bench.py: what scripts/bench runs. With --needs as the first word it only says what has to be built for the other words."""
import datetime
import json
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "scenario")]
os.environ.setdefault("OCC_BIN", str(HERE.parents[1] / "build" / "release" / "bin"))

import compare  # noqa: E402
import figures  # noqa: E402
import harness  # noqa: E402
import load  # noqa: E402
import host  # noqa: E402
import options as words  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import service  # noqa: E402
import single  # noqa: E402

TOOLS = host.ROOT / "build" / "bench"


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


class Bench:
    """What the rows share: options, tools, and ledgers that are filled when the first row asks for them."""

    def __init__(self, options, folder):
        self.options, self.tools, self.folder = options, TOOLS, folder
        self.remote = service.Service(options.url, options.api_key, {"service": options.pid} if options.pid else {}) if options.url else None
        self._aged = self._filled = self._exported = None

    def scaled(self, count):
        return count // 10 if self.options.quick else count

    def occd_arguments(self):
        return ("--threads", str(self.options.threads)) if self.options.threads else ()

    def filled_ledger(self):
        if self._filled is None:
            say(f"filling a ledger with {self.options.audit_proofs:,} proofs")
            self._filled = single.fill(self._new_folder("filled"), self.options.audit_proofs)
        return self._filled

    def exported_ledger(self):
        """Its proofs, a line each."""
        if self._exported is None:
            path = self.folder / "export.jsonl"
            result = harness.occ("export", "--ledger", self.filled_ledger().folder / "data", path)
            if result.returncode != 0:
                raise load.Broken(f"occ export: {result.stderr.decode(errors='replace')}")
            self._exported = path
        return self._exported

    def aged_ledger(self):
        if self._aged is None:
            say(f"making a ledger of {self.options.aged:,} proofs")
            self._aged = single.fill(self._new_folder("aged"), self.options.aged)
        return self._aged

    def _new_folder(self, name):
        path = self.folder / name
        path.mkdir()
        return path


def all_rows(options):
    found = [*rows.load_rows(), *(rows.aged_rows() if options.aged else ()), *rows.attested_rows(), *single.single_rows(options)]
    if options.url:
        found = [row for row in found if row.remote]
    if options.quick:
        found = [row for row in found if row.quick or row.group == "aged" or options.url]
    return [row for row in found if options.rows.search(row.name)]


def measure_all(bench, chosen):
    """Turn by turn, each row once in each: what changes while it runs shows in the ranges of all."""
    samples, ends = {row.name: [] for row in chosen}, {}
    for turn in range(bench.options.repeat):
        for row in chosen:
            if row.name in ends:
                continue
            say(f"{row.name}{f', turn {turn + 1} of {bench.options.repeat}' if bench.options.repeat > 1 else ''}")
            try:
                samples[row.name].append(row.measure(bench))
            except load.Missing as reason:
                ends[row.name] = {"missing": str(reason)}
            except (load.Broken, OSError, AssertionError) as reason:
                ends[row.name] = {"problem": str(reason) or type(reason).__name__}
                say(f"WRONG: {row.name}: {reason}")
    return [describe(row, ends.get(row.name) or {"figures": figures.summaries(samples[row.name])}) for row in chosen]


def describe(row, found):
    floor = {"audit": "sodium_verify"}.get(row.group) or getattr(row, "floor", None)
    return {"name": row.name, "group": row.group, "floor": floor, "floor_cores": os.cpu_count() if row.group == "audit" else 1, **found}


def measured_floors(options):
    """One core's: pinned to the first of the servers', whatever the rest is."""
    say("floors")
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(options.pin[0] or here)})
    try:
        return host.floors(TOOLS / "floor", 0.1 if options.quick else min(options.seconds, 2))
    finally:
        os.sched_setaffinity(0, here)


def run(options):
    with tempfile.TemporaryDirectory(prefix="occ-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        chosen = all_rows(options)
        if not chosen:
            raise SystemExit("scripts/bench: no row has such a name (--list shows them)")
        service.pin(options.pin[0])
        before = measured_floors(options)
        measured = measure_all(bench, chosen)
        floors = figures.summaries([before, measured_floors(options)])
    settings = {name: getattr(options, name) for name in ("seconds", "repeat", "quick", "aged", "threads", "audit_proofs", "ledger_proofs")}
    settings.update(pinned=words.pinned_sentence(options), starts=5 if options.quick else single.STARTS,
                    target=options.url or "our programs, the release build, each row on a ledger of its own")
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return {"format": report.FORMAT, "when": now, "machine": host.facts(), "settings": settings, "floors": floors, "rows": measured}


def read_report(path):
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as reason:
        raise SystemExit(f"scripts/bench: {path}: {reason}") from None
    if not isinstance(found, dict) or found.get("format") != report.FORMAT:
        raise SystemExit(f"scripts/bench: {path} is no report of format {report.FORMAT}")
    return found


def write(options, measured):
    """Both forms into the folder, one to standard output."""
    text = report.markdown(measured)
    as_json = json.dumps(measured, indent=1, ensure_ascii=False) + "\n"
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "report.md").write_text(text)
    (options.output / "report.json").write_text(as_json)
    print(as_json if options.json else text, end="")


def main():
    asks = sys.argv[1:2] == ["--needs"]
    options = words.read(sys.argv[2:] if asks else sys.argv[1:])
    host.end_in_order()
    if asks:
        print(words.needs(options))
        return 0
    if options.compare:
        print(compare.markdown(*map(read_report, options.compare)), end="")
        return 0
    if options.list:
        print("\n".join(row.name for row in all_rows(options)))
        return 0
    begin = time.monotonic()
    measured = run(options)
    write(options, measured)
    say(f"{time.monotonic() - begin:.0f} s; {options.output}/report.md and report.json")
    return 1 if any("problem" in row for row in measured["rows"]) else 0


if __name__ == "__main__":
    sys.exit(main())
