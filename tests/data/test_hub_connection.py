"""Whether the hub answers: a connection alone is no answer."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from headstart.data.hub import can_connect


@pytest.fixture
def silent():
    """A server that accepts and never says anything."""
    server = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.close()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_a_proxy_that_accepts_and_never_answers_is_no_connection(silent, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", silent)
    start = time.monotonic()
    assert not can_connect(timeout=0.5)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:abc", "http://127.0.0.1:1", "no address"])
def test_a_proxy_that_is_none_is_no_connection(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert not can_connect(timeout=0.5)


@pytest.mark.parametrize("status", [200, 404, 503])
def test_any_answer_is_a_connection(status, monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert can_connect(timeout=5)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
