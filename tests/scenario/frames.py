"""frames.py: a parent of occ-enclave that speaks the frame protocol (docs/boundary.md) itself, for the scenarios."""
import json
import socket
import struct

from harness import PATIENCE

HELLO, HELLO_OK, REFUSED, COMMIT, RESULT, ACK, PING, PONG, ISSUE, ISSUED, LINK, LINKED, ATTEST, ATTESTED = range(1, 15)
METADATA, AGENCY, SLOT, CHAIN, ATTRIBUTION, POLICY, PRINCIPAL = range(1, 8)
CHALLENGE, ALLOCATION = 1, 2
VERSION = 3


class Refused(Exception):
    """A request's refusal: its code and its sentence."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


def frame(kind, number, payload=b""):
    return struct.pack(">IHHQ", 12 + len(payload), kind, 0, number) + payload


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


def fields(given):
    """given: [(tag, value)]; a value that is not bytes is written as JSON."""
    parts = [struct.pack(">H", len(given))]
    for tag, value in given:
        value = value if isinstance(value, bytes) else json.dumps(value).encode()
        parts.append(struct.pack(">BI", tag, len(value)) + value)
    return b"".join(parts)


def request(digests, shared=(), opaque=b""):
    """digests: [(32 bytes, [(tag, value)])]."""
    head = bytes([len(opaque)]) + opaque + fields(list(shared)) + struct.pack(">I", len(digests))
    return head + b"".join(digest + fields(own) for digest, own in digests)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        piece = self.data[self.at:self.at + count]
        assert len(piece) == count, "a message ends early"
        self.at += count
        return piece

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self):
        return self.take(self.number(2)).decode()


class Outcome:
    """One result: position, opaque, and chain and proofs (texts, with their documents) or a refusal."""

    def __init__(self, reader, documents):
        self.position = reader.number(8)
        self.opaque = reader.take(reader.number(1))
        code = reader.number(2)
        self.refusal = Refused(code, reader.text()) if code else None
        self.chain = None if code else reader.text()
        self.proofs, self.places = [], []
        for _ in range(0 if code else reader.number(4)):
            self.places.append((reader.number(8), reader.take(32)))
            document, place = reader.number(2), reader.number(4)
            proof = reader.take(reader.number(4)).decode()
            self.proofs.append(proof[:place] + documents[document - 1] + proof[place:] if document else proof)


class Parent:
    """A session. heads: {chainId: (counter, link hash)} as HELLO_OK had them; given_again: outcomes after it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.data = b""
        self.number = 0
        self.socket.sendall(frame(HELLO, 0, b"occw" + struct.pack(">HHQ", VERSION, VERSION, 0)))
        self._read_hello(self.expect(HELLO_OK, 0))
        self.given_again = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _read_hello(self, reader):
        assert reader.number(2) == VERSION
        reader.take(8 + 4 + 4 + 4 + 8)
        self.public_key = reader.take(32)
        self.epoch_id, self.enforcement, self.measurement = reader.text(), reader.text(), reader.text()
        self.attestation_format, self.attest, self.document_len = reader.text(), reader.number(1), reader.number(4)
        self.last_position, self.acknowledged = reader.number(8), reader.number(8)
        self.heads = {reader.text(): (reader.number(8), reader.take(32)) for _ in range(reader.number(2))}

    def next_frame(self):
        """(type, id, payload) of the next frame."""
        while len(self.data) < 4 or len(self.data) < 4 + int.from_bytes(self.data[:4], "big"):
            more = self.socket.recv(1 << 20)
            assert more, "the boundary closed the connection"
            self.data += more
        end = 4 + int.from_bytes(self.data[:4], "big")
        kind, _, number = struct.unpack(">HHQ", self.data[4:16])
        payload, self.data = self.data[16:end], self.data[end:]
        return kind, number, payload

    def expect(self, kind, number):
        """The payload of the answer with that id; results that are given again are put aside."""
        while True:
            found, answers, payload = self.next_frame()
            if found == RESULT and answers == 0:
                self.given_again += self._outcomes(payload)
                continue
            if found == REFUSED:
                reader = Reader(payload)
                raise Refused(reader.number(2), reader.text())
            assert (found, answers) == (kind, number), (found, answers)
            return Reader(payload)

    @staticmethod
    def _outcomes(payload):
        reader = payload if isinstance(payload, Reader) else Reader(payload)
        documents = [reader.take(reader.number(4)).decode() for _ in range(reader.number(2))]
        outcomes = [Outcome(reader, documents) for _ in range(reader.number(2))]
        assert reader.at == len(reader.data)
        return outcomes

    def ask(self, kind, answer, payload=b""):
        self.number += 1
        self.socket.sendall(frame(kind, self.number, payload))
        return self.expect(answer, self.number)

    def commit_all(self, *requests):
        """One frame; its outcomes in order."""
        return self._outcomes(self.ask(COMMIT, RESULT, struct.pack(">H", len(requests)) + b"".join(requests)))

    def commit(self, *digests, shared=()):
        """The proofs of one request, as texts, or Refused."""
        (outcome,) = self.commit_all(request([digest if isinstance(digest, tuple) else (digest, []) for digest in digests], shared))
        if outcome.refusal:
            raise outcome.refusal
        return outcome.proofs

    def issue(self, what, chain=""):
        """What POST /challenge or /allocate-slot would answer."""
        reader = self.ask(ISSUE, ISSUED, bytes([what]) + text(chain))
        code = reader.number(2)
        if code:
            raise Refused(code, reader.text())
        return json.loads(reader.take(reader.number(4)))

    def challenge(self):
        return self.issue(CHALLENGE)["challenge"]

    def link(self, **chains):
        """chains: default or a chainId = the text of the proof to go on from."""
        entries = [text("" if name == "default" else name) + struct.pack(">I", len(proof.encode())) + proof.encode() for name, proof in chains.items()]
        reader = self.ask(LINK, LINKED, struct.pack(">H", len(entries)) + b"".join(entries))
        code = reader.number(2)
        if code:
            raise Refused(code, reader.text())

    def acknowledge(self, position):
        self.socket.sendall(frame(ACK, 0, struct.pack(">Q", position)))

    def ping(self):
        self.ask(PING, PONG)
