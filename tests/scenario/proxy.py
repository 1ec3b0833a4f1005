"""proxy.py: a proxy in front of occd that does what networks do: lose answers, refuse, stall, answer in the server's place."""
import http.client
import http.server
import socket
import struct
import threading


class Proxy:
    """
    Forwards to port. plan(number, path) says what happens to the number-th POST of that path, from 0:
      "pass"   forward, and give the answer
      "lose"   forward, wait for the answer, close without giving it: the work is done
      "reset"  the same, with a reset
      "drop"   close without forwarding
      "hang"   forward, and give no answer until the proxy is closed
      (status, headers, body)  answer so without forwarding
    older: take Idempotent-Replay out of the answers, and Idempotency-Key out of the requests, as a server that knows neither.
    """

    def __init__(self, port, plan=lambda number, path: "pass", older=False):
        self.target, self.plan, self.older = port, plan, older
        self.seen = []  # (path, Idempotency-Key, body, Authorization) of each POST
        self.gets = []
        self.closed = threading.Event()
        self._lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy._post(self)

            def do_GET(self):
                with proxy._lock:
                    proxy.gets.append(self.path)
                proxy._give(self, *proxy._forward("GET", self.path, None, self.headers))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()

    def keys(self, path="/commit"):
        return [entry[1] for entry in self.seen if entry[0] == path]

    def bodies(self, path="/commit"):
        return [entry[2] for entry in self.seen if entry[0] == path]

    def _forward(self, method, path, body, headers):
        names = ("Content-Type", "Authorization") + (() if self.older else ("Idempotency-Key",))
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
            connection.request(method, path, body, {name: headers[name] for name in names if name in headers})
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
        except OSError:
            return 502, {}, b"bad gateway"
        kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After", "Access-Control-Expose-Headers") if name in answer.headers}
        if self.older and "Access-Control-Expose-Headers" in kept:
            kept["Access-Control-Expose-Headers"] = "Retry-After"
        return answer.status, kept, content

    @staticmethod
    def _give(handler, status, headers, body):
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True

    def _post(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            number = sum(entry[0] == handler.path for entry in self.seen)
            self.seen.append((handler.path, handler.headers["Idempotency-Key"], body, handler.headers["Authorization"]))
        action = self.plan(number, handler.path)
        if isinstance(action, tuple):
            self._give(handler, *action)
            return
        answer = None if action == "drop" else self._forward("POST", handler.path, body, handler.headers)
        if action == "pass":
            self._give(handler, *answer)
            return
        if action == "hang":
            self.closed.wait()
        if action == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        if action != "reset":
            handler.connection.shutdown(socket.SHUT_RDWR)
