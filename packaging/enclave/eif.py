"""The Enclave Image Format, version 4: a header, then sections. Writing, reading, and what the hypervisor measures."""

import dataclasses
import enum
import hashlib
import struct
import zlib


class Kind(enum.IntEnum):
    KERNEL = 1
    CMDLINE = 2
    RAMDISK = 3
    SIGNATURE = 4
    METADATA = 5


class Malformed(Exception):
    """One sentence that says what is wrong with an image."""


@dataclasses.dataclass(frozen=True)
class Section:
    kind: Kind
    data: bytes


_MAGIC = b".eif"
_VERSION = 4
_SECTIONS_MAX = 32
# All big-endian: magic, version, flags (bit 0: ARM), memory, CPUs, reserved, number of sections; offsets; sizes; reserved; CRC.
_HEADER = struct.Struct(">4sHHQQHH32Q32QII")
_SECTION = struct.Struct(">HHQ")
_CRC_OFFSET = _HEADER.size - 4
# What nitro-cli writes; run-enclave's --memory and --cpu-count say what an enclave gets.
_MEMORY = 1 << 30
_CPUS = 2


def write(sections):
    """The image of these sections, in this order. Not signed."""
    offsets, sizes, body = [], [], b""
    for section in sections:
        offsets.append(_HEADER.size + len(body))
        sizes.append(len(section.data))
        body += _SECTION.pack(section.kind, 0, len(section.data)) + section.data
    if len(offsets) > _SECTIONS_MAX:
        raise ValueError(f"{len(offsets)} sections, expected at most {_SECTIONS_MAX}")
    none = [0] * (_SECTIONS_MAX - len(offsets))
    fields = (_MAGIC, _VERSION, 0, _MEMORY, _CPUS, 0, len(offsets), *offsets, *none, *sizes, *none, 0)
    without_crc = _HEADER.pack(*fields, 0)[:_CRC_OFFSET]
    return without_crc + struct.pack(">I", zlib.crc32(without_crc + body)) + body


def _read_header(image):
    if len(image) < _HEADER.size:
        raise Malformed(f"{len(image)} bytes: too short for the header of an enclave image")
    fields = _HEADER.unpack_from(image)
    magic, version, flags, count = fields[0], fields[1], fields[2], fields[6]
    if magic != _MAGIC:
        raise Malformed(f"it begins with {magic!r}, expected {_MAGIC!r}")
    if version != _VERSION:
        raise Malformed(f"version {version} of the format, expected {_VERSION}")
    if flags != 0:
        raise Malformed(f"flags {flags:#x}, expected 0 (x86-64)")
    if not 0 < count <= _SECTIONS_MAX:
        raise Malformed(f"{count} sections, expected 1 to {_SECTIONS_MAX}")
    crc = zlib.crc32(image[_HEADER.size :], zlib.crc32(image[:_CRC_OFFSET]))
    if fields[-1] != crc:
        raise Malformed(f"its CRC is {fields[-1]:08x}, its bytes give {crc:08x}")
    offsets, sizes = fields[7 : 7 + _SECTIONS_MAX], fields[7 + _SECTIONS_MAX : 7 + 2 * _SECTIONS_MAX]
    return list(zip(offsets, sizes))[:count]


def _read_section(image, number, offset, size, expected):
    if offset != expected:
        raise Malformed(f"section {number} is at {offset}, expected at {expected}")
    if offset + _SECTION.size > len(image):
        raise Malformed(f"section {number} begins after the end")
    kind, _, own_size = _SECTION.unpack_from(image, offset)
    if own_size != size:
        raise Malformed(f"section {number} has {own_size} bytes, the header says {size}")
    start = offset + _SECTION.size
    if start + size > len(image):
        raise Malformed(f"section {number} goes past the end")
    try:
        return Section(Kind(kind), image[start : start + size])
    except ValueError:
        raise Malformed(f"section {number} is of the unknown type {kind}") from None


def read(image):
    """The sections of an image; raises Malformed."""
    sections, expected = [], _HEADER.size
    for number, (offset, size) in enumerate(_read_header(image)):
        section = _read_section(image, number, offset, size, expected)
        sections.append(section)
        expected = offset + _SECTION.size + size
    if expected != len(image):
        raise Malformed(f"{len(image) - expected} bytes after the last section")
    kinds = [section.kind for section in sections]
    for kind in (Kind.KERNEL, Kind.CMDLINE):
        if kinds.count(kind) != 1:
            raise Malformed(f"{kinds.count(kind)} sections of type {kind.name.lower()}, expected one")
    for kind in (Kind.METADATA, Kind.SIGNATURE):
        if kinds.count(kind) > 1:
            raise Malformed(f"{kinds.count(kind)} sections of type {kind.name.lower()}, expected at most one")
    if Kind.RAMDISK not in kinds:
        raise Malformed("no ramdisk")
    return sections


def _measure(*parts):
    digest = hashlib.sha384(b"".join(parts)).digest()
    return hashlib.sha384(bytes(48) + digest).hexdigest()


def pcrs(sections):
    """PCR0 (the whole image), PCR1 (kernel, command line, first ramdisk), PCR2 (the other ramdisks): hex by name."""
    kernel = next(section.data for section in sections if section.kind == Kind.KERNEL)
    cmdline = next(section.data for section in sections if section.kind == Kind.CMDLINE)
    ramdisks = [section.data for section in sections if section.kind == Kind.RAMDISK]
    return {
        "PCR0": _measure(kernel, cmdline, *ramdisks),
        "PCR1": _measure(kernel, cmdline, ramdisks[0]),
        "PCR2": _measure(*ramdisks[1:]),
    }
