"""A model hub on this machine's loopback, which answers the hub's own client as the hub would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """What the hub says of every model that it is asked for.

    Attributes:
        files: Name → content.
        status: 200, or the status of every answer.
        error_code: The hub's `X-Error-Code` of such an answer.
        claimed_size: Bytes that each file is said to have; None: its own.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    error_code: str = ""
    claimed_size: int | None = None

    def size(self, name: str) -> int:
        return len(self.files[name]) if self.claimed_size is None else self.claimed_size

    def tree(self) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": name, "size": self.size(name), "oid": name}
            for name in self.files
        ]


class Hub(ThreadingHTTPServer):
    """A server of one repository."""

    daemon_threads = True

    def __init__(self, repository: Repository) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repository = repository


class Handler(BaseHTTPRequestHandler):
    """Answers the three requests of the client: what there is, a folder, a file."""

    server: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keeps the test's output clean."""

    def do_HEAD(self) -> None:
        self.reply(body=False)

    def do_GET(self) -> None:
        self.reply(body=True)

    def reply(self, *, body: bool) -> None:
        content, headers = self.answer()
        self.send_response(self.server.repository.status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def answer(self) -> tuple[bytes, dict[str, str]]:
        repository = self.server.repository
        if repository.status != 200:
            return b"{}", {"X-Error-Code": repository.error_code}
        if "/tree/" in self.path:
            return json.dumps(repository.tree()).encode(), {}
        if self.path.startswith("/api/"):
            return json.dumps({"id": "owner/model", "sha": COMMIT}).encode(), {}
        name = self.path.rpartition("/")[2]
        size = str(repository.size(name))
        return repository.files[name], {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Size": size,
            "ETag": f'"{name}"',
        }


@contextmanager
def serving(repository: Repository) -> Iterator[str]:
    """Serve a repository; yields the endpoint."""
    hub = Hub(repository)
    thread = Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{hub.server_port}"
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
