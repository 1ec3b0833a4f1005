"""service.py: what is measured: our own programs, started for a row, or a service of the protocol that runs somewhere."""
import contextlib
import http.client
import json
import os
import subprocess
import time
import urllib.parse

import harness
import host

JSON_BODY = {"Content-Type": "application/json"}


class Service:
    """A base URL, and the processes behind it where they are known."""

    def __init__(self, url, api_key=None, processes=None):
        self.url, self.processes = url.rstrip("/"), processes or {}
        self._parts = urllib.parse.urlsplit(self.url)
        self.prefix = self._parts.path
        self.authorization = f"Bearer {api_key}" if api_key else None
        self.verify_options, self.unsigned_documents = (), False

    def request(self, method, path, body=None):
        """(status, body): one request on a connection of its own."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        headers = dict(JSON_BODY) if body is not None else {}
        if self.authorization:
            headers["Authorization"] = self.authorization
        with contextlib.closing(kind(self._parts.hostname, self._parts.port, timeout=60)) as connection:
            connection.request(method, self.prefix + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def post(self, path, value):
        return self.request("POST", path, json.dumps(value, separators=(",", ":")).encode())

    def cpu(self):
        return {name: host.cpu_seconds(pid) for name, pid in self.processes.items()}

    def memory(self, line="VmHWM"):
        return {name: host.status_mib(pid, line) for name, pid in self.processes.items()}

    def counters(self):
        """Of our own: how many proofs the ledger has, and how many syncs it took. Else nothing."""
        return {}

    def wait_for_index(self):
        """Until the index of digests, which is built behind the commits, has no more to do."""


class Ours(Service):
    def __init__(self, occd, boundary_pid, data):
        super().__init__(occd.url, processes={"occd": occd.pid, "enclave": boundary_pid})
        self._metrics = f"unix:{data}/metrics.sock"

    def counters(self):
        with harness.Wire(self._metrics) as wire:
            lines = wire.request("GET", "/metrics").body.decode().splitlines()
        values = dict(line.split(" ", 1) for line in lines if line.startswith("occ_ledger_"))
        return {"proofs": float(values["occ_ledger_proofs"]), "syncs": float(values["occ_ledger_sync_seconds_count"])}

    def wait_for_index(self):
        """Its thread is all that works when nothing is asked for; it begins to settle what it has half a second after the last run."""
        end, before = time.monotonic() + 180, -1
        while (now := self.cpu()["occd"]) - before > 0.02 and time.monotonic() < end:
            before = now
            time.sleep(1)


def shows(program, flag):
    """Does the program's --help have that flag?"""
    help_text = subprocess.run([harness.BIN / program, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return any(word == flag for line in help_text.splitlines() for word in line.split()[:1])


@contextlib.contextmanager
def ours(folder, arguments=(), boundary=None):
    """occd on a free port with its data in folder/data, stopped in good order behind the block. boundary: words of a program that
    listens on folder/boundary.sock, in place of a child."""
    started = []
    words = ["--access-log", "off", *arguments]
    try:
        if boundary:
            started.append(harness.Program([harness.BIN / boundary[0], "--listen", f"unix:{folder}/boundary.sock", *boundary[1:]]))
            started[0].wait_event("epoch begins")
            words += ["--boundary", f"unix:{folder}/boundary.sock"]
        occd = harness.Occd(folder / "data", *words)
        started.append(occd)
        yield Ours(occd, started[0].pid if boundary else occd.boundary_pid(), folder / "data")
        for program in reversed(started):
            program.stop()
    finally:
        for program in started:
            program.kill()


def pin(cores):
    """This process and what it starts from now on; None: wherever the kernel likes."""
    if cores:
        os.sched_setaffinity(0, cores)
