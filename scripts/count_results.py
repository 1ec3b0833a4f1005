"""count_results.py FOLDER: adds up what scripts/test left there, names what failed or was left out, and prints
"N passed, N failed" as the last line. Exits 1 if anything failed, or nothing ran."""
import pathlib
import sys
import xml.etree.ElementTree as ET


def read_checks(path):
    for line in path.read_text().splitlines():
        outcome, name = line.split("\t", 1)
        yield name, outcome


def read_junit(path):
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{path.stem}: {case.get('classname', '')} {case.get('name', '')}".replace("  ", " ")
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            yield name, "fail"
        elif case.get("status") == "notrun" and "SKIP" not in (case.find("skipped").get("message") or ""):
            yield name, "fail"  # ctest: its program is missing
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            yield name, "skip"
        else:
            yield name, "pass"


def main():
    folder = pathlib.Path(sys.argv[1])
    outcomes = []
    for path in sorted(folder.glob("*.tsv")):
        outcomes += read_checks(path)
    for path in sorted(folder.glob("*.xml")):
        outcomes += read_junit(path)
    for kind, words in (("skip", "left out"), ("fail", "FAILED")):
        for name in sorted(name for name, outcome in outcomes if outcome == kind):
            print(f"{words}: {name}")
    passed = sum(outcome == "pass" for _, outcome in outcomes)
    failed = sum(outcome == "fail" for _, outcome in outcomes)
    if passed + failed == 0:
        print("no test ran")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
