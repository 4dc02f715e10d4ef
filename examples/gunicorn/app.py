"""A WSGI application of four lines; gunicorn finds the sockets in LISTEN_FDS."""
import os


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from python %d\n" % os.getpid()]
