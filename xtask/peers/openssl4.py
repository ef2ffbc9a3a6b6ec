"""A client and an echo server on pyOpenSSL, whose OpenSSL is the one in the wheel of `cryptography`: for the tests of
interoperability.

    openssl4.py client PORT CA [CERT KEY]     standard input -> TLS -> standard output
    openssl4.py server PORT CERT KEY [CA]     echoes; with a CA, requires a client certificate
    openssl4.py version

Data goes out in records of 8,192 bytes. At the end of its input an end sends close_notify and goes on reading until the
other's. Exit status of the client: 0 clean close, 1 no close_notify, 3 handshake failed. The server says what fails, and
goes on.
"""

import os
import select
import socket
import sys

from OpenSSL import SSL

RECORD = 8192
WAITS = (SSL.WantReadError, SSL.WantWriteError)


class End:
    """One end of a connection. `source` is what a client sends; a server (None) sends what it receives."""

    def __init__(self, context, connection, source):
        self.connection, self.source, self.serving = connection, source, source is None
        self.tls = SSL.Connection(context, connection)
        connection.setblocking(False)
        self.waiting, self.finished = bytearray(), False

    def handshake(self):
        if self.serving:
            self.tls.set_accept_state()
        else:
            self.tls.set_tlsext_host_name(b"localhost")
            self.tls.set_connect_state()
        while True:
            try:
                return self.tls.do_handshake()
            except WAITS:
                select.select([self.connection], [], [])

    def exchange(self):
        """Until both ends have said close_notify."""
        closing = ended = False
        while not (closing and ended):
            sources = [] if self.source is None else [self.source]
            ready, _, _ = select.select([self.connection, *sources], [self.connection] if self.waiting else [], [])
            if self.source in ready:
                chunk = os.read(self.source, 65536)
                self.waiting += chunk
                if not chunk:
                    self.source, self.finished = None, True
            ended = ended or self.receive()
            self.send()
            if self.finished and not self.waiting and not closing:
                self.tls.shutdown()
                closing = True

    def receive(self):
        """Takes all that is there; whether close_notify came."""
        try:
            while True:
                got = self.tls.recv(16384)
                if self.serving:
                    self.waiting += got
                else:
                    sys.stdout.buffer.write(got)
                    sys.stdout.buffer.flush()
        except WAITS:
            return False
        except SSL.ZeroReturnError:
            self.finished = self.finished or self.serving
            return True

    def send(self):
        try:
            while self.waiting:
                del self.waiting[: self.tls.send(bytes(self.waiting[:RECORD]))]
        except WAITS:
            pass


def converse(context, connection, source):
    end = End(context, connection, source)
    try:
        end.handshake()
    except (SSL.Error, OSError) as error:
        print(f"error: handshake: {error!r}", file=sys.stderr, flush=True)
        return 3
    try:
        end.exchange()
    except (SSL.Error, OSError) as error:
        print(f"error: {error!r}", file=sys.stderr, flush=True)
        return 1
    return 0


def identity(context, cert, key):
    context.use_certificate_chain_file(cert)
    context.use_privatekey_file(key)


def client(port, ca, cert=None, key=None):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.load_verify_locations(ca)
    context.set_verify(SSL.VERIFY_PEER)
    if cert:
        identity(context, cert, key)
    return converse(context, socket.create_connection(("127.0.0.1", int(port))), sys.stdin.fileno())


def server(port, cert, key, ca=None):
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    identity(context, cert, key)
    if ca:
        context.load_verify_locations(ca)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                converse(context, connection, None)


def version():
    print(SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode())


if __name__ == "__main__":
    sys.exit({"client": client, "server": server, "version": version}[sys.argv[1]](*sys.argv[2:]))
