#!/usr/bin/env python3
"""What an owner meets at the command line: starting, stopping, settings, and one clear sentence for every mistake."""
import base64
import hashlib
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HELIOGRAPH", str(ROOT / "build/release/bin/heliograph"))
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
LOOPBACK = ["--mtproto", "127.0.0.1:0", "--http", "127.0.0.1:0"]


def ask(*arguments, **environment):
    """Runs a command that ends by itself; returns its exit code, output and complaint."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          env={**CLEAN, **environment})
    return done.returncode, done.stdout, done.stderr


class Server:
    """A running server, stopped at the end of a `with` block."""

    def __init__(self, data, *arguments):
        self.process = subprocess.Popen([PROGRAM, "serve", "--data", str(data), *(arguments or LOOPBACK)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN)
        self.line = self.process.stdout.readline()
        self.ready = re.fullmatch(r"ready mtproto=(\S+):(\d+) http=(\S+):(\d+) pid=(\d+)\n", self.line)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.communicate(timeout=20)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)


def fingerprint(pem):
    """The low 64 bits of SHA-1 over n and e as TL strings: how MTProto names a key."""
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    at, numbers = 4, []  # SEQUENCE, two bytes of length; then two INTEGERs.
    for _ in range(2):
        length, at = der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at:at + size], "big"), at + size
        numbers.append(der[at:at + length].lstrip(b"\0"))
        at += length
    written = b""
    for number in numbers:
        head = struct.pack("<I", len(number) << 8 | 254) if len(number) > 253 else bytes([len(number)])
        written += (head + number).ljust((len(head + number) + 3) // 4 * 4, b"\0")
    return hashlib.sha1(written).digest()[12:]


def offered_keys(server):
    """What resPQ says."""
    request = struct.pack("<qqi", 0, 4, 20) + struct.pack("<I", 0xBE7E8EF1) + os.urandom(16)
    with socket.create_connection(("127.0.0.1", int(server.ready[2])), timeout=10) as connection:
        connection.sendall(b"\xee\xee\xee\xee" + struct.pack("<I", len(request)) + request)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack("<I", answer[:4])[0]:
            answer += connection.recv(4096)
    keys = answer[4 + 20 + 4 + 32 + 12:]  # Behind the head, the constructor, the nonces and pq.
    count = struct.unpack("<I", keys[4:8])[0]
    return [keys[8 + 8 * i:16 + 8 * i] for i in range(count)]


class Owner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="heliograph-owner-")
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name) / "data"

    def refused(self, answer, *words):
        code, _, complaint = answer
        self.assertEqual(code, 1, complaint)
        self.assertEqual(complaint.count("\n"), 1, f"one sentence: {complaint!r}")
        for word in words:
            self.assertIn(str(word), complaint)

    def test_an_empty_folder_becomes_a_server_that_stops_cleanly(self):
        with Server(self.data) as server:
            self.assertTrue(server.ready, server.line)
            self.assertEqual(int(server.ready[5]), server.process.pid)
            health = urllib.request.urlopen(f"http://127.0.0.1:{server.ready[4]}/health", timeout=5)
            self.assertEqual(health.status, 200)
            self.assertEqual(server.stop(), 0)
        self.assertEqual(self.data.stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.data / "keys/rsa.pem").stat().st_mode & 0o777, 0o600)

    def test_the_key_stays_the_same_and_prints_as_pkcs1(self):
        code, first, _ = ask("key", "--data", self.data)
        self.assertEqual(code, 0)
        self.assertTrue(first.startswith("-----BEGIN RSA PUBLIC KEY-----\n"), first)
        with Server(self.data):
            self.assertEqual(ask("key", "--data", self.data)[1], first)

    def test_it_starts_again_after_kill_9(self):
        for _ in range(2):
            with Server(self.data) as server:
                self.assertTrue(server.ready, server.line)
                server.stop(signal.SIGKILL)

    def test_a_second_server_on_the_same_folder_is_refused(self):
        with Server(self.data):
            self.refused(ask("serve", "--data", self.data, *LOOPBACK), "another Heliograph", self.data)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused(ask("serve", "--data", self.data, "--mtproto", address, "--http", "127.0.0.1:0"), address)
            self.refused(ask("serve", "--data", self.data, "--mtproto", "127.0.0.1:0", "--http", address), address)

    def test_a_damaged_key_is_named(self):
        (self.data / "keys").mkdir(parents=True)
        (self.data / "keys/rsa.pem").write_text("no key at all\n")
        (self.data / "keys/rsa.pem").chmod(0o600)
        self.refused(ask("serve", "--data", self.data, *LOOPBACK), "rsa.pem")
        self.refused(ask("key", "--data", self.data), "rsa.pem")

    def test_B06_a_key_that_others_may_read_is_refused(self):
        self.assertEqual(ask("key", "--data", self.data)[0], 0)
        with Server(self.data):
            pass
        for name in ["rsa.pem", "secret"]:
            file = self.data / "keys" / name
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            for mode in [0o640, 0o604, 0o620, 0o601]:
                file.chmod(mode)
                self.refused(ask("serve", "--data", self.data, *LOOPBACK), file, "chmod 600")
            file.chmod(0o400)
            with Server(self.data) as server:
                self.assertTrue(server.ready, server.line)
            file.chmod(0o600)

    def test_B06_a_key_of_another_size_is_refused(self):
        (self.data / "keys").mkdir(parents=True)
        for name in ["rsa.pem", "rsa_previous.pem"]:
            for bits in [1024, 3072]:
                file = self.data / "keys" / name
                made = subprocess.run(["openssl", "genrsa", str(bits)], capture_output=True, check=True, timeout=30)
                file.write_bytes(made.stdout)
                file.chmod(0o600)
                self.refused(ask("key", "--data", self.data), file, "2048 bits")
                file.unlink()

    def test_B06_the_previous_key_is_offered_beside_the_new_one(self):
        old = ask("key", "--data", self.data)[1]
        (self.data / "keys/rsa.pem").rename(self.data / "keys/rsa_previous.pem")
        new = ask("key", "--data", self.data)[1]
        self.assertNotEqual(old, new)
        for pems, previous in [([new, old], True), ([new], False)]:
            if not previous:
                (self.data / "keys/rsa_previous.pem").unlink()
            with Server(self.data) as server:
                self.assertEqual(offered_keys(server), [fingerprint(pem) for pem in pems])
                self.assertEqual(ask("key", "--data", self.data)[1], new)

    def test_a_folder_with_a_path_too_long_for_a_socket_is_named(self):
        data = self.data / ("d" * 120)
        self.data.mkdir()
        self.refused(ask("serve", "--data", data, *LOOPBACK), data, "107")
        self.refused(ask("code", "--data", data, "+15550001"), data)

    def test_a_bad_line_of_the_settings_file_is_named(self):
        self.data.mkdir()
        for text, line, word in [("cores = 2\nnot toml at all\n", 2, ""), ("\ncolour = 3\n", 2, "colour"),
                                 ("[mtproto]\naddress = \"nowhere\"\n", 2, "nowhere"), ("cores = \"many\"\n", 1, "many")]:
            (self.data / "heliograph.toml").write_text(text)
            self.refused(ask("serve", "--data", self.data, *LOOPBACK), f"heliograph.toml:{line}:", word)

    def test_a_bad_flag_or_variable_is_named(self):
        self.refused(ask("serve", "--data", self.data, "--mtproto", "4430"), "--mtproto", "4430")
        self.refused(ask("config", "--data", self.data, HELIOGRAPH_CORES="-1"), "HELIOGRAPH_CORES")

    def test_settings_come_from_file_environment_and_flags_in_that_order(self):
        self.data.mkdir()
        (self.data / "heliograph.toml").write_text("cores = 1\n[log]\nlevel = \"warn\"\n[http]\naddress = \"127.0.0.1:1\"\n")
        code, text, _ = ask("config", "--data", self.data, "--cores", "3", HELIOGRAPH_CORES="2", HELIOGRAPH_LOG_LEVEL="error")
        self.assertEqual(code, 0)
        rows = {key: (value, source) for key, value, source in re.findall(r"^(\S+) = (\S*) +# ([^:]+(?::\d+)?): ", text, re.M)}
        self.assertEqual(rows["cores"], ("3", "--cores"))
        self.assertEqual(rows["log.level"], ("error", "HELIOGRAPH_LOG_LEVEL"))
        self.assertEqual(rows["http.address"], ("127.0.0.1:1", f"{self.data}/heliograph.toml:5"))
        self.assertEqual(rows["mtproto.address"], ("127.0.0.1:4430", "default"))

    def test_test_numbers_need_loopback_addresses(self):
        self.refused(ask("serve", "--data", self.data, "--test-numbers", "--mtproto", "0.0.0.0:0", "--http", "127.0.0.1:0"),
                     "--test-numbers", "loopback")

    def test_a_code_needs_a_running_server_and_a_number_that_waits(self):
        self.refused(ask("code", "--data", self.data, "+15550001"), "no server runs")
        with Server(self.data):
            self.refused(ask("code", "--data", self.data, "+15550001"), "no code")


if __name__ == "__main__":
    unittest.main()
