#!/usr/bin/python3
"""A socket-activated program that says by sd_notify what it is told to say: one client at a time, a line a command,
an answer that ends with a dot. It uses nothing of ours.

  notifier.py [TEXT...]   each TEXT is sent as a datagram at the start, \\n in it is a newline
"""
import array
import os
import signal
import socket
import sys
import threading
import time


def address():
    name = os.environ["NOTIFY_SOCKET"]
    return "\0" + name[1:] if name.startswith("@") else name


def notify(data, fds=()):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(address())
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    s.sendmsg([data], control)
    s.close()


def text(words):
    return " ".join(words).encode().decode("unicode_escape").encode("latin-1")


def closed(fd):
    """Waits until everybody else has closed the other end of our pipe."""
    return os.read(fd, 1) == b""


def with_pipe(data):
    ours, theirs = os.pipe()
    notify(data, [theirs])
    os.close(theirs)
    result = "closed" if closed(ours) else "?"
    os.close(ours)
    return result


def do_store(name, content):
    fd = os.memfd_create("stored")
    os.write(fd, content.encode())
    notify(("FDSTORE=1\nFDNAME=%s" % name).encode(), [fd])
    os.close(fd)
    return "ok"


def do_stored():
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    found = []
    for i, name in enumerate(names):
        data = b""
        try:
            data = os.pread(3 + i, 100, 0)
        except OSError:
            pass  # a listener
        found.append("%d %s %s" % (3 + i, name, data.decode()))
    return "\n".join(found)


def feed(seconds):
    while True:
        notify(b"WATCHDOG=1")
        time.sleep(seconds)


def do_feed():
    threading.Thread(target=feed, args=(int(os.environ["WATCHDOG_USEC"]) / 4e6,), daemon=True).start()
    return "%s %s" % (os.environ["WATCHDOG_USEC"], int(os.environ["WATCHDOG_PID"]) == os.getpid())


def background(connection):
    """The child goes on, the parent ends, as a daemon of old does."""
    pid = os.fork()
    if pid == 0:
        return "child %d" % os.getpid()
    notify(b"MAINPID=%d" % pid)
    os._exit(0)


COMMANDS = {
    "pid": lambda: str(os.getpid()),
    "env": lambda name: os.environ.get(name, "nil"),
    "listen": lambda: "%s %s %s" % (os.environ.get("LISTEN_FDS"), os.environ.get("LISTEN_FDNAMES"),
                                    int(os.environ.get("LISTEN_PID", 0)) == os.getpid()),
    "blocks": lambda: str(os.get_blocking(3)),
    "notify": lambda *words: notify(text(words)) or "ok",
    "long": lambda n: notify(b"STATUS=" + b"x" * int(n)) or "ok",
    "pipe": lambda *words: with_pipe(text(words)),
    "store": do_store,
    "stored": do_stored,
    "feed": do_feed,
    "deaf": lambda: signal.signal(signal.SIGABRT, signal.SIG_IGN) and "ok" or "ok",
    "exit": lambda code: os._exit(int(code)),
}


def serve(connection):
    stream = connection.makefile("rw")
    for line in stream:
        words = line.split(" ")
        words[-1] = words[-1].rstrip("\n")
        command = background if words[0] == "background" else COMMANDS[words[0]]
        answer = command(connection) if words[0] == "background" else command(*words[1:])
        stream.write(answer + "\n.\n")
        stream.flush()


def main():
    for word in sys.argv[1:]:
        notify(text([word]))
    listener = socket.socket(fileno=3)
    listener.setblocking(True)
    while True:
        connection, _ = listener.accept()
        try:
            serve(connection)
        except OSError:
            pass
        connection.close()


main()
