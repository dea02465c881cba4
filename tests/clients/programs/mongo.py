"""A stand-in for MongoDB, as little of its protocol as the drivers need: mongo.py ENDPOINT ADDRESS PORT"""
import socket
import struct
import sys
import threading


def bson(pairs):
    """Texts, booleans, numbers."""
    body = b""
    for key, value in pairs.items():
        word = key.encode() + b"\0"
        if isinstance(value, bool):
            body += b"\x08" + word + bytes([value])
        elif isinstance(value, int):
            body += b"\x10" + word + struct.pack("<i", value)
        elif isinstance(value, float):
            body += b"\x01" + word + struct.pack("<d", value)
        else:
            text = value.encode() + b"\0"
            body += b"\x02" + word + struct.pack("<i", len(text)) + text
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def serve_mongo(name, connection):
    hello = bson({"ok": 1.0, "isWritablePrimary": True, "ismaster": True, "helloOk": True, "maxBsonObjectSize": 16777216,
                  "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000, "minWireVersion": 0, "maxWireVersion": 21,
                  "readOnly": False, "endpoint": name})  # fmt: skip
    stream = connection.makefile("rb")
    while head := stream.read(16):
        length, request, _, code = struct.unpack("<iiii", head)
        stream.read(length - 16)
        if code == 2004:  # OP_QUERY, answered by OP_REPLY
            body, answer = struct.pack("<iqii", 8, 0, 0, 1) + hello, 1
        else:
            body, answer = struct.pack("<iB", 0, 0) + hello, 2013
        connection.sendall(struct.pack("<iiii", 16 + len(body), 1, request, answer) + body)


def main():
    name, address, port = sys.argv[1:]
    with socket.create_server((address, int(port))) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_mongo, args=(name, connection), daemon=True).start()


if __name__ == "__main__":
    main()
