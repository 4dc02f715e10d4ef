#!/usr/bin/python3
"""A small web server that takes its socket from whoever started it (sd_listen_fds) and says when it is ready (sd_notify).
The same file runs under systemd, under Reeve, or alone on port 8080."""
import http.server
import os
import signal
import socket
import sys


def listener():
    if int(os.environ.get("LISTEN_PID", 0)) == os.getpid() and int(os.environ.get("LISTEN_FDS", 0)) > 0:
        return socket.socket(fileno=3)
    return socket.create_server(("127.0.0.1", 8080))


def notify(text):
    name = os.environ.get("NOTIFY_SOCKET")
    if name:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(text.encode(), "\0" + name[1:] if name.startswith("@") else name)


class Handler(http.server.BaseHTTPRequestHandler):
    served = 0

    def do_GET(self):
        Handler.served += 1
        body = b"hello from process %d, request %d\n" % (os.getpid(), Handler.served)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        notify("STATUS=%d requests served" % Handler.served)

    def log_message(self, form, *args):
        print(form % args, file=sys.stderr)


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, sock):
        super().__init__(sock.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = sock


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = Server(listener())
notify("READY=1")
server.serve_forever()
