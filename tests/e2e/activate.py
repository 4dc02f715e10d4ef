#!/usr/bin/python3
"""Starts a program as systemd would a socket-activated one: activate.py NAME=ADDRESS... -- PROGRAM...
ADDRESS is a port on 127.0.0.1 or an absolute path. The sockets are descriptors 3 and on."""
import os
import socket
import sys

end = sys.argv.index("--")
sockets = []
for word in sys.argv[1:end]:
    name, _, at = word.partition("=")
    s = socket.socket(socket.AF_UNIX if at[0] == "/" else socket.AF_INET, socket.SOCK_STREAM)
    if at[0] != "/":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(at if at[0] == "/" else ("127.0.0.1", int(at)))
    s.listen(64)
    sockets.append((name, s))
moved = [os.dup(s.fileno()) for _, s in sockets]
moved = [fd if fd >= 100 else os.dup2(fd, 100 + i) for i, fd in enumerate(moved)]
for i, fd in enumerate(moved):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(moved)), LISTEN_FDNAMES=":".join(n for n, _ in sockets),
                  LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
