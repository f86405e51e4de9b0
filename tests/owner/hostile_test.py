#!/usr/bin/env python3
"""Strangers at both ports: whatever they send, the server goes on, answers others, and stops cleanly."""
import http.client
import os
import pathlib
import random
import socket
import struct
import tempfile
import time
import unittest

from owner_test import Server

SEED = int(os.environ.get("HOSTILE_SEED", "1"))
ROUNDS = 120
HALF_OPEN = 30
TAGS = [b"\xef", b"\xee\xee\xee\xee", b"\xdd\xdd\xdd\xdd", b""]


def framed(chance, tag, payload, claimed=None):
    """`payload` in the framing of `tag`, with a length of the liar's choice."""
    size = len(payload) if claimed is None else claimed
    if tag == b"\xef":
        return b"\x7f" + struct.pack("<I", size // 4 & 0xFFFFFF)[:3] + payload
    if tag:
        return struct.pack("<I", size & 0xFFFFFFFF) + payload
    return struct.pack("<III", (size + 12) & 0xFFFFFFFF, 0, chance.getrandbits(32))[:8] + payload + chance.randbytes(4)


def plain(body):
    return struct.pack("<qqi", 0, int(time.time()) << 32, len(body)) + body


def nasty(chance):
    """What one connection sends."""
    tag = chance.choice(TAGS)
    kind = chance.randrange(8)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 5000))
    if kind == 1:
        return tag + framed(chance, tag, chance.randbytes(100), chance.choice([0, 4, 0x7FFFFFFC, 0xFFFFFFFF, 1 << 24]))
    if kind == 2:  # A key that nobody has, several times.
        packet = chance.randbytes(24 + 16 * chance.randrange(3, 40))
        return tag + b"".join(framed(chance, tag, packet) for _ in range(5))
    if kind == 3:  # req_pq_multi, cut anywhere.
        whole = tag + framed(chance, tag, plain(struct.pack("<I", 0xBE7E8EF1) + chance.randbytes(16)))
        return whole[:chance.randrange(1, len(whole) + 1)]
    if kind == 4:  # Steps of a key exchange that were never begun, and junk in their place.
        body = struct.pack("<I", chance.choice([0xBE7E8EF1, 0xD712E4BE, 0xF5045F1F, 0x73F1F8DC, 0x3072CFA1]))
        return tag + framed(chance, tag, plain(body + chance.randbytes(4 * chance.randrange(0, 100))))
    if kind == 5:
        return b"GET /health HTTP/1.1\r\n" + chance.randbytes(chance.randrange(3000)) + b"\r\n\r\n"
    if kind == 6:
        return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % chance.choice([-1, 10, 1 << 40, 1 << 70]) + b"x"
    return b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + chance.randbytes(200)


class Hostile(unittest.TestCase):
    def test_the_server_outlives_strangers(self):
        chance = random.Random(SEED)
        with tempfile.TemporaryDirectory(prefix="heliograph-hostile-") as folder:
            with Server(pathlib.Path(folder) / "data") as server:
                self.assertTrue(server.ready, server.line)
                ports = int(server.ready[2]), int(server.ready[4])
                kept = [self.connect(chance.choice(ports)) for _ in range(HALF_OPEN)]
                for _ in range(ROUNDS):
                    for port in ports:
                        self.attack(chance, port)
                self.assertIsNone(server.process.poll(), f"it died; HOSTILE_SEED={SEED}")
                asking = http.client.HTTPConnection("127.0.0.1", ports[1], timeout=5, source_address=("127.1.1.1", 0))
                asking.request("GET", "/health")
                health = asking.getresponse()
                self.assertEqual((health.status, health.read()), (200, b"ok\n"))
                asking.close()
                self.assertEqual(int(server.ready[5]), server.process.pid)
                self.assertEqual(server.stop(), 0)  # With the half-open connections still there.
                for connection in kept:
                    connection.close()

    def connect(self, port):
        # From many addresses: the limits of a single one would spare the parsers most of this.
        self.strangers = getattr(self, "strangers", 0) + 1
        source = f"127.9.{self.strangers % 250}.{1 + self.strangers // 250 % 250}"
        connection = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0))
        connection.settimeout(0.02)
        return connection

    def attack(self, chance, port):
        with self.connect(port) as connection:
            try:
                connection.sendall(nasty(chance))
                if chance.random() < 0.3:
                    connection.shutdown(socket.SHUT_WR)
                if chance.random() < 0.5:
                    connection.recv(4096)
            except OSError:
                pass  # The server may hang up whenever it likes.
            if chance.random() < 0.3:  # A reset instead of a goodbye.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if __name__ == "__main__":
    unittest.main()
