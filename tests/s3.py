"""A real S3 server on this machine, behind a line that can be cut."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import fsspec


class Line:
    """Passes on every connection to a port of this machine; ``cut`` drops them and takes no more until ``mend``."""

    def __init__(self, to: int):
        self._to, self._whole, self._open = to, True, set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._whole:
                    self.refused += 1
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        self._close({source, target})

    def _close(self, sockets: set[socket.socket]) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open -= sockets

    def cut(self) -> None:
        """Drop every connection, and take no more."""
        self._whole = False
        self._close(set(self._open))

    def mend(self) -> None:
        """Take connections again."""
        self._whole = True

    def close(self) -> None:
        """For good."""
        self.cut()
        self._listener.close()


@contextlib.contextmanager
def s3_server() -> Iterator[tuple[dict[str, str], Line]]:
    """The environment in which ``s3://`` is a server of this machine, and the line to it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert server.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        fsspec.get_filesystem_class("s3").clear_instance_cache()  # it would go on with an earlier server
        line = Line(port)
        yield (
            {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{line.port}",
                "AWS_ACCESS_KEY_ID": "nobody",
                "AWS_SECRET_ACCESS_KEY": "nothing",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
            line,
        )
        line.close()
    finally:
        server.kill()
        server.wait()
