"""options.py: what scripts/bench can be told. Everything wrong is told before anything is built or started."""
import argparse
import os
import pathlib
import re
import urllib.parse


def whole(low, high):
    def read(text):
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"'{text}': a whole number from {low} to {high} is needed")
        return int(text)

    return read


def base_url(text):
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"'{text}': http://HOST[:PORT][/PATH] is needed")
    return text.rstrip("/")


def regex(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}': {error}") from None


def core_set(text):
    cores = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part)
        if not match:
            raise argparse.ArgumentTypeError(f"'{text}': cores are written like 0,2-3")
        cores |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    missing = cores - os.sched_getaffinity(0)
    if missing or not cores:
        raise argparse.ArgumentTypeError(f"'{text}': no core {', '.join(map(str, sorted(missing)))} here")
    return cores


def pin(text):
    """none, or SERVERS:LOAD → (cores of the servers, cores of the load generator)."""
    if text == "none":
        return None, None
    servers, colon, generator = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"'{text}': SERVERS:LOAD is needed, like 0-2:3, or none")
    return core_set(servers), core_set(generator)


def default_pin(cores):
    """With four cores and more the last quarter is the load generator's. With fewer all share all: see docs/benchmarking.md."""
    if len(cores) < 4:
        return None, None
    ordered = sorted(cores)
    few = len(ordered) // 4
    return set(ordered[:-few]), set(ordered[-few:])


def parser():
    made = argparse.ArgumentParser(prog="scripts/bench", add_help=False, allow_abbrev=False)
    made.add_argument("--seconds", type=whole(1, 9999))
    made.add_argument("--repeat", type=whole(1, 99))
    made.add_argument("--pin", type=pin)
    made.add_argument("--rows", type=regex, default=re.compile(""))
    made.add_argument("--list", action="store_true")
    made.add_argument("--quick", action="store_true")
    made.add_argument("--url", type=base_url)
    made.add_argument("--api-key")
    made.add_argument("--pid", type=whole(1, 999999999))
    made.add_argument("--aged", type=whole(1000, 999999999))
    made.add_argument("--threads", type=whole(1, 16))
    made.add_argument("--audit-proofs", type=whole(1000, 99999999))
    made.add_argument("--ledger-proofs", type=whole(1000, 99999999))
    made.add_argument("--soak", type=whole(10, 99999), default=0)
    made.add_argument("--json", action="store_true")
    made.add_argument("--output", type=pathlib.Path, default=pathlib.Path("build/bench"))
    made.add_argument("--compare", nargs=2, type=pathlib.Path, metavar=("A.json", "B.json"))
    return made


def read(words):
    made = parser()
    options = made.parse_args(words)
    if options.url is None and (options.api_key is not None or options.pid is not None):
        made.error("--api-key and --pid belong to --url")
    if options.url is not None and (options.aged or options.soak or options.threads):
        made.error("--aged, --soak and --threads start our own programs: not with --url")
    if options.pid is not None and not pathlib.Path(f"/proc/{options.pid}/stat").exists():
        made.error(f"--pid {options.pid}: no such process")
    quick = options.quick
    for name, usual, short in (("seconds", 5, 1), ("repeat", 3, 1), ("audit_proofs", 1000000, 20000), ("ledger_proofs", 1000000, 50000)):
        if getattr(options, name) is None:
            setattr(options, name, short if quick else usual)
    options.pin = options.pin or default_pin(os.sched_getaffinity(0))
    return options


def needs(options):
    """Has something to be built? --url needs our occ and the floors too."""
    if options.compare:
        return "nothing"
    return "all"


def pinned_sentence(options):
    servers, generator = options.pin
    if servers is None:
        return "Servers and wrk share all cores"
    write = lambda cores: ",".join(map(str, sorted(cores)))  # noqa: E731
    return f"Servers on cores {write(servers)}, wrk on {write(generator)}"
