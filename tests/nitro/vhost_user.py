"""The vhost-user protocol (device side) and split virtqueues (VIRTIO 1.2 §2.7), as far as a vsock device needs them."""
import array
import mmap
import os
import socket
import struct

# Messages of the protocol that a front end sends to a vsock device.
GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE = 1, 2, 3, 4, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR = 12, 13, 14
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_VRING_ENABLE, GET_CONFIG = 15, 16, 17, 18, 24

FEATURES = 1 << 32 | 1 << 30  # VERSION_1, and the protocol features
PROTOCOL_FEATURES = 1 << 3 | 1 << 9  # REPLY_ACK, CONFIG
_HEADER = struct.Struct("<III")
_VERSION, _REPLY, _NEED_REPLY = 1, 1 << 2, 1 << 3
_NO_DESCRIPTOR = 1 << 8
_NEXT, _WRITE, _INDIRECT = 1, 2, 4
_NO_INTERRUPT = 1


class Gone(Exception):
    """The front end has closed the connection: QEMU has ended."""


class Memory:
    """The guest's memory, as the front end shares it."""

    def __init__(self):
        self.regions = []  # guest address, size, address in the front end, the bytes

    def set(self, table, descriptors):
        """table: (guest address, size, front end's address, offset in the file), one for each descriptor."""
        self.regions = []
        for (guest, size, front, offset), descriptor in zip(table, descriptors):
            mapping = mmap.mmap(descriptor, offset + size)
            self.regions.append((guest, size, front, memoryview(mapping)[offset : offset + size]))
            os.close(descriptor)

    def at(self, address, length):
        for guest, size, _, data in self.regions:
            if guest <= address and address + length <= guest + size:
                return data[address - guest : address - guest + length]
        raise ValueError(f"the guest names {length} bytes at {address:#x}, where it has no memory")

    def guest_address(self, front_address):
        for guest, size, front, _ in self.regions:
            if front <= front_address < front + size:
                return front_address - front + guest
        raise ValueError(f"the front end names {front_address:#x}, which it does not share")


class Queue:
    def __init__(self, memory):
        self.memory = memory
        self.size = self.next = 0
        self.descriptors = self.available = self.used = 0
        self.kick = self.call = None
        self.running = False

    def _u16(self, address):
        return struct.unpack("<H", self.memory.at(address, 2))[0]

    def has_buffer(self):
        return self.running and self.next != self._u16(self.available + 2)

    def _chain(self, index):
        table, size = self.descriptors, self.size
        for _ in range(size):
            address, length, flags, following = struct.unpack("<QIHH", self.memory.at(table + 16 * index, 16))
            if flags & _INDIRECT:
                table, size, index = address, length // 16, 0
                continue
            yield address, length, flags
            if not flags & _NEXT:
                return
            index = following
        raise ValueError("a chain of descriptors has no end")

    def take(self):
        """The next buffer: its number, what the device reads, what it may write; both as lists of (address, length)."""
        head = self._u16(self.available + 4 + 2 * (self.next % self.size))
        self.next = (self.next + 1) & 0xFFFF
        chain = list(self._chain(head))
        readable = [(address, length) for address, length, flags in chain if not flags & _WRITE]
        writable = [(address, length) for address, length, flags in chain if flags & _WRITE]
        return head, readable, writable

    def read(self, parts):
        return b"".join(bytes(self.memory.at(address, length)) for address, length in parts)

    def write(self, parts, data):
        at = 0
        for address, length in parts:
            piece = data[at : at + length]
            self.memory.at(address, len(piece))[:] = piece
            at += len(piece)
        if at != len(data):
            raise ValueError("more bytes than the guest's buffer has room for")

    def give_back(self, head, written):
        index = self._u16(self.used + 2)
        struct.pack_into("<II", self.memory.at(self.used + 4 + 8 * (index % self.size), 8), 0, head, written)
        struct.pack_into("<H", self.memory.at(self.used + 2, 2), 0, (index + 1) & 0xFFFF)

    def notify(self):
        if self.call is not None and not self._u16(self.available) & _NO_INTERRUPT:
            os.write(self.call, struct.pack("<Q", 1))


class Device:
    """Answers the front end. queues are set up by it; config is what GET_CONFIG reads."""

    def __init__(self, connection, queue_count, config):
        self.connection = connection
        self.memory = Memory()
        self.queues = [Queue(self.memory) for _ in range(queue_count)]
        self.config = config

    def _receive(self):
        ancillary = socket.CMSG_SPACE(8 * 4)
        try:
            head, control, _, _ = self.connection.recvmsg(_HEADER.size, ancillary, socket.MSG_WAITALL)
            request, flags, size = _HEADER.unpack(head)
            payload = self.connection.recv(size, socket.MSG_WAITALL) if size else b""
        except (OSError, struct.error):
            raise Gone from None
        if len(payload) != size:
            raise Gone
        descriptors = array.array("i")
        for _, _, data in control:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        return request, flags, payload, list(descriptors)

    def _reply(self, request, payload):
        try:
            self.connection.sendall(_HEADER.pack(request, _VERSION | _REPLY, len(payload)) + payload)
        except OSError:
            raise Gone from None

    def _set_memory(self, payload, descriptors):
        count = struct.unpack_from("<I", payload)[0]
        self.memory.set([struct.unpack_from("<QQQQ", payload, 8 + 32 * i) for i in range(count)], descriptors)

    def _set_addresses(self, payload):
        index, _, descriptors, used, available, _ = struct.unpack("<IIQQQQ", payload)
        queue, address = self.queues[index], self.memory.guest_address
        queue.descriptors, queue.used, queue.available = address(descriptors), address(used), address(available)

    def _stop_queue(self, payload):
        index = struct.unpack_from("<I", payload)[0]
        self.queues[index].running = False
        return struct.pack("<II", index, self.queues[index].next)

    def _set_event(self, request, payload, descriptors):
        value = struct.unpack("<Q", payload)[0]
        queue = self.queues[value & 0xFF]
        event = None if value & _NO_DESCRIPTOR else descriptors[0]
        replaced = event
        if request == SET_VRING_KICK:
            replaced, queue.kick, queue.running = queue.kick, event, event is not None
        elif request == SET_VRING_CALL:
            replaced, queue.call = queue.call, event
        if replaced is not None:
            os.close(replaced)

    def _get_config(self, payload):
        offset, size, _ = struct.unpack_from("<III", payload)
        return payload[:12] + self.config[offset : offset + size].ljust(size, b"\0")

    def serve_one(self):
        """Takes one message of the front end; raises Gone."""
        request, flags, payload, descriptors = self._receive()
        answers = {
            GET_FEATURES: lambda: struct.pack("<Q", FEATURES),
            GET_PROTOCOL_FEATURES: lambda: struct.pack("<Q", PROTOCOL_FEATURES),
            GET_QUEUE_NUM: lambda: struct.pack("<Q", len(self.queues)),
            GET_VRING_BASE: lambda: self._stop_queue(payload),
            GET_CONFIG: lambda: self._get_config(payload),
        }
        if request in answers:
            self._reply(request, answers[request]())
            return
        status = 0
        if request == SET_MEM_TABLE:
            self._set_memory(payload, descriptors)
        elif request == SET_VRING_NUM:
            index, self.queues[payload[0]].size = struct.unpack("<II", payload)
        elif request == SET_VRING_ADDR:
            self._set_addresses(payload)
        elif request == SET_VRING_BASE:
            index, self.queues[payload[0]].next = struct.unpack("<II", payload)
        elif request in (SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR):
            self._set_event(request, payload, descriptors)
        elif request not in (SET_FEATURES, SET_OWNER, RESET_OWNER, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE):
            status = 1
        if flags & _NEED_REPLY:
            self._reply(request, struct.pack("<Q", status))
