"""The network between clients and a server, plain and with TLS as behind a reverse proxy, and what goes wrong in it."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_CHUNK = 65_536


@dataclass
class Network:
    """Forwards connections to ``target``, and can do so badly."""

    target: int
    """Port of the server."""
    loses_answers: bool = False
    """Whether requests arrive and their answers do not."""
    chunk: int = _CHUNK
    """Bytes at a time; with ``pause_s`` between them, both ways."""
    pause_s: float = 0.0
    port: int = 0
    tls_port: int = 0
    _listening: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def open(self, certificate: Path | None) -> Iterator[Network]:
        """Listen on ``port``, and with a certificate on ``tls_port``."""
        self.port = self._listen(None)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            self.tls_port = self._listen(context)
        try:
            yield self
        finally:
            for listening in self._listening:
                with suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)
                listening.close()

    def heal(self) -> None:
        """A network without faults."""
        self.loses_answers, self.chunk, self.pause_s = False, _CHUNK, 0.0

    def _listen(self, tls: ssl.SSLContext | None) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        self._listening.append(listening)
        threading.Thread(target=self._accept, args=(listening, tls), daemon=True).start()
        port: int = listening.getsockname()[1]
        return port

    def _accept(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, tls), daemon=True).start()

    def _serve(self, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        with suppress(OSError), client:
            connection = tls.wrap_socket(client, server_side=True) if tls else client
            with socket.create_connection(("127.0.0.1", self.target), timeout=60) as server:
                there = threading.Thread(target=self._pump, args=(connection, server, False), daemon=True)
                there.start()
                self._pump(server, connection, is_answer=True)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                there.join()

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        """Copy until either side closes; an answer that is lost ends the connection."""
        with suppress(OSError):
            while data := source.recv(self.chunk):
                if is_answer and self.loses_answers:
                    return
                sink.sendall(data)
                time.sleep(self.pause_s)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def certificate(folder: Path) -> Path | None:
    """A certificate for 127.0.0.1 and localhost, signed by itself; None without openssl."""
    path = folder / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(path)]
    try:
        subprocess.run([*command, "-keyout", str(path.with_suffix(".key"))], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return path
