#!/usr/bin/python3 -B
"""Usage: run.py [LIBRARY]: holds the conformance cases against libocc, by way of examples/python/occ.py. An example of a runner, too.
Prints what differs; exit code 0 if nothing does. README.md says what a case is.
"""
import base64
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def read_cases(name="verify.jsonl"):
    # Not splitlines(), which takes U+2028 inside a string for the end of a line.
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").split("\n") if line]


def proof_of(case):
    return case["proof"].encode() if "proof" in case else base64.b64decode(case["proofB64"])


def verifier_for(occ, trust):
    def root(name):
        return (HERE / trust[name]).read_bytes() if name in trust else None

    return occ.Verifier(nitro_root=root("nitroRoot"), tsa_roots=root("tsaRoots"), sim_nitro_root=root("simNitroRoot"),
                        rp_ids=trust.get("rpIds", ()), origins=trust.get("origins", ()))


def judge(occ, verifier, case):
    """(verdict, sentence, proof hash or None)"""
    digest = base64.b64decode(case["digestB64"]) if "digestB64" in case else None
    try:
        report = verifier.verify(proof_of(case), case.get("policy"), digest)
    except occ.Error as error:
        return error.name, str(error), None
    return "valid" if report.valid else report.name, report.reason, report.data["proof"]["proofHash"] if report.valid else None


def run(occ):
    """[what differs]"""
    verifiers, wrong = {}, []
    for case in read_cases():
        trust = case.get("trust", {})
        key = json.dumps(trust)
        if key not in verifiers:
            verifiers[key] = verifier_for(occ, trust)
        verdict, sentence, proof_hash = judge(occ, verifiers[key], case)
        if verdict != case["expected"]:
            wrong.append(f"{case['name']}: {verdict} ({sentence}), expected {case['expected']}")
        elif proof_hash != case.get("proofHash"):
            wrong.append(f"{case['name']}: proof hash {proof_hash}, expected {case.get('proofHash')}")
    return wrong


def main(words):
    if words:
        os.environ["OCC_LIBRARY"] = words[0]
    sys.path.insert(0, str(HERE.parent.parent / "examples" / "python"))
    import occ

    wrong = run(occ)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(read_cases())} cases, {len(wrong)} wrong, libocc {occ.version()}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
