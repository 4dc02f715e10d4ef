"""Clients for the checks: Python's own for IMAP, POP3 and SMTP, and one that speaks in lines."""
import contextlib
import imaplib
import poplib
import smtplib
import socket
import socketserver
import ssl
import threading

TIMEOUT = 60


class Failed(Exception):
    """What a server said no to."""


def tls():
    """A context that trusts a certificate made a moment ago."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextlib.contextmanager
def imap(port, user=None, encrypted=False):
    """An IMAP session; logged in where a user is named."""
    kind = imaplib.IMAP4_SSL if encrypted else imaplib.IMAP4
    options = {"ssl_context": tls()} if encrypted else {}
    session = kind("127.0.0.1", port, timeout=TIMEOUT, **options)
    try:
        if user:
            session.login(user, "pw")
        yield session
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            session.logout()


@contextlib.contextmanager
def pop3(port, user):
    """A POP3 session, logged in."""
    session = poplib.POP3("127.0.0.1", port, timeout=TIMEOUT)
    session.user(user)
    session.pass_("pw")
    yield session
    session.quit()


def lmtp(port, to, subject, unix=None):
    """Delivers one mail by LMTP."""
    with smtplib.LMTP(unix or "127.0.0.1", port) as session:
        session.sendmail("from@localhost", [to], "From: from@localhost\r\nTo: %s\r\nSubject: %s\r\n\r\nbody\r\n" % (
            to, subject))


class Lines:
    """A socket that is spoken to in lines: host and port, or the path of a unix socket."""

    def __init__(self, where, first=b""):
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(TIMEOUT)
            self.socket.connect(where)
        else:
            self.socket = socket.create_connection(("127.0.0.1", where), TIMEOUT)
        if first:
            self.socket.sendall(first)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Hangs up."""
        self.file.close()
        self.socket.close()

    def send(self, text):
        """Sends text as it is."""
        self.socket.sendall(text.encode())

    def line(self):
        """The next line, without its end; "" when the server has hung up."""
        return self.file.readline().decode(errors="replace").rstrip("\r\n")

    def until(self, start):
        """The first line that begins so."""
        while True:
            line = self.line()
            if line.startswith(start):
                return line
            if not line and not self.file.peek(1):
                raise Failed("the server hung up before a line beginning with %r" % start)

    def rest(self):
        """Everything until the server hangs up."""
        return self.file.read().decode(errors="replace")

    def has_ended(self):
        """Whether the server has hung up (looks without waiting)."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT)


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that takes every mail and keeps it in `mails`: where submission relays to."""
    allow_reuse_address = daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        """One connection."""

        def say(self, text):
            self.wfile.write(text.encode() + b"\r\n")

        def take(self):
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            self.server.mails.append(b"".join(lines))

        def handle(self):
            self.say("220 sink")
            while line := self.rfile.readline():
                word = line.split()[0].upper()
                if word == b"DATA":
                    self.say("354 go")
                    self.take()
                self.say("221 bye" if word == b"QUIT" else "250 ok")
                if word == b"QUIT":
                    return

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), self.Handler)
        self.mails = []
        threading.Thread(target=self.serve_forever, daemon=True).start()
