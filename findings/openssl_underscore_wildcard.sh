#!/usr/bin/env bash
# One certificate, one name, two answers: a wildcard matches a name with an underscore for curl and Node, not for OpenSSL and Python.
#
# Seen with OpenSSL 3.0 (bookworm; X509_check_host behind -verify_hostname and behind Python's ssl), curl 7.88.1 (which compares names itself, also
# when it is built with OpenSSL) and Node 20 (which does, too). The certificate is for *.example.test, the name is my_db.example.test;
# my-db is fine for all four. A health checker on OpenSSL's matching calls such a server down while its clients are happy.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
cd "$work" || exit 2
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=x 2>/dev/null
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out chain.pem -extfile <(echo 'subjectAltName=DNS:*.example.test') 2>/dev/null
cat >try.py <<'END'
import socket, ssl, subprocess, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("chain.pem", "key.pem")
listener = socket.create_server(("127.0.0.1", 8443))
def serve():
    while True:
        client, _ = listener.accept()
        try:
            with context.wrap_socket(client, server_side=True) as secure:
                secure.recv(1000)
                secure.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        except OSError:
            pass
threading.Thread(target=serve, daemon=True).start()
def python(name):
    try:
        with socket.create_connection(("127.0.0.1", 8443)) as raw:
            ssl.create_default_context(cafile="ca.pem").wrap_socket(raw, server_hostname=name).close()
        return True
    except ssl.CertificateError:
        return False
def command(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
NODE = "require('tls').connect({host:'127.0.0.1',port:8443,servername:process.argv[1],ca:require('fs').readFileSync('ca.pem')},()=>process.exit(0)).on('error',()=>process.exit(1))"
for name in ("my-db.example.test", "my_db.example.test"):
    said = {
        "openssl": command("openssl", "s_client", "-connect", "127.0.0.1:8443", "-CAfile", "ca.pem", "-verify_hostname", name, "-verify_return_error"),
        "python": python(name),
        "curl": command("curl", "-s", "--cacert", "ca.pem", "--connect-to", "::127.0.0.1:8443", f"https://{name}:8443/"),
        "node": command("node", "-e", NODE, name)}
    print(name, " ".join(f"{who}: {'accepted' if good else 'refused'}" for who, good in said.items()))
END
observe "$(isolated python3 try.py)" 'my-db.example.test openssl: accepted python: accepted curl: accepted node: accepted
my_db.example.test openssl: refused python: refused curl: accepted node: accepted'
