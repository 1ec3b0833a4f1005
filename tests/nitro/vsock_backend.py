#!/usr/bin/python3 -B
"""Usage: vsock_backend.py VHOST-SOCKET HOST-SOCKET GUEST-CID

The host's end of a guest's vsock, for QEMU's vhost-user-vsock: a machine needs no vhost-vsock for it.

  host to guest   connect to HOST-SOCKET, send "CONNECT <port>\\n", read "OK <host's port>\\n", then the stream
  guest to host   a guest's connection to port P of any other CID goes to the unix socket HOST-SOCKET_P

Prints "listening" when both sockets are there. Ends, with status 0, when QEMU does.
"""
import collections
import os
import pathlib
import select
import socket
import struct
import sys

import vhost_user

# VIRTIO 1.2 §5.10: the header of a packet, operations, flags of a shutdown.
_HEADER = struct.Struct("<QQIIIHHIII")
_STREAM = 1
REQUEST, RESPONSE, RST, SHUTDOWN, RW, CREDIT_UPDATE, CREDIT_REQUEST = 1, 2, 3, 4, 5, 6, 7
NO_MORE_RECEIVE, NO_MORE_SEND = 1, 2
HOST_CID = 3  # the instance, as its enclave sees it
BUFFER = 256 << 10  # bytes that a guest may have on the way to one connection
PORTS_FROM = 1 << 30
WORD = 0xFFFFFFFF


class Connection:
    """One stream. The counters are those of VIRTIO 1.2 §5.10.6.3: modulo 2^32, of bytes, since the beginning."""

    def __init__(self, key, local):
        self.key = key  # host's port, guest's port, CID that the guest calls the host by
        self.local = local
        self.established = False
        self.to_local = bytearray()  # from the guest, not yet taken by the local socket
        self.forwarded = self.told = 0  # bytes that it took; what the guest knows of that
        self.sent = self.peer_forwarded = self.peer_buffer = 0
        self.local_ended = False  # it sends no more
        self.guest_ended = False  # it sends no more
        self.closing = False  # the guest has gone: what it sent is still delivered, then this ends with RST

    def credit(self):
        """Bytes that the guest has room for."""
        return max(0, self.peer_buffer - ((self.sent - self.peer_forwarded) & WORD))

    def wants_read(self):
        return self.established and not self.local_ended and not self.closing and self.credit() > 0


class Backend:
    def __init__(self, front, listener, guest_cid):
        self.device = vhost_user.Device(front, 2, struct.pack("<Q", guest_cid))
        self.to_guest, self.from_guest = self.device.queues
        self.listener, self.guest_cid = listener, guest_cid
        self.path = listener.getsockname()
        self.connections = {}
        self.greetings = {}  # sockets that have not said CONNECT yet: what they said so far
        self.control = collections.deque()  # (key, operation, flags) that wait for a buffer of the guest's
        self.last_port = PORTS_FROM

    # ---- packets to the guest ----

    def _put(self, key, operation, flags, data):
        """Into the guest's next buffer; there is one."""
        host_port, guest_port, cid = key
        connection = self.connections.get(key)
        forwarded = connection.forwarded if connection else 0
        if connection:
            connection.told = forwarded
        head, _, writable = self.to_guest.take()
        peers = (cid, self.guest_cid, host_port, guest_port)
        packet = _HEADER.pack(*peers, len(data), _STREAM, operation, flags, BUFFER, forwarded & WORD)
        self.to_guest.write(writable, packet + data)
        self.to_guest.give_back(head, len(packet) + len(data))
        self.to_guest.notify()

    def _room(self):
        """Bytes of data that fit into the guest's next buffer; there is one."""
        place = self.to_guest.next
        _, _, writable = self.to_guest.take()
        self.to_guest.next = place
        return sum(length for _, length in writable) - _HEADER.size

    def _send(self, key, operation, flags=0):
        self.control.append((key, operation, flags))

    def _send_waiting(self):
        while self.control and self.to_guest.has_buffer():
            key, operation, flags = self.control.popleft()
            self._put(key, operation, flags, b"")

    def _read_local(self, connection):
        if self.control or not self.to_guest.has_buffer() or not connection.wants_read():
            return
        try:
            data = connection.local.recv(min(self._room(), connection.credit()))
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection, RST)
            return
        if data:
            connection.sent = (connection.sent + len(data)) & WORD
            self._put(connection.key, RW, 0, data)
        else:
            connection.local_ended = True
            self._send(connection.key, SHUTDOWN, NO_MORE_SEND)

    # ---- packets of the guest ----

    def _drop(self, connection, operation=None):
        self.connections.pop(connection.key, None)
        connection.local.close()
        if operation is not None:
            self._send(connection.key, operation)

    def _write_local(self, connection):
        """Gives the local socket what it takes."""
        try:
            while connection.to_local:
                taken = connection.local.send(connection.to_local)
                del connection.to_local[:taken]
                connection.forwarded += taken
        except BlockingIOError:
            pass
        except OSError:
            self._drop(connection, RST)
            return
        if (connection.forwarded - connection.told) >= BUFFER // 2:
            connection.told = connection.forwarded
            self._send(connection.key, CREDIT_UPDATE)
        if connection.to_local:
            return
        if connection.closing:
            self._drop(connection, RST)
        elif connection.guest_ended:
            try:
                connection.local.shutdown(socket.SHUT_WR)
            except OSError:
                self._drop(connection, RST)

    def _accept_from_guest(self, key):
        local = socket.socket(socket.AF_UNIX)
        try:
            local.connect(f"{self.path}_{key[0]}")
        except OSError:
            local.close()
            self._send(key, RST)
            return
        local.setblocking(False)
        self.connections[key] = Connection(key, local)
        self.connections[key].established = True
        self._send(key, RESPONSE)

    def _handle(self, connection, operation, flags, data):
        if operation == RESPONSE:
            connection.established = True
            connection.to_local += f"OK {connection.key[0]}\n".encode()
            connection.forwarded -= len(connection.to_local)  # not the guest's bytes
            connection.told = connection.forwarded
            self._write_local(connection)
        elif operation == RW:
            connection.to_local += data
            self._write_local(connection)
        elif operation == SHUTDOWN:
            connection.guest_ended = connection.guest_ended or bool(flags & NO_MORE_SEND)
            connection.closing = flags == NO_MORE_RECEIVE | NO_MORE_SEND
            self._write_local(connection)
        elif operation == RST:
            self._write_local(connection)
            if connection.key in self.connections:
                self._drop(connection)
        elif operation == CREDIT_REQUEST:
            self._send(connection.key, CREDIT_UPDATE)

    def _take_packet(self, packet):
        if len(packet) < _HEADER.size:
            return
        _, cid, guest_port, host_port, length, _, operation, flags, buffer, forwarded = _HEADER.unpack_from(packet)
        key = (host_port, guest_port, cid)
        if operation == REQUEST:
            self._accept_from_guest(key)
        connection = self.connections.get(key)
        if connection is None:
            if operation not in (REQUEST, RST):
                self._send(key, RST)
            return
        connection.peer_buffer, connection.peer_forwarded = buffer, forwarded
        self._handle(connection, operation, flags, packet[_HEADER.size : _HEADER.size + length])

    def _take_packets(self):
        took = False
        while self.from_guest.has_buffer():
            head, readable, _ = self.from_guest.take()
            packet = self.from_guest.read(readable)
            self.from_guest.give_back(head, 0)
            took = True
            self._take_packet(packet)
        if took:
            self.from_guest.notify()

    # ---- programs of the host ----

    def _greet(self, local):
        """One byte at a time: what follows the line belongs to the stream."""
        try:
            byte = local.recv(1)
        except OSError:
            byte = b""
        said = self.greetings[local] = self.greetings[local] + byte
        words = said.split()
        if byte and not said.endswith(b"\n") and len(said) < 32:
            return
        del self.greetings[local]
        if not byte or len(words) != 2 or words[0] != b"CONNECT" or not words[1].isdigit():
            local.close()
            return
        self.last_port += 1
        key = (self.last_port, int(words[1]), HOST_CID)
        local.setblocking(False)
        self.connections[key] = Connection(key, local)
        self._send(key, REQUEST)

    # ---- the loop ----

    def _turn(self):
        front = self.device.connection
        kicks = [queue.kick for queue in self.device.queues if queue.running]
        may_send = not self.control and self.to_guest.has_buffer()
        readers = {c.local: c for c in self.connections.values() if may_send and c.wants_read()}
        writers = {c.local: c for c in self.connections.values() if c.to_local}
        ready, writable, _ = select.select([front, self.listener, *kicks, *readers, *self.greetings], [*writers], [])
        for item in ready:
            if item is front:
                self.device.serve_one()
            elif item is self.listener:
                self.greetings[self.listener.accept()[0]] = b""
            elif item in self.greetings:
                self._greet(item)
            elif item in readers:
                self._read_local(readers[item])
            else:
                os.read(item, 8)
        for connection in writers.values():
            if connection.local in writable and connection.key in self.connections:
                self._write_local(connection)
        self._take_packets()
        self._send_waiting()

    def run(self):
        try:
            while True:
                self._turn()
        except vhost_user.Gone:
            return


def listen(path, backlog):
    pathlib.Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(backlog)
    return listener


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    vhost, host = listen(arguments[0], 1), listen(arguments[1], 64)
    print("listening", flush=True)
    front, _ = vhost.accept()
    Backend(front, host, int(arguments[2])).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
