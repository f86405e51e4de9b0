#!/usr/bin/env python3
"""Stands in for bin/heliograph: runs it behind ports of its own and writes down every byte that passes.

    RECORD_SERVER=build/release/bin/heliograph RECORD_FOLDER=DIR fuzz/recording/server.py serve --mtproto A:P --http A:P ...

The real server ends with this process, however that ends. A connection becomes a file DIR/LIFE-PORT-NUMBER-CLIENT: which
start of the server, mtproto or http, which connection, and the client that its process runs. It is a row of records:
direction ('c' from the client, 's' from the server, 'e': the connection is over), time (u64, ns since 1970), size (u32),
bytes; little-endian. Commands other than serve go to the real program as they are.
"""
import asyncio
import ctypes
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import time

READY = re.compile(rb"ready mtproto=([\d.]+):(\d+) http=([\d.]+):(\d+) pid=(\d+)")
PR_SET_PDEATHSIG = 1


def client_behind(theirs, ours):
    """Which client has the other end of a loopback connection, from its port to ours."""
    inode = None
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{theirs:04X}") and fields[2].endswith(f":{ours:04X}") and fields[9] != "0":
            inode = f"socket:[{fields[9]}]"
    for process in pathlib.Path("/proc").iterdir():
        if inode is None or not process.name.isdigit():
            continue
        try:
            if any(os.readlink(fd) == inode for fd in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().split(b"\0")
                named = re.search(rb"/clients/([a-z]+)/", b" ".join(command))
                # A browser's own processes say nothing of whose they are.
                return named[1].decode() if named else "chromium" if b"chrom" in command[0] else "unknown"
        except OSError:
            continue  # Gone meanwhile, or another user's.
    return "unknown"


class Recorder:
    def __init__(self, folder, life):
        self.folder, self.life, self.count = folder, life, 0

    def listener(self, name, host, port):
        """What asyncio calls for each connection to our port `name`, which the server has at host:port."""

        async def accept(reader, writer):
            self.count += 1
            client = client_behind(writer.get_extra_info("peername")[1], writer.get_extra_info("sockname")[1])
            path = self.folder / f"{self.life:02}-{name}-{self.count:04}-{client}"
            # Unbuffered: this process may be killed at any time.
            with open(path, "wb", buffering=0) as file:
                try:
                    server_reader, server_writer = await asyncio.open_connection(host, port)
                except OSError:
                    writer.close()
                    return
                await asyncio.gather(self.copy(file, b"c", reader, server_writer),
                                     self.copy(file, b"s", server_reader, writer))
                self.write(file, b"e", b"")

        return accept

    @staticmethod
    def write(file, direction, data):
        file.write(struct.pack("<cQI", direction, time.time_ns(), len(data)) + data)

    async def copy(self, file, direction, source, target):
        try:
            while data := await source.read(1 << 16):
                self.write(file, direction, data)
                target.write(data)
                await target.drain()
        except OSError:
            pass
        target.close()  # No client or server here goes on after the other end has closed.


def option(arguments, name):
    return arguments[arguments.index(name) + 1]


async def wait_for_the_last(folder):
    """A server that was killed with its recorder may need a moment to let go of the data folder."""
    try:
        last = int((folder / "pid").read_text())
    except (OSError, ValueError):
        return
    for _ in range(500):
        if not pathlib.Path(f"/proc/{last}").exists():
            return
        await asyncio.sleep(0.01)


async def serve(binary, folder, arguments):
    await wait_for_the_last(folder)
    (folder / "data").write_text(option(arguments, "--data"))
    life = 1 + max((int(p.name[:2]) for p in folder.glob("[0-9][0-9]-start")), default=0)
    (folder / f"{life:02}-start").touch()

    wanted = {}
    for name in ("mtproto", "http"):
        place = arguments.index(f"--{name}") + 1
        host, _, port = arguments[place].rpartition(":")
        wanted[name] = host, int(port)
        arguments[place] = f"{host}:0"
    die_with_us = lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    child = await asyncio.create_subprocess_exec(binary, *arguments, stdout=subprocess.PIPE, preexec_fn=die_with_us)
    (folder / "pid").write_text(str(child.pid))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, child.terminate)

    recorder = Recorder(folder, life)
    while line := await child.stdout.readline():
        if ready := READY.match(line):
            real = {"mtproto": (ready[1].decode(), int(ready[2])), "http": (ready[3].decode(), int(ready[4]))}
            for name, (host, port) in wanted.items():
                listening = await asyncio.start_server(recorder.listener(name, *real[name]), host, port)
                host, port = listening.sockets[0].getsockname()
                line = line.replace("{}={}:{}".format(name, *real[name]).encode(), f"{name}={host}:{port}".encode())
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
    return await child.wait()


def main():
    binary, arguments = os.environ["RECORD_SERVER"], sys.argv[1:]
    if arguments[:1] != ["serve"]:
        os.execv(binary, [binary, *arguments])
    code = asyncio.run(serve(binary, pathlib.Path(os.environ["RECORD_FOLDER"]), arguments))
    os._exit(code if code >= 0 else 128 - code)


main()
