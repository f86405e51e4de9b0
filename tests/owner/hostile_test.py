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
    kind = chance.randrange(11)
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
    if kind == 7:
        return b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + chance.randbytes(200)
    if kind == 8:
        return upgrade(chance.choice(BROKEN_UPGRADES)) + chance.randbytes(100)
    if kind == 9:
        return upgrade() + b"".join(web_socket_frame(chance) for _ in range(chance.randrange(1, 8)))
    return b"".join(post(chance) for _ in range(chance.randrange(1, 5)))


UPGRADE = {"Host": "x", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "binary"}
BROKEN_UPGRADES = [{"Sec-WebSocket-Version": "12"}, {"Sec-WebSocket-Key": None}, {"Sec-WebSocket-Key": "c2hvcnQ="},
                   {"Sec-WebSocket-Protocol": "text"}, {"Sec-WebSocket-Protocol": None}, {"Upgrade": "h2c"}, {"Host": None},
                   {"Connection": "close"}, {"Sec-WebSocket-Key": "!" * 5000}, {"Content-Length": "7"},
                   {"Transfer-Encoding": "chunked"}]


def upgrade(changes={}):
    fields = {**UPGRADE, **changes}
    return "\r\n".join(["GET /apiws HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value), "", ""]).encode()


def web_socket_frame(chance):
    """Of any kind: masked or not, with reserved bits and codes, pieces that never end, and lengths that lie."""
    payload = chance.randbytes(chance.choice([0, 1, 64, 125, 126, 200, 3000]))
    first = chance.choice([0x82, 0x82, 0x02, 0x80, 0x00, 0x81, 0x88, 0x89, 0x8A, 0x09, 0xC2, 0x83, 0x8F])
    claimed = chance.choice([len(payload)] * 6 + [0, 0xFFFF, 1 << 40, (1 << 63) + 1, (1 << 64) - 1])
    masked = 0x80 if chance.random() < 0.8 else 0
    if claimed < 126 and chance.random() < 0.9:
        length = bytes([masked | claimed])
    elif claimed < 1 << 16:
        length = bytes([masked | 126]) + struct.pack(">H", claimed)
    else:
        length = bytes([masked | 127]) + struct.pack(">Q", claimed)
    mask = chance.randbytes(4)
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
    return bytes([first]) + length + (mask if masked else b"") + body


def post(chance):
    """MTProto over HTTP, right in no more than some of its parts."""
    body = chance.choice([plain(struct.pack("<I", 0xBE7E8EF1) + chance.randbytes(16)), chance.randbytes(88), b"", b"x",
                          chance.randbytes(24 + 16 * chance.randrange(3, 100)), plain(b"")])
    claimed = chance.choice([len(body)] * 6 + [0, len(body) + 1, 3 << 20, 1 << 62])
    length = chance.choice([b"Content-Length: %d\r\n" % claimed] * 6 + [b"", b"Content-Length: 4, 4\r\n",
                                                                      b"Transfer-Encoding: chunked\r\n"])
    extra = chance.choice([b""] * 4 + [b"Expect: 100-continue\r\n", b"X: " + b"y" * 20000 + b"\r\n", b"Connection: close\r\n"])
    start = chance.choice([b"POST /api HTTP/1.1\r\n"] * 6 + [b"POST /api HTTP/1.0\r\n", b"GET /api HTTP/1.1\r\n",
                                                             b"OPTIONS /api HTTP/1.1\r\n", b"POST /other HTTP/1.1\r\n"])
    return start + b"Host: x\r\n" + length + extra + b"\r\n" + body


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
                asking.request("GET", "/apiws", headers=UPGRADE)
                self.assertEqual(asking.getresponse().status, 101)
                asking.close()
                asking = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=5, source_address=("127.1.1.1", 0))
                asking.request("POST", "/api", plain(struct.pack("<I", 0xBE7E8EF1) + bytes(16)))
                answer = asking.getresponse()
                self.assertEqual((answer.status, answer.read()[20:40]), (200, struct.pack("<I", 0x05162463) + bytes(16)))
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
                sent = nasty(chance)
                if chance.random() < 0.2:  # A trickle: byte by byte, each in a packet of its own.
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for byte in sent[:400]:
                        connection.send(bytes([byte]))
                    sent = sent[400:]
                connection.sendall(sent)
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
