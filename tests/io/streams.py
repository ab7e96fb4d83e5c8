"""Live streams, served by this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from openpose_ros.io.video import open_video


def raw_video(path: Path) -> Path:
    """Return a file of the same frames as raw pictures, which says nothing of their number."""
    raw = path.with_suffix('.y4m')
    with raw.open('wb') as file:
        file.write(b'YUV4MPEG2 W64 H48 F25:1 C444\n')
        for frame in open_video(str(path)).frames():
            file.write(b'FRAME\n' + frame.image.transpose(2, 0, 1).tobytes())
    return raw


@contextmanager
def served(data: bytes) -> Iterator[str]:
    """Serve something over HTTP as a stream: without its length; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}/live'
        finally:
            server.shutdown()
            thread.join()
