"""A machine inside this one: a real systemd as PID 1 of its own namespaces (pid, mount, cgroup, network), over this
machine's file system and an installed Reeve. What is written there is gone with it. Needs root and overlayfs."""
import os
import shutil
import subprocess
import tempfile
import time

PATIENCE = 90  # s, until a condition is given up; nothing waits this long when all is well
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# A target that needs nothing: no udev, no getty, no network of the distribution's.
TARGET = """[Unit]
Description=A machine for Reeve
AllowIsolate=yes
DefaultDependencies=no
"""


def wait_until(condition, what, seconds=PATIENCE):
    """Asks every few milliseconds until the condition returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + (what() if callable(what) else what))
        time.sleep(0.02)


class Machine:
    """With Reeve installed in /usr. Its files are at self.root, as seen from outside."""

    def __init__(self, build):
        self.dir = tempfile.mkdtemp(prefix="reeve-systemd.")
        self.installed = self.dir + "/installed"
        subprocess.run(["make", "-s", "-C", TOP, "BUILD=" + build, "install", "PREFIX=/usr", "DESTDIR=" + self.installed],
                       check=True, stdout=subprocess.DEVNULL)
        os.makedirs(self.installed + "/etc/systemd/system")
        self.write_to(self.installed, "/etc/systemd/system/machine.target", TARGET)
        self.boot = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child",
             "--propagation", "private", HERE + "/boot", self.dir], stdin=subprocess.DEVNULL)
        self.pid = wait_until(self._find_init, "systemd to be started")
        self.root = "/proc/%d/root" % self.pid
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False)[1].strip() in ("running", "degraded"),
                   "systemd to be up")

    def _find_init(self):
        if self.boot.poll() is not None:
            raise AssertionError("the machine did not start: exit %d" % self.boot.returncode)
        path = "/proc/%d/task/%d/children" % (self.boot.pid, self.boot.pid)
        with open(path) as f:
            children = f.read().split()
        if children and os.readlink("/proc/%s/exe" % children[0]).endswith("/systemd"):
            return int(children[0])
        return None

    @staticmethod
    def write_to(root, path, text):
        with open(root + path, "w") as f:
            f.write(text)

    def write(self, path, text):
        """A file of the machine's."""
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        self.write_to(self.root, path, text)

    def read(self, path):
        with open(self.root + path) as f:
            return f.read()

    def words(self, *words):
        """How a program is run there."""
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-i", "-u", "-r", "-w", "--"] + list(words)

    def run(self, *words, check=True):
        """-> exit code, what it printed."""
        done = subprocess.run(self.words(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError("%s: exit %d\n%s" % (" ".join(words), done.returncode, done.stdout))
        return done.returncode, done.stdout

    def show(self, unit, *names):
        """Properties of a unit, as texts."""
        _, text = self.run("systemctl", "show", unit, *("--property=" + name for name in names))
        values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        return values[names[0]] if len(names) == 1 else [values[name] for name in names]

    def wait(self, unit, name, value, seconds=PATIENCE):
        """Waits until a property has this value."""
        wait_until(lambda: self.show(unit, name) == value,
                   lambda: "%s of %s to be %s; it is %s\n%s" % (name, unit, value, self.show(unit, name), self.journal()),
                   seconds)

    def processes(self, unit):
        """The pids, as the machine counts them, in the unit's cgroup."""
        path = "/sys/fs/cgroup/systemd/%s/cgroup.procs" % self.show(unit, "ControlGroup")
        _, text = self.run("cat", path, check=False)
        return sorted(int(word) for word in text.split() if word.isdigit())

    def journal(self, unit="reeve"):
        """The unit's last lines."""
        return self.run("journalctl", "--no-pager", "-n", "40", "-u", unit, check=False)[1]

    def destroy(self):
        self.boot.kill()  # its child, PID 1 of the machine, goes with it
        self.boot.wait()
        wait_until(lambda: not os.path.exists("/proc/%d" % self.pid), "the machine to be gone")
        shutil.rmtree(self.dir)
