"""packaging/enclave: the archive, the image format and the comparison, without QEMU and without a kernel."""
import hashlib
import json
import pathlib
import stat
import struct
import subprocess
import sys

import pytest

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "enclave"
sys.path.insert(0, str(PACKAGING))

import cpio  # noqa: E402
import eif  # noqa: E402
import image  # noqa: E402

HEADER = 548
KERNEL, CMDLINE, METADATA, BOOT, APPLICATION = b"kernel" * 99, b"console=ttyS0", b'{"a":1}', b"boot", b"application"


def sections():
    return [
        eif.Section(eif.Kind.KERNEL, KERNEL),
        eif.Section(eif.Kind.CMDLINE, CMDLINE),
        eif.Section(eif.Kind.METADATA, METADATA),
        eif.Section(eif.Kind.RAMDISK, BOOT),
        eif.Section(eif.Kind.RAMDISK, APPLICATION),
    ]


# ---- the archive ----


def members_of(archive):
    """A reader that knows nothing of the writer: newc as cpio(5) describes it."""
    at, found = 0, []
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name_len, size = fields[11], fields[6]
        name = archive[at + 110 : at + 110 + name_len - 1].decode()
        assert archive[at + 110 + name_len - 1] == 0
        data = at + (110 + name_len + 3) // 4 * 4
        if name == "TRAILER!!!":
            assert not archive[data:].strip(b"\0")
            return found
        found.append((name, fields, archive[data : data + size]))
        at = data + (size + 3) // 4 * 4


def test_archive_holds_what_was_given_in_order():
    entries = [
        cpio.program("init", b"\x7fELF"),
        cpio.folder("dev"),
        cpio.character_device("dev/console", 5, 1),
        cpio.text("a.ini", b"a = b\n"),
    ]
    archive = cpio.archive(entries)
    assert len(archive) % 512 == 0
    found = members_of(archive)
    assert [name for name, _, _ in found] == ["a.ini", "dev", "dev/console", "init"]
    by_name = {name: (fields, data) for name, fields, data in found}
    assert by_name["init"][1] == b"\x7fELF" and by_name["a.ini"][1] == b"a = b\n"
    assert by_name["init"][0][1] == stat.S_IFREG | 0o555
    assert by_name["dev/console"][0][9:11] == [5, 1] and stat.S_ISCHR(by_name["dev/console"][0][1])
    for fields, _ in by_name.values():
        assert fields[2:4] == [0, 0] and fields[5] == 0  # owner, group, time
    assert len({fields[0] for fields, _ in by_name.values()}) == 4  # inodes: the same one would be a hard link


def test_archive_does_not_depend_on_the_order_of_its_entries():
    entries = [cpio.text(name, name.encode()) for name in "abc"]
    assert cpio.archive(entries) == cpio.archive(entries[::-1])


@pytest.mark.parametrize("name", ["", "/a", "a\0b", "TRAILER!!!"])
def test_archive_refuses_names(name):
    with pytest.raises(ValueError):
        cpio.archive([cpio.text(name, b"")])


def test_archive_refuses_a_name_twice():
    with pytest.raises(ValueError):
        cpio.archive([cpio.text("a", b"1"), cpio.text("a", b"2")])


# ---- the format ----


def crc32(data):
    """ISO 3309, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_crc(data):
    """The image with the CRC that its bytes give."""
    crc = crc32(data[: HEADER - 4] + data[HEADER:])
    return data[: HEADER - 4] + struct.pack(">I", crc) + data[HEADER:]


def test_header_and_sections_are_where_the_format_says():
    data = eif.write(sections())
    assert data[:6] == b".eif\0\4"
    assert struct.unpack(">H", data[26:28])[0] == 5
    offsets, sizes = struct.unpack(">32Q", data[28:284]), struct.unpack(">32Q", data[284:540])
    assert offsets[0] == HEADER and offsets[5:] == (0,) * 27 and sizes[5:] == (0,) * 27
    for offset, size, kind, content in zip(offsets, sizes, (1, 2, 5, 3, 3), (KERNEL, CMDLINE, METADATA, BOOT, APPLICATION)):
        assert struct.unpack(">HHQ", data[offset : offset + 12]) == (kind, 0, size)
        assert data[offset + 12 : offset + 12 + size] == content
    assert data == with_crc(data)


def test_reader_gives_back_what_was_written():
    assert eif.read(eif.write(sections())) == sections()


def test_writer_refuses_too_many_sections():
    with pytest.raises(ValueError):
        eif.write([eif.Section(eif.Kind.RAMDISK, b"")] * 33)


def openssl_sha384(data):
    return subprocess.run(["openssl", "dgst", "-sha384", "-binary"], input=data, capture_output=True, check=True).stdout


def test_pcrs_as_openssl_computes_them():
    def pcr(data):
        return openssl_sha384(bytes(48) + openssl_sha384(data)).hex()

    assert eif.pcrs(sections()) == {
        "PCR0": pcr(KERNEL + CMDLINE + BOOT + APPLICATION),
        "PCR1": pcr(KERNEL + CMDLINE + BOOT),
        "PCR2": pcr(APPLICATION),
    }


def put(data, offset, replacement):
    return data[:offset] + replacement + data[offset + len(replacement) :]


SECOND = HEADER + 12 + len(KERNEL)  # where the second section begins

BROKEN = {
    "empty": (lambda data: b"", "0 bytes: too short for the header"),
    "half a header": (lambda data: data[: HEADER - 1], "547 bytes: too short for the header"),
    "magic": (lambda data: put(data, 0, b".elf"), "it begins with b'.elf'"),
    "version": (lambda data: with_crc(put(data, 4, b"\0\3")), "version 3"),
    "ARM": (lambda data: with_crc(put(data, 6, b"\0\1")), "flags 0x1"),
    "no sections": (lambda data: with_crc(put(data, 26, b"\0\0")), "0 sections"),
    "33 sections": (lambda data: with_crc(put(data, 26, b"\0\x21")), "33 sections"),
    "one bit of a section": (lambda data: put(data, HEADER + 20, bytes([data[HEADER + 20] ^ 1])), "its CRC is"),
    "one bit of the header": (lambda data: put(data, 15, bytes([data[15] ^ 1])), "its CRC is"),
    "truncated": (lambda data: data[:-1], "its CRC is"),
    "truncated, CRC made right": (lambda data: with_crc(data[:-1]), "section 4 goes past the end"),
    "without its last section's head": (lambda data: with_crc(data[: -len(APPLICATION) - 1]), "section 4 begins after the end"),
    "more behind": (lambda data: with_crc(data + b"x"), "1 bytes after the last section"),
    "offset": (lambda data: with_crc(put(data, 36, struct.pack(">Q", SECOND + 1))), "section 1 is at"),
    "size": (lambda data: with_crc(put(data, 284, struct.pack(">Q", 1))), "section 0 has 594 bytes, the header says 1"),
    "type": (lambda data: with_crc(put(data, HEADER, b"\0\x09")), "section 0 is of the unknown type 9"),
    "two command lines": (lambda data: with_crc(put(data, HEADER, b"\0\2")), "0 sections of type kernel"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_reader_refuses(name):
    breaks, sentence = BROKEN[name]
    with pytest.raises(eif.Malformed, match="^" + sentence):
        eif.read(breaks(eif.write(sections())))


def test_reader_refuses_an_image_without_ramdisks():
    with pytest.raises(eif.Malformed, match="^no ramdisk"):
        eif.read(eif.write(sections()[:3]))


# ---- what build and verify-image do with them ----


@pytest.fixture
def inputs(tmp_path):
    facts = {"occ": "0.1.0", "linux": "6.12", "gcc-12": "12.2.0-14", "libssl-dev": "3.0.19"}
    for name in ("kernel", "init", "program"):
        (tmp_path / name).write_bytes(name.encode() * 50)
    (tmp_path / "settings").write_text("listen = vsock:5000\n")
    (tmp_path / "facts").write_text("".join(f"{name}={value}\n" for name, value in facts.items()))
    return tmp_path


def write(inputs, output):
    paths = [str(inputs / name) for name in ("init", "program", "settings", "facts")]
    image.write(str(inputs / "kernel"), "console=ttyS0", *paths, str(output))
    return output / "occ.eif", json.loads((output / "pcrs.json").read_text())


def test_settings_and_program_move_pcr2_and_not_pcr1(inputs):
    _, first = write(inputs, inputs / "first")
    for name in ("settings", "program"):
        kept = (inputs / name).read_bytes()
        (inputs / name).write_bytes(kept + b"# more\n")
        _, second = write(inputs, inputs / f"other-{name}")
        assert second["PCR1"] == first["PCR1"]
        assert second["PCR2"] != first["PCR2"] and second["PCR0"] != first["PCR0"]
        (inputs / name).write_bytes(kept)


def test_what_is_only_told_is_not_measured(inputs):
    _, first = write(inputs, inputs / "first")
    (inputs / "facts").write_text((inputs / "facts").read_text().replace("12.2.0-14", "12.2.0-15"))
    assert write(inputs, inputs / "second")[1] == first


def run_image(*arguments):
    return subprocess.run([PACKAGING / "image.py", *arguments], capture_output=True, text=True, check=False)


def test_compare_finds_the_same(inputs):
    one, pcrs = write(inputs, inputs / "one")
    other, _ = write(inputs, inputs / "other")
    assert one.read_bytes() == other.read_bytes()
    run = run_image("compare", one, other)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [f"{name}  {value}" for name, value in pcrs.items()] + ["the same, byte for byte"]


def test_compare_takes_a_signature_for_the_publishers_own(inputs):
    one, pcrs = write(inputs, inputs / "one")
    signed = inputs / "signed.eif"
    signed.write_bytes(eif.write(eif.read(one.read_bytes()) + [eif.Section(eif.Kind.SIGNATURE, b"signature")]))
    run = run_image("compare", signed, one)
    assert run.returncode == 0 and run.stdout.endswith("the same, byte for byte, but for its signature\n")
    assert pcrs["PCR0"] in run.stdout


def test_compare_says_what_differs_and_why(inputs):
    one, _ = write(inputs, inputs / "one")
    (inputs / "program").write_bytes(b"another")
    (inputs / "facts").write_text((inputs / "facts").read_text().replace("12.2.0-14", "12.2.0-15"))
    other, _ = write(inputs, inputs / "other")
    run = run_image("compare", one, other)
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1] == (
        "different: application ramdisk, metadata; it was built with other packages: gcc-12 12.2.0-14, here 12.2.0-15"
    )


def test_compare_finds_what_is_not_measured(inputs):
    """PCRs that are the same are not enough for "byte for byte"."""
    one, pcrs = write(inputs, inputs / "one")
    parts, other = eif.read(one.read_bytes()), inputs / "other.eif"
    more_memory = put(one.read_bytes(), 8, struct.pack(">Q", 1 << 40))
    flags = put(one.read_bytes(), HEADER + 2, b"\0\7")
    order = eif.write([*parts[:2], *parts[3:], parts[2]])
    for data, word in ((more_memory, "header"), (flags, "header"), (order, "the order of its sections")):
        other.write_bytes(with_crc(data))
        run = run_image("compare", other, one)
        assert (run.returncode, run.stdout.splitlines()[-1]) == (1, f"different: {word}"), word
        assert pcrs["PCR0"] in run.stdout
    for kind in (eif.Kind.METADATA, eif.Kind.SIGNATURE):
        other.write_bytes(eif.write([eif.Section(kind, b"{}"), *parts, eif.Section(eif.Kind.SIGNATURE, b"s")]))
        run = run_image("compare", other, one)
        assert run.returncode == 2 and f"2 sections of type {kind.name.lower()}, expected at most one" in run.stderr


def test_compare_refuses_what_is_no_image(inputs):
    one, _ = write(inputs, inputs / "one")
    run = run_image("compare", inputs / "kernel", one)
    assert run.returncode == 2 and "is not an enclave image: 300 bytes: too short" in run.stderr
    assert run_image("compare", inputs / "nothing", one).returncode == 3
    assert run_image("compare", one).returncode == 2


def test_image_is_what_the_parts_say(inputs):
    one, pcrs = write(inputs, inputs / "one")
    parts = eif.read(one.read_bytes())
    assert [part.kind.name for part in parts] == ["KERNEL", "CMDLINE", "METADATA", "RAMDISK", "RAMDISK"]
    assert [name for name, _, _ in members_of(parts[3].data)] == ["dev", "dev/console", "init"]
    application = {name: data for name, _, data in members_of(parts[4].data)}
    assert application == {"occ-enclave": b"program" * 50, "occ-enclave.ini": b"listen = vsock:5000\n"}
    assert hashlib.sha384(bytes(48) + hashlib.sha384(parts[4].data).digest()).hexdigest() == pcrs["PCR2"]
    assert json.loads(parts[2].data)["CustomMetadata"]["packages"] == {"gcc-12": "12.2.0-14", "libssl-dev": "3.0.19"}
