#!/usr/bin/env python3
"""Endpoints for the soak test: web servers in a separate process that work, refuse, hang or reset.

Standard input: `ADDRESS WORD`, with a word of BEHAVIOURS; the line is echoed once the change is in
effect. Standard output also has `stall START END`, in seconds of CLOCK_MONOTONIC, when this process
was stalled, so that its endpoints may not have behaved as configured.
"""
import asyncio
import socket
import struct
import sys
import time

PORT = 8080
BEHAVIOURS = ("well", "refuse", "silent", "reset")
LATE = 0.2  # seconds by which a sleep of TICK may be late
TICK = 0.05
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Endpoint:
    def __init__(self, address):
        self.address, self.word, self.server = address, "refuse", None
        self.silent = set()

    async def become(self, word):
        self.word = word
        for writer in self.silent:
            writer.close()
        self.silent.clear()
        if word == "refuse" and self.server:
            self.server.close()
            self.server = None
        elif word != "refuse" and not self.server:
            self.server = await asyncio.start_server(self.serve, self.address, PORT)

    async def serve(self, reader, writer):
        if self.word == "silent":
            self.silent.add(writer)
            return
        try:
            if self.word == "reset":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(GOOD)
                await writer.drain()
        except (OSError, EOFError):
            pass
        writer.close()


async def watch():
    while True:
        start = time.monotonic()
        await asyncio.sleep(TICK)
        now = time.monotonic()
        if now - start > TICK + LATE:
            print(f"stall {start:.3f} {now:.3f}", flush=True)


async def main(addresses):
    endpoints = {address: Endpoint(address) for address in addresses}
    watcher = asyncio.ensure_future(watch())
    reader = asyncio.StreamReader()
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        address, word = line.decode().split()
        await endpoints[address].become(word)
        print(f"{address} {word}", flush=True)
    watcher.cancel()


asyncio.run(main(sys.argv[1:]))
