"""An S3-compatible server for tests, and servers that refuse."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from obstore.store import S3Store

BUCKET = "hansol"


@contextmanager
def s3_server() -> Iterator[str]:
    """Runs a server and yields its endpoint; all of a process share their buckets."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def refusing_server(status: int, code: str) -> Iterator[str]:
    """Runs a server that gives the same refusal to everything, and yields its endpoint."""

    class Refusal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    for verb in ("PUT", "POST", "DELETE", "HEAD"):
        setattr(Refusal, f"do_{verb}", Refusal.do_GET)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def use_endpoint(patch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Makes both clients speak to an endpoint on this machine."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "not-so-secret",
        "AWS_REGION": "us-east-1",
    }.items():
        patch.setenv(name, value)


def new_url() -> str:
    """A prefix of its own in the bucket."""
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


def opened(url: str) -> S3Store:
    """The store as a stranger sees it, to look at it and to damage it."""
    return S3Store.from_url(url, client_options={"allow_http": True})


def names(url: str) -> list[str]:
    """Every object below a URL."""
    return sorted(item["path"] for page in opened(url).list() for item in page)
