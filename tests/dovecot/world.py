"""A mail world of its own below one directory: dovecot.conf, users, a certificate made on the fly, free ports on
loopback. It is run by Reeve (through `reeve import dovecot`) or by Dovecot's own master, and asked in the same words:
doveadm, so that a check need not know whose world it is."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60  # s, until a condition is given up; nothing waits this long when all is well
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
VMAIL = 5000  # uid and gid of all mail
PORTS = ("imap", "imaps", "imap_haproxy", "imap_few", "pop3", "pop3_many", "lmtp", "submission", "sieve", "doveadm",
         "http", "director", "quota", "health", "slow", "crash", "sink")


def wait_until(condition, what, seconds=PATIENCE):
    """Asks every few milliseconds until the condition returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + (what() if callable(what) else what))
        time.sleep(0.01)


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        held = []
        for _ in range(count):
            held.append(stack.enter_context(socket.socket()))
            held[-1].bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]


def run(*words, check=True, **options):
    """Runs a program; returns what it printed."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **options)
    if check and done.returncode != 0:
        raise AssertionError("%s: exit %d\n%s" % (" ".join(words), done.returncode, done.stdout))
    return done.stdout


def pid_is_alive(pid):
    """Whether a process is there (a zombie is not)."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start_world(*words, kind=None, **options):
    """A world (of a kind of its own) that runs. Its ports were free a moment ago: where somebody else was quicker, another is made."""
    for tries in range(5):
        world = (kind or World)(*words, **options)
        try:
            return world.start()
        except AssertionError as e:
            world.destroy()
            if tries == 4 or "bind" not in str(e):
                raise
    return None


class World:
    """One directory, one dovecot.conf, one master."""
    TEMPLATE, PORTS = "dovecot.conf.in", PORTS

    def __init__(self, master="reeve", build="build", pam=True):
        self.top, self.master, self.build = TOP, master, os.path.join(TOP, build)
        self.dir = tempfile.mkdtemp(prefix="reeve-mail.")
        os.chmod(self.dir, 0o755)
        self.base = self.dir + "/run"
        self.conf, self.config = self.dir + "/dovecot.conf", self.dir + "/reeve.lua"
        self.log_path, self.out = self.dir + "/log", self.dir + "/out"
        self.port = dict(zip(self.PORTS, free_ports(len(self.PORTS))))
        self.process = None
        self._furnish()
        self.pam = pam
        self._write_conf()

    # ---- what is in the directory

    def _furnish(self):
        for name in ("mail", "home", "dict"):
            os.mkdir(self.path(name))
        for name in ("mail", "home"):
            os.chown(self.path(name), VMAIL, VMAIL)
        shutil.chown(self.path("dict"), "dovecot", "dovecot")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-keyout", self.path("key.pem"), "-out", self.path("cert.pem"))
        with open(self.path("users"), "w") as f:
            f.writelines("u%d:{PLAIN}pw::::::\n" % n for n in range(1, 400))
        with open(self.path("postlogin"), "w") as f:
            f.write('#!/bin/sh\necho "$USER from $IP" >>%s/postlogin.log\nexec "$@"\n' % self.dir)
        with open(self.path("postlogin.log"), "w"):
            pass
        os.chmod(self.path("postlogin.log"), 0o666)
        with open(self.path("delayed"), "w") as f:
            f.write('#!/bin/sh\nsleep 0.1\nexec /usr/lib/dovecot/"$@"\n')
        with open(self.path("crash"), "w") as f:
            f.write("#!/bin/sh\nexit 3\n")
        with open(self.path("once"), "w") as f:
            f.write("#!/bin/sh\necho made >>%s/once.log\n" % self.dir)
        for name in ("postlogin", "delayed", "crash", "once"):
            os.chmod(self.path(name), 0o755)
        with open(self.path("sieve"), "w") as f:
            f.write('require ["fileinto", "mailbox"];\nif header :contains "subject" "sort me" '
                    '{ fileinto :create "Sorted"; }\n')

    def _write_conf(self):
        with open(HERE + "/" + self.TEMPLATE) as f:
            text = f.read()
        values = {"dir": self.dir, "vmail": str(VMAIL), **{"port_" + n: str(p) for n, p in self.port.items()}}
        text = re.sub(r"@(\w+)@", lambda m: values[m.group(1)], text)
        with open(self.conf, "w") as f:
            f.write(text)

    def path(self, *names):
        """A path below the world's directory."""
        return os.path.join(self.dir, *names)

    def text(self, name):
        """What a file of the world says; nothing where it is not there."""
        try:
            with open(self.path(name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def log(self):
        """Dovecot's log, and what the master printed."""
        return self.text("log") + self.text("out")

    def wait_log(self, pattern):
        """Waits until the log has the pattern; returns the match."""
        return wait_until(lambda: re.search(pattern, self.log()), lambda: "%r in the log:\n%s" % (
            pattern, self.log()[-6000:]))

    # ---- start and stop

    def reeve(self, *words, **options):
        """Runs `reeve` against this world."""
        return run(self.build + "/reeve", "-b", self.base, *words, **options)

    def import_conf(self):
        """Two commands and the move is made: this is the first."""
        done = subprocess.run([self.build + "/reeve", "import", "dovecot", self.conf], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open(self.config, "w") as f:
            f.write(done.stdout)
        return done.stderr

    def _command(self):
        if self.master == "dovecot":
            return ["dovecot", "-F", "-c", self.conf]
        self.import_conf()
        run(self.build + "/reeve", "check", "-c", self.config)
        return [self.build + "/reeve", "run", "-c", self.config]

    def _with_pam(self, command):
        """With a PAM service of its own, which nobody outside sees: /etc/pam.d is another one in its namespace."""
        if not self.pam:
            return command
        pam = self.path("pam.d")
        if not os.path.exists(pam):
            shutil.copytree("/etc/pam.d", pam, symlinks=True)
            with open(pam + "/reeve-e2e", "w") as f:
                f.write("auth requisite pam_succeed_if.so quiet user = pamuser\nauth required pam_permit.so\n"
                        "account required pam_permit.so\n")
        return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/pam.d && exec "$@"', pam] + command

    def start(self):
        """Starts the master and waits until doveadm has an answer of it."""
        with open(self.out, "a") as out:
            self.process = subprocess.Popen(self._with_pam(self._command()), stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)

        def answers():
            if self.process.poll() is not None:
                raise AssertionError("the master ended with %d:\n%s" % (self.process.returncode, self.log()))
            return "name: imap-login" in self.doveadm("service", "status", check=False)
        wait_until(answers, lambda: "the master to answer:\n" + self.log())
        return self

    def master_pid(self):
        """The pid that doveadm would signal."""
        return int(self.text("run/master.pid"))

    def wait_stopped(self):
        """Waits for the master's end; returns its exit code."""
        return wait_until(lambda: self.process.poll() is not None or None, "the master to end") and \
            self.process.returncode

    def processes(self):
        """Pids of everything that runs in this world."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink("/proc/%s/cwd" % pid).startswith(self.dir) and pid_is_alive(int(pid)):
                    found.append(int(pid))
        return found

    def destroy(self):
        """Ends everything that still runs in it and removes the directory."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for pid in self.processes():  # chrooted ones have left the directory, and end with their pipes
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- asking

    def doveadm(self, *words, **options):
        """Runs Dovecot's own doveadm with this world's configuration."""
        return run("doveadm", "-c", self.conf, *words, **options)

    def service(self, name):
        """One service of `doveadm service status`: a dictionary."""
        for block in self.doveadm("service", "status").split("name: ")[1:]:
            values = dict(re.findall(r"^(\w+): *(.*?) *$", "name: " + block, re.M))
            if values["name"] == name:
                return values
        raise AssertionError("doveadm knows no service " + name)

    def pids(self, name):
        """Pids of a service, from `doveadm process status`."""
        lines = self.doveadm("process", "status", name).splitlines()[1:]
        return [int(words[1]) for words in map(str.split, lines) if words and words[0] == name]
