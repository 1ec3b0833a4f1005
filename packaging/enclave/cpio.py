"""The "newc" archive that the kernel unpacks as its first file system: the same bytes from the same files, everywhere."""

import dataclasses
import stat

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"
_BLOCK = 512  # archives that follow one another begin at whole blocks


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file, folder or character device. Owner is root, times are zero."""

    name: str  # without a slash in front
    mode: int  # type and permissions, as in stat
    content: bytes = b""
    device: tuple = (0, 0)  # major, minor


def folder(name):
    return Entry(name, stat.S_IFDIR | 0o755)


def program(name, content):
    return Entry(name, stat.S_IFREG | 0o555, content)


def text(name, content):
    return Entry(name, stat.S_IFREG | 0o444, content)


def character_device(name, major, minor):
    return Entry(name, stat.S_IFCHR | 0o600, device=(major, minor))


def _pad(data, unit):
    return data + b"\0" * (-len(data) % unit)


def _member(inode, entry):
    name = entry.name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.content), 0, 0, *entry.device, len(name), 0)
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return _pad(head, 4) + _pad(entry.content, 4)


def archive(entries):
    """The archive of the entries, sorted by name: so a folder comes before what is in it."""
    ordered = sorted(entries, key=lambda entry: entry.name)
    names = [entry.name for entry in ordered]
    for name in names:
        if not name or name.startswith("/") or "\0" in name or name == _TRAILER:
            raise ValueError(f"'{name}' is no name for a file in an archive")
    if len(set(names)) != len(names):
        raise ValueError("two entries have the same name")
    members = [_member(number, entry) for number, entry in enumerate(ordered, start=1)]
    members.append(_member(0, Entry(_TRAILER, 0)))
    return _pad(b"".join(members), _BLOCK)
