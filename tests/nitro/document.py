"""Reads attestation documents with nothing of the project's: CBOR (RFC 8949) and what COSE (RFC 9052) and AWS put into it."""
import base64
import hashlib
import json


def _item(data, at):
    """The item at that offset, and the offset behind it."""
    initial, at = data[at], at + 1
    major, info = initial >> 5, initial & 31
    if info == 31:
        return _indefinite(data, at, major)
    argument = info
    if 24 <= info <= 27:
        length = 1 << (info - 24)
        argument, at = int.from_bytes(data[at : at + length], "big"), at + length
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major in (2, 3):
        content = bytes(data[at : at + argument])
        assert len(content) == argument
        return (content if major == 2 else content.decode()), at + argument
    if major == 4:
        return _items(data, at, argument)
    if major == 5:
        flat, at = _items(data, at, 2 * argument)
        return dict(zip(flat[::2], flat[1::2])), at
    if major == 6:
        return _item(data, at)
    return {20: False, 21: True, 22: None}[info], at


def _items(data, at, count):
    found = []
    for _ in range(count):
        item, at = _item(data, at)
        found.append(item)
    return found, at


def _indefinite(data, at, major):
    found = []
    while data[at] != 0xFF:
        item, at = _item(data, at)
        found.append(item)
    return (found if major == 4 else dict(zip(found[::2], found[1::2]))), at + 1


def read(report_b64):
    """(the payload's fields, the algorithm in the protected header, signature)"""
    data = base64.b64decode(report_b64, validate=True)
    (protected, unprotected, payload, signature), end = _item(data, 0)
    assert end == len(data)
    assert unprotected == {}
    fields, end = _item(payload, 0)
    assert end == len(payload)
    header, end = _item(protected, 0)
    assert end == len(protected) and list(header) == [1]
    return fields, header[1], signature


def canonical(value):
    """RFC 8785 for what these tests commit: ASCII names and integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def proof_hash(proof):
    """PROTOCOL §2.1 and §2.2."""
    environment = proof["environment"]
    body = {name: proof[name] for name in ("version", "artifact", "commit")}
    body |= {"publicKeyB64": proof["signer"]["publicKeyB64"]}
    body |= {name: environment[name] for name in ("enforcement", "measurement")}
    if "attestation" in environment:
        body["attestationFormat"] = environment["attestation"]["format"]
    return hashlib.sha256(canonical(body)).digest()


def root_of(leaf_hash, batch):
    """RFC 9162 §2.1.3.2: the root that this path leads to from the leaf."""
    index, last = batch["leafIndex"], batch["treeSize"] - 1
    node = hashlib.sha256(b"\0" + leaf_hash).digest()
    for step in (base64.b64decode(text) for text in batch["pathB64"]):
        assert last > 0
        if index & 1 or index == last:
            node = hashlib.sha256(b"\1" + step + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + step).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return node


def subject_of(proof):
    """What the user_data of the proof's document must be."""
    batch = proof["environment"]["attestation"].get("batch")
    return root_of(proof_hash(proof), batch) if batch else proof_hash(proof)
