#!/usr/bin/env python3
"""slowlink.py SECONDS ONE OTHER: joins two TUN devices; packets arrive SECONDS later.

A link with a delay, for kernels without sch_netem. The devices may be moved to other network
namespaces. It prints "ready" when they exist; they are removed when it exits.
"""
import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def open_tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def send(device, packet):
    try:
        os.write(device, packet)
    except OSError:
        pass  # the other end is down: the packet is lost, as on a real link


def main():
    delay = float(sys.argv[1])
    one, other = (open_tun(name) for name in sys.argv[2:4])
    peer = {one: other, other: one}
    under_way = collections.deque()  # (due time, device, packet)
    ready = select.poll()
    for device in peer:
        ready.register(device, select.POLLIN)
    print("ready", flush=True)
    while True:
        wait_ms = max(0, 1000 * (under_way[0][0] - time.monotonic())) if under_way else None
        for device, what in ready.poll(wait_ms):
            if what & select.POLLERR:
                return  # its namespace was deleted, and the device with it
            if what & select.POLLIN:
                under_way.append((time.monotonic() + delay, peer[device], os.read(device, 65536)))
        while under_way and under_way[0][0] <= time.monotonic():
            send(*under_way.popleft()[1:])


if __name__ == "__main__":
    main()
