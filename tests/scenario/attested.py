"""attested.py: the simulated device (occ-enclave-sim) for scenarios, and what an attestation document says, read by Python alone."""
import base64
import hashlib
import json
import pathlib

from harness import BIN, Enclave, Occd, Program, Wire
from metrics_text import parse


class SimEnclave(Enclave):
    """occ-enclave-sim listening on a unix socket, with a CA and a list of faults in folder."""

    def __init__(self, folder, mode, *arguments, name="enclave.sock"):
        folder = pathlib.Path(folder)
        self.root, self.faults = folder / "ca" / "root.pem", folder / "faults"
        self.faults.write_text("")
        path = folder / name
        Program.__init__(self, [BIN / "occ-enclave-sim", "--listen", f"unix:{path}", "--nsm", "--attest", mode, "--sim-ca", folder / "ca",
                                "--sim-faults", self.faults, *arguments])
        self.socket, self.where = path, f"unix:{path}"
        self.wait_event("epoch begins")

    def fault(self, *lines):
        """From the next call on; src/sim/faults.h has the words."""
        with self.faults.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))


class Attested:
    """An occd with a simulated boundary of one mode. Both end with the block."""

    def __init__(self, folder, mode, *arguments, enclave=()):
        self.folder, self.mode, self.arguments, self.enclave_arguments = pathlib.Path(folder), mode, arguments, enclave
        self.start()

    def start(self):
        self.enclave = SimEnclave(self.folder, self.mode, *self.enclave_arguments)
        self.occd = Occd(self.folder / "data", "--boundary", self.enclave.where, "--sim-nitro-root", self.enclave.root, *self.arguments)

    def restart_enclave(self):
        """Killed and started again, as when a machine loses power; occd finds the new one."""
        self.enclave.kill()
        self.enclave = SimEnclave(self.folder, self.mode, *self.enclave_arguments)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.occd.kill()
        self.enclave.kill()

    def restart(self):
        """Both, as an operator does; the ledger and the simulation's root stay."""
        self.stop()
        self.start()

    def stop(self):
        self.occd.stop()
        self.enclave.stop()


def metric(occd, name):
    """Figures of the boundary's device come with its first status: until then they are 0."""
    with Wire(f"unix:{occd.argv[2]}/metrics.sock") as wire:
        return parse(wire.request("GET", "/metrics").body.decode()).get((name, ()), 0)


# ---- a document, by RFC 8949 ----


def read_cbor(data, at=0):
    """(value, where it ends): definite lengths, which is what the device writes."""
    major, small = data[at] >> 5, data[at] & 31
    at += 1
    value = small
    if small >= 24:
        size = 1 << (small - 24)
        if major == 7:
            return None, at
        value, at = int.from_bytes(data[at : at + size], "big"), at + size
    if major in (0, 1):
        return (value if major == 0 else -1 - value), at
    if major in (2, 3):
        found = data[at : at + value]
        return (found if major == 2 else found.decode()), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = read_cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(value):
            name, at = read_cbor(data, at)
            pairs[name], at = read_cbor(data, at)
        return pairs, at
    assert major == 7 and small == 22, f"a CBOR item of major type {major}"
    return None, at


def document_of(report_b64):
    """The payload of a document, whose signature is for others to verify."""
    sign1, _ = read_cbor(base64.b64decode(report_b64))
    return read_cbor(sign1[2])[0]


# ---- what it is about (PROTOCOL §2.1, §2.2, §7), for proofs whose names are ASCII and whose numbers are integers ----


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def proof_hash(proof):
    body = {name: proof[name] for name in ("version", "artifact", "commit", "attribution", "policy", "principal") if name in proof}
    body.update(publicKeyB64=proof["signer"]["publicKeyB64"], enforcement=proof["environment"]["enforcement"],
                measurement=proof["environment"]["measurement"], attestationFormat=proof["environment"]["attestation"]["format"])
    if "agency" in proof:
        body["actor"] = proof["agency"]["actor"]
    return hashlib.sha256(canonical(body)).digest()


def tree_root(hashes):
    """RFC 6962 §2.1."""
    if len(hashes) == 1:
        return hashlib.sha256(b"\0" + hashes[0]).digest()
    left = 1
    while 2 * left < len(hashes):
        left *= 2
    return hashlib.sha256(b"\1" + tree_root(hashes[:left]) + tree_root(hashes[left:])).digest()


def check_bindings(proofs, mode):
    """Each document is about its proofs and nothing else, by what Python makes of them. Returns the sizes of the trees."""
    groups = {}
    for proof in proofs:
        groups.setdefault(proof["environment"]["attestation"]["reportB64"], []).append(proof)
    sizes = []
    for report, group in groups.items():
        document = document_of(report)
        assert document["public_key"] == base64.b64decode(group[0]["signer"]["publicKeyB64"])
        assert group[0]["environment"]["measurement"] == "sim:" + document["pcrs"][0].hex()
        if mode == "epoch":
            assert document["user_data"] is None and all("batch" not in proof["environment"]["attestation"] for proof in group)
            continue
        places = [proof["environment"]["attestation"].get("batch") for proof in group]
        if len(group) == 1 and places[0] is None:
            assert document["user_data"] == proof_hash(group[0])
            sizes.append(1)
            continue
        assert mode == "batch" and {place["treeSize"] for place in places} == {len(group)}, places[0]
        group.sort(key=lambda proof: proof["environment"]["attestation"]["batch"]["leafIndex"])
        assert [proof["environment"]["attestation"]["batch"]["leafIndex"] for proof in group] == list(range(len(group)))
        assert document["user_data"] == tree_root([proof_hash(proof) for proof in group])
        sizes.append(len(group))
    return sizes
