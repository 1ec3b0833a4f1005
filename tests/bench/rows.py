"""rows.py: the rows of load: what is started, what is sent, and what is measured of it."""
import contextlib
import dataclasses
import pathlib
import tempfile

import load
import service

PUT_IN = 100000  # proofs of a young ledger that is looked into: more than the index of digests holds in memory
LOOKED_UP = 2000  # different digests of look-ups, in turn


@dataclasses.dataclass
class Row:
    """One line of a table. what: commit, verify or lookup. batch: digests of a request. mode: of a simulated attestation device ("none":
    the same programs without one). chains: the requests go to them in turn. aged: on the ledger that was filled before. is_slow: a request takes
    seconds."""

    name: str
    group: str
    what: str
    connections: int
    batch: int = 1
    arguments: tuple = ()
    chains: tuple = (None,)
    mode: str = None
    access_log: bool = False
    is_slow: bool = False
    aged: bool = False
    quick: bool = False
    remote: bool = False

    @property
    def floor(self):
        return {"commit": "sodium_sign", "verify": "sodium_verify"}.get(self.what)

    def measure(self, bench):
        with self.loaded(bench) as (one, made):
            times = (bench.options.seconds, 1) if not self.is_slow else (max(bench.options.seconds, 10), 5)
            sample = load.measure(one, made, times[0], bench.options.pin[1], times[1])
            if self.what == "commit":
                load.commit_and_check(one, self.batch, self.chains[-1])
        return sample

    @contextlib.contextmanager
    def loaded(self, bench):
        """(service, what to load it with)."""
        with self._service(bench) as (one, digests):
            if self.what == "commit":
                made = load.commit_load(one, self.batch, self.connections, self.chains)
            elif self.what == "verify":
                made = load.verify_load(one, self.connections)
            else:
                digests = digests or (put_in(one, LOOKED_UP, 100) if bench.remote else put_in(one, bench.scaled(PUT_IN), 1000))
                one.wait_for_index()
                made = load.lookup_load(one, digests, self.connections)
            yield one, made

    @contextlib.contextmanager
    def _service(self, bench):
        """(service, digests to look up or None). Each turn has an occd of its own; the aged ledger is one for all."""
        if bench.remote:
            yield bench.remote, None
            return
        if self.aged:
            aged = bench.aged_ledger()
            with service.ours(aged.folder, bench.occd_arguments()) as one:
                yield one, aged.digests
            return
        with tempfile.TemporaryDirectory(prefix="occ-bench-") as name:
            folder = pathlib.Path(name)
            with service.ours(folder, self._arguments(bench, folder), self._boundary(folder)) as one:
                if self.mode not in (None, "none"):
                    one.verify_options, one.unsigned_documents = ("--sim-nitro-root", folder / "ca" / "root.pem"), True
                yield one, None

    def _arguments(self, bench, folder):
        log = ("--access-log", folder / "access.log") if self.access_log else ()
        chains = () if self.chains == (None,) else ("--chains", ",".join(self.chains))
        return (*bench.occd_arguments(), *self.arguments, *log, *chains)

    def _boundary(self, folder):
        """A device that takes 5 ms for each document, and next to nothing of the processors."""
        if self.mode is None:
            return None
        device = ("--nsm", "--attest", self.mode, "--sim-ca", folder / "ca", "--sim-delay", "5ms", "--sim-unsigned")
        return ("occ-enclave-sim", *(() if self.mode == "none" else device))


def put_in(one, proofs, batch):
    """Commits so many, and gives some of their digests."""
    digests = []
    for _ in range(proofs // batch):
        request = load.commit_request(batch)
        load.check_proofs(load.read_answer(*one.post("/commit", request), "POST /commit"), request["digests"])
        digests += [entry["digestB64"] for entry in request["digests"]]
    return digests[:: max(1, len(digests) // LOOKED_UP)]


def load_rows():
    for connections in (1, 16, 64):
        yield Row(f"commit, {connections} connections", "load", "commit", connections, quick=connections == 64, remote=True)
    yield Row("commit, 64 connections, access log on", "load", "commit", 64, access_log=True)
    yield Row("commit, batches of 100, 4 connections", "load", "commit", 4, 100, quick=True, remote=True)
    yield Row("commit, batches of 1000, 4 connections", "load", "commit", 4, 1000)
    yield from chain_rows()
    yield from thread_rows()
    for connections in (1, 16, 64):
        yield Row(f"verify, {connections} connections", "load", "verify", connections, quick=connections == 64, remote=True)
    yield Row("look-up by digest, 16 connections", "load", "lookup", 16, quick=True, remote=True)


def chain_rows():
    """Each chain can be signed by a worker of its own, where the boundary has workers."""
    counts = (1, 2) if service.shows("occd", "--workers") else (None,)
    for workers in counts:
        words = ("--workers", str(workers)) if workers else ()
        yield Row(f"commit, batches of 100 over 2 chains, 8 connections{f', workers: {workers}' if workers else ''}", "load", "commit", 8, 100, chains=("a", "b"),
                  arguments=words, quick=workers != 1)


def thread_rows():
    if service.shows("occd", "--threads"):
        for what in ("commit", "verify"):
            yield Row(f"{what}, 64 connections, threads: 2", "load", what, 64, arguments=("--threads", "2"))


def attested_rows():
    """The same loads in each mode, one after the other. A document each is for few: 100 a request take half a second of the device, and 1,024
    clients would wait for longer than occd lets a commit wait (--boundary-timeout): it answers 503, as it should."""
    for batch, connections in ((1, 512), (1, 1024), (100, 64)):
        for mode in ("none", "epoch", "batch", "commit"):
            if mode == "commit" and connections == 1024:
                continue
            few = 4 if mode == "commit" and batch > 1 else connections
            what = "single commits" if batch == 1 else f"batches of {batch}"
            yield Row(f"{what}, {few} connections, attested: {mode}", "attested", "commit", few, batch, mode=mode,
                      is_slow=mode == "commit", quick=batch == 100 and mode == "batch")


def aged_rows():
    """Each as a row of a young ledger, whose name is what stands before the last comma."""
    for name, what, connections, batch in (("commit, 64 connections", "commit", 64, 1), ("commit, batches of 100, 4 connections", "commit", 4, 100),
                                           ("look-up by digest, 16 connections", "lookup", 16, 1)):
        yield Row(f"{name}, aged", "aged", what, connections, batch, aged=True)
