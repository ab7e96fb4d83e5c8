"""A web server on this machine that can be as bad as real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Site(ThreadingHTTPServer):
    """
    Serves bytes by path, and remembers what was asked.

    Attributes
    ----------
    files : dict of str to bytes
        By path, '/a.bin'.
    ignores_range : bool
        Sends the whole file whatever part was asked for.
    cut_after : int or None
        Promises the whole, closes the connection after so many bytes; once.
    requests : list of (str, str or None)
        Path and Range header of each request.

    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.ignores_range = False
        self.cut_after: int | None = None
        self.requests: list[tuple[str, str | None]] = []

    def url(self, path: str) -> str:
        return f'http://127.0.0.1:{self.server_address[1]}{path}'


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site, wanted = self.server, self.headers['Range']
        site.requests.append((self.path, wanted))
        if self.path not in site.files:
            self.send_error(404)
            return
        content, status = site.files[self.path], 200
        if wanted is not None and not site.ignores_range:
            start = int(wanted.removeprefix('bytes=').removesuffix('-'))
            if start >= len(content):
                self.send_error(416)
                return
            content, status = content[start:], 206
        self.send_response(status)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        if site.cut_after is not None:
            content, site.cut_after = content[: site.cut_after], None
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Write nothing to stderr."""


@contextmanager
def serve() -> Iterator[Site]:
    """Run a site until the block ends."""
    with Site() as site:
        thread = Thread(target=site.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
