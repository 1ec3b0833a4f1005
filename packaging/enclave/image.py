#!/usr/bin/python3 -B
"""Usage: image.py write KERNEL CMDLINE INIT PROGRAM SETTINGS METADATA OUTPUT-FOLDER
       image.py pcrs IMAGE
       image.py compare IMAGE REBUILT

What packaging/enclave/build and verify-image do with bytes. "write" makes occ.eif and pcrs.json and prints the PCRs; CMDLINE
is text, METADATA "name=value" lines, the rest are files. "compare" says what differs. Exit status: 0 done or the same,
1 different, 2 wrong use or not an image, 3 could not.
"""
import json
import pathlib
import sys

import cpio
import eif


def boot_ramdisk(init):
    """What PCR1 covers: the first process, and the folder and the console that it begins with."""
    return cpio.archive(
        [
            cpio.folder("dev"),
            cpio.character_device("dev/console", 5, 1),
            cpio.program("init", init),
        ]
    )


def application_ramdisk(program, settings):
    """What PCR2 covers: the program and its settings."""
    return cpio.archive([cpio.program("occ-enclave", program), cpio.text("occ-enclave.ini", settings)])


def metadata(lines):
    """In the shape that nitro-cli describe-eif reads. Not measured."""
    facts = dict(line.split("=", 1) for line in lines.splitlines() if line)
    tree = {
        "ImageName": "occ-enclave",
        "ImageVersion": facts["occ"],
        "BuildMetadata": {
            "BuildTime": "1970-01-01T00:00:00+00:00",
            "BuildTool": "packaging/enclave/build",
            "BuildToolVersion": facts["occ"],
            "OperatingSystem": "Linux",
            "KernelVersion": facts["linux"],
        },
        "DockerInfo": {},
        "CustomMetadata": {"packages": {name: facts[name] for name in sorted(facts) if name not in ("occ", "linux")}},
    }
    return json.dumps(tree, separators=(",", ":")).encode()


def read_image(path):
    return read_sections(path, pathlib.Path(path).read_bytes())


def read_sections(path, data):
    try:
        return eif.read(data)
    except eif.Malformed as why:
        raise eif.Malformed(f"{path} is not an enclave image: {why}") from None


def write(kernel, cmdline, init, program, settings, facts, output):
    read = lambda path: pathlib.Path(path).read_bytes()
    sections = [
        eif.Section(eif.Kind.KERNEL, read(kernel)),
        eif.Section(eif.Kind.CMDLINE, cmdline.encode()),
        eif.Section(eif.Kind.METADATA, metadata(pathlib.Path(facts).read_text())),
        eif.Section(eif.Kind.RAMDISK, boot_ramdisk(read(init))),
        eif.Section(eif.Kind.RAMDISK, application_ramdisk(read(program), read(settings))),
    ]
    pcrs = eif.pcrs(sections)
    folder = pathlib.Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "occ.eif").write_bytes(eif.write(sections))
    (folder / "pcrs.json").write_text(json.dumps(pcrs, indent=2) + "\n")
    show(pcrs)


def show(pcrs):
    for name, value in pcrs.items():
        print(f"{name}  {value}")


def _named(sections):
    """The parts by name; a signature is the publisher's own and not compared."""
    names = ["boot ramdisk", "application ramdisk"]
    parts, ramdisks = {}, 0
    for section in sections:
        if section.kind == eif.Kind.RAMDISK:
            parts[names[ramdisks] if ramdisks < len(names) else f"ramdisk {ramdisks + 1}"] = section.data
            ramdisks += 1
        elif section.kind != eif.Kind.SIGNATURE:
            parts["command line" if section.kind == eif.Kind.CMDLINE else section.kind.name.lower()] = section.data
    return parts


def _packages(data):
    try:
        tree = json.loads(data)
        return {**tree["CustomMetadata"]["packages"], "linux": tree["BuildMetadata"]["KernelVersion"]}
    except (ValueError, KeyError, TypeError):
        return {}


def differences(theirs, ours):
    """Sentence parts: which parts of the image differ, and with which packages the two were built where those differ."""
    theirs, ours = _named(theirs), _named(ours)
    found = [name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)]
    if not found and list(theirs) != list(ours):
        found.append("the order of its sections")
    one, other = _packages(theirs.get("metadata", b"")), _packages(ours.get("metadata", b""))
    packages = [
        f"{name} {one.get(name, 'unknown')}, here {other.get(name, 'none')}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]
    return found, packages


def compare(image, rebuilt):
    data = pathlib.Path(image).read_bytes()
    theirs, ours = read_sections(image, data), read_image(rebuilt)
    show(eif.pcrs(theirs))
    found, packages = differences(theirs, ours)
    if data != eif.write(theirs):
        found.append("header")  # memory, CPUs, what is reserved: not measured
    if not found:
        signed = any(section.kind == eif.Kind.SIGNATURE for section in theirs)
        print("the same, byte for byte" + (", but for its signature" if signed else ""))
        return 0
    sentence = f"different: {', '.join(found)}"
    print(sentence + (f"; it was built with other packages: {'; '.join(packages)}" if packages else ""))
    return 1


def main(arguments):
    commands = {"write": (7, write), "pcrs": (1, lambda path: show(eif.pcrs(read_image(path)))), "compare": (2, compare)}
    count, command = commands.get(arguments[0] if arguments else "", (None, None))
    if count != len(arguments) - 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return command(*arguments[1:]) or 0
    except eif.Malformed as why:
        print(f"image.py: {why}", file=sys.stderr)
        return 2
    except OSError as why:
        print(f"image.py: {why.filename}: {why.strerror}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
