"""occ.py: verify occ/1 proofs offline, with libocc by way of ctypes. Nothing but the standard library.

    import occ
    verifier = occ.Verifier()
    report = verifier.verify(open("photo.jpg.proof.json", "rb").read())
    if report.valid: ...

From a shell: python3 occ.py PROOF.json [POLICY.json]; exit code 0 valid, 1 not valid, 2 malformed or unreadable.
One Verifier may be used by many threads at once: ctypes lets go of the interpreter's lock during a call.
"""
import ctypes
import ctypes.util
import json
import os
import sys

_size_t, _pointer, _text = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p


class _Options(ctypes.Structure):
    _fields_ = [("size", _size_t), ("nitro_root", _text), ("nitro_root_len", _size_t), ("tsa_roots", _text), ("tsa_roots_len", _size_t),
                ("rp_ids", ctypes.POINTER(_text)), ("rp_id_count", _size_t), ("origins", ctypes.POINTER(_text)), ("origin_count", _size_t),
                ("problem", _pointer), ("problem_size", _size_t), ("sim_nitro_root", _text), ("sim_nitro_root_len", _size_t)]


class _Input(ctypes.Structure):
    _fields_ = [("size", _size_t), ("proof", _text), ("proof_len", _size_t), ("policy", _text), ("policy_len", _size_t), ("digest", _text)]


class _Hashes(ctypes.Structure):
    _fields_ = [("size", _size_t), *((name, ctypes.c_uint8 * 32) for name in ("proof_hash", "link_hash", "link_hash_with_report", "core_hash"))]


def _load():
    path = os.environ.get("OCC_LIBRARY") or ctypes.util.find_library("occ") or "libocc.so.0"
    library = ctypes.CDLL(path)
    for name, result, *arguments in [
        ("occ_version", _text),
        ("occ_code_name", _text, ctypes.c_int),
        ("occ_code_text", _text, ctypes.c_int),
        ("occ_verifier_new", ctypes.c_int, ctypes.POINTER(_Options), ctypes.POINTER(_pointer)),
        ("occ_verifier_free", None, _pointer),
        ("occ_verify", ctypes.c_int, _pointer, ctypes.POINTER(_Input), ctypes.POINTER(_pointer)),
        ("occ_report_json", _pointer, _pointer, ctypes.POINTER(_size_t)),
        ("occ_report_free", None, _pointer),
        ("occ_hashes_of", ctypes.c_int, _text, _size_t, ctypes.POINTER(_Hashes)),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()
PROOF_REFUSED = 100  # codes from here on say that a proof is not valid
MAX_LEN = 4 << 20  # the library reads no longer proof or policy


class Error(Exception):
    """A verification that could not be done, or input that is malformed. code: the number; name: its stable name."""

    def __init__(self, code, text=None):
        self.code, self.name = code, _library.occ_code_name(code).decode()
        super().__init__(text or _library.occ_code_text(code).decode())


class Report:
    """valid; code and name of the first failure (0 and "ok"); reason; data: the whole report, as verify.h describes its JSON."""

    def __init__(self, code, text):
        self.code, self.name = code, _library.occ_code_name(code).decode()
        self.data = json.loads(text)
        self.valid, self.reason = self.data["valid"], self.data.get("reason", "")

    def check(self, name):
        """The check of that name, or None: {name, status, text}, and code of a failure."""
        return next((check for check in self.data["checks"] if check["name"] == name), None)


def _bytes(value):
    return value.encode() if isinstance(value, str) else value


class Verifier:
    """Roots are PEM (or DER, for one Nitro root), str or bytes; rp_ids and origins are what a WebAuthn assertion may be for."""

    def __init__(self, *, nitro_root=None, tsa_roots=None, sim_nitro_root=None, rp_ids=(), origins=()):
        self._handle = _pointer()  # first: __del__ runs after a failure too
        roots = [_bytes(root) for root in (nitro_root, tsa_roots, sim_nitro_root)]
        names = [(_text * len(of))(*map(_bytes, of)) for of in (rp_ids, origins)]
        problem = ctypes.create_string_buffer(300)
        options = _Options(ctypes.sizeof(_Options), roots[0], len(roots[0] or b""), roots[1], len(roots[1] or b""), names[0], len(rp_ids),
                           names[1], len(origins), ctypes.cast(problem, _pointer), len(problem), roots[2], len(roots[2] or b""))
        code = _library.occ_verifier_new(ctypes.byref(options), ctypes.byref(self._handle))
        if code != 0:
            raise Error(code, problem.value.decode(errors="replace"))

    def __del__(self):
        _library.occ_verifier_free(self._handle)
        self._handle = _pointer()

    def verify(self, proof, policy=None, digest=None):
        """A Report. proof and policy: JSON text, str or bytes; a policy may be a dict. digest: the file's SHA-256, 32 bytes.
        Raises Error if proof or policy is malformed, or the verification could not be done."""
        proof = _bytes(proof)
        policy = _bytes(json.dumps(policy) if isinstance(policy, dict) else policy)
        if digest is not None and len(digest) != 32:
            raise ValueError("digest: expected 32 bytes")
        given = _Input(ctypes.sizeof(_Input), proof, len(proof), policy, len(policy or b""), digest)
        made = _pointer()
        code = _library.occ_verify(self._handle, ctypes.byref(given), ctypes.byref(made))
        if not made:
            raise Error(code)
        try:
            length = _size_t()
            text = ctypes.string_at(_library.occ_report_json(made, ctypes.byref(length)), length.value)
        finally:
            _library.occ_report_free(made)
        report = Report(code, text)
        if 0 < code < PROOF_REFUSED:
            raise Error(code, report.reason)
        return report


def hashes(proof):
    """The hashes of a proof, as bytes by name: proof_hash, link_hash (what commit.prevB64 of the next one holds), link_hash_with_report,
    core_hash. Nothing but the structure is checked. Raises Error."""
    proof = _bytes(proof)
    found = _Hashes(ctypes.sizeof(_Hashes))
    code = _library.occ_hashes_of(proof, len(proof), ctypes.byref(found))
    if code != 0:
        raise Error(code)
    return {name: bytes(getattr(found, name)) for name, _ in _Hashes._fields_[1:]}


def version():
    return _library.occ_version().decode()


def _read(path):
    """At most a byte more than the library reads, which it then refuses: whatever the file is, it does not fill the memory."""
    with open(path, "rb") as file:
        return file.read(MAX_LEN + 1)


def main(words):
    if len(words) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        texts = [_read(path) for path in words]
        report = Verifier().verify(*texts)
    except (OSError, Error) as error:
        print(f"occ.py: {error}", file=sys.stderr)
        return 2
    print("valid" if report.valid else f"not valid: {report.reason}")
    return 0 if report.valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
