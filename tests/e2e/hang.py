"""hang.py DIR: mounts a file system there that answers nothing, says so, and stays until it is killed."""
import ctypes
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % fd
if libc.mount(b"hang", sys.argv[1].encode(), b"fuse", 0, options) < 0:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
signal.pause()
