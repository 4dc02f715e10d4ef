"""What the master does: limits, throttling, killing, reload, stop."""
import os
import re
import shutil
import signal
import stat
import subprocess
import threading

import clients
import dressing
from checks import check
from world import pid_is_alive, wait_until


def mail_works(w):
    """Delivers, logs in, fetches; whether all of it went well."""
    try:
        clients.lmtp(w.port["lmtp"], "u60", "still there")
        with clients.imap(w.port["imap"], "u60") as c:
            c.select()
            return c.fetch("1", "(BODY[HEADER])")[0] == "OK"
    except Exception:  # whatever way it fails in: it is tried again
        return False


@check("contract.dressing", "anvil auth config dict dns-client imap imap-login log pop3 submission", only="reeve")
def contract_dressing(w):
    """Each program gets the descriptors, environment, limits and attributes that Dovecot's master would give it:
    two more worlds are made, and what their processes found is compared."""
    ours, theirs = (dressing.world_of(master, w.build) for master in ("reeve", "dovecot"))
    both = sorted(set(ours) & set(theirs))
    assert len(both) > 25, both
    unlike = ["%s: %s is %r, with Dovecot's master %r" % (s, name, ours[s].get(name), theirs[s].get(name))
              for s in both for name in sorted(set(ours[s]) | set(theirs[s]))
              if ours[s].get(name) != theirs[s].get(name)]
    assert not unlike, "\n".join(unlike)


@check("limit.process-limit", "imap-login")
def process_limit(w):
    """Two processes of one client each: the third client waits, and is served when one leaves."""
    first, second = clients.Lines(w.port["imap_few"]), clients.Lines(w.port["imap_few"])
    with first, second:
        first.until("* OK")
        second.until("* OK")
        with clients.Lines(w.port["imap_few"]) as third:
            w.wait_log(r"process_limit \(2\)")
            first.send("a LOGOUT\r\n")
            first.until("a OK")
            third.until("* OK")
    assert int(w.service("imap-few")["last_drop_warning"]) > 0


@check("limit.login-full", "pop3-login")
def login_full(w):
    """Two processes of fifty clients each that have not logged in: newcomers make old ones go."""
    many = [clients.Lines(w.port["pop3_many"]) for _ in range(104)]
    try:
        wait_until(lambda: sum("Connection queue full" in text_of(c) for c in many) >= 4, "some to be sent away")
        wait_until(lambda: "+OK" in text_of(many[103]), "the newest to be greeted")
    finally:
        for c in many:
            c.close()


def text_of(c):
    """What has come and is not read, without waiting."""
    c.socket.setblocking(False)
    try:
        return c.socket.recv(500, 2).decode()
    except (BlockingIOError, ConnectionError):
        return ""
    finally:
        c.socket.settimeout(clients.TIMEOUT)


@check("limit.throttle", "once", short=True)
def throttle(w):
    """A service whose processes fail at the start is not started again and again; Reeve says why and for how long."""
    with clients.Lines(w.port["crash"]):
        wait_until(lambda: w.service("crash")["throttle_secs"] != "0", "crash to be throttled")
        said = w.wait_log(r"crash.*throttling for ([\d.]+) secs|"
                          r"crash: its processes fail at the start; the next try is in ([\d.]+) s; \d+ clients wait; "
                          r"the last failure: process \d+ ended with status 3")
        assert float(said.group(1) or said.group(2)) > 0


@check("kill.log", "log", short=True, only="reeve")
def kill_log(w):
    """kill -9 of the log process: what is logged afterwards is in the log. (Dovecot's master loses it.)"""
    for n in range(3):
        [old] = w.pids("log")
        os.kill(old, signal.SIGKILL)
        with clients.imap(w.port["imap"], "u%d" % (61 + n)):
            pass
        w.wait_log(r"imap-login: Info: Login: user=<u%d>" % (61 + n))
        wait_until(lambda: w.pids("log") not in ([], [old]), "another log process")


@check("kill.everybody", "anvil auth config stats imap-login imap lmtp dict indexer director")
def kill_everybody(w):
    """kill -9 of each service in turn: mail works again by itself."""
    lines = w.doveadm("process", "status").splitlines()[1:]
    for name in sorted({line.split()[0] for line in lines if line.strip()}):
        for pid in w.pids(name):
            if pid_is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: mail_works(w), lambda: "mail to work without %s:\n%s" % (name, w.log()[-3000:]))


@check("limit.burst", "imap-login")
def burst(w):
    """Twenty clients at once, each start slowed by 100 ms: all are greeted. (How soon: `make bench-dovecot`.)"""
    many = [clients.Lines(w.port["slow"]) for _ in range(20)]
    for c in many:
        c.until("* OK")
        c.close()


@check("policy.storm", "imap-login imap", only="reeve")
def storm(w):
    """conf/dovecot_storm.lua on imap-login and imap: in a storm of logins processes stand ready, and reeve says why."""
    shutil.copy(w.top + "/conf/dovecot_storm.lua", w.dir)
    with open(w.config) as f:
        before = f.read()
    text = before
    for name, kind in (("imap-login", "login"), ("imap", "sessions")):
        text = text.replace('service "%s" {' % name,
                            'service "%s" {\n  policy = require "dovecot_storm".%s { rate = 2, spare = 7 },' % (name, kind))
    with open(w.config, "w") as f:
        f.write(text)
    w.reeve("reload")
    loads = [Load(w, "u%d" % n) for n in (75, 76, 77)]
    try:
        for name in ("imap-login", "imap"):
            wait_until(lambda: len(w.pids(name)) >= 7, lambda: "seven processes of %s:\n%s" % (
                name, w.doveadm("process", "status")))
        assert "a storm" in w.reeve("status", "imap-login")
    finally:
        for load in loads:
            load.ending.set()
            load.join(clients.TIMEOUT)
        with open(w.config, "w") as f:
            f.write(before)
        w.reeve("reload")


class Load(threading.Thread):
    """Logs in again and again until it is told to end; counts what failed."""

    def __init__(self, w, user):
        super().__init__(daemon=True)
        self.w, self.user, self.ending, self.good, self.failed = w, user, threading.Event(), 0, []
        self.start()

    def run(self):
        while not self.ending.is_set():
            try:
                with clients.imap(self.w.port["imap"], self.user) as c:
                    assert c.select()[0] == "OK"
                self.good += 1
            except Exception as e:  # of any kind: it is what is counted
                self.failed.append(repr(e))


# auth keeps what it has checked in memory: a login that was checked by the old process and is asked of the new one is
# refused, and the client is told to try again. So it is with Dovecot's master.
IN_BETWEEN = r"UNAVAILABLE|LOGIN => socket error|Shutting down"


@check("reload.load", "imap-login imap auth config anvil log", only="reeve")
def reload_load(w):
    """Reloads while clients come and go: every connection is taken, and but for a login that is just being checked
    all succeed. (Dovecot's master makes its unix sockets anew, and refuses meanwhile.)"""
    loads = [Load(w, "u%d" % n) for n in (71, 72)]
    for _ in range(3):
        good = [load.good for load in loads]
        before = w.text("out").count("is in force")
        w.doveadm("reload")
        wait_until(lambda: w.text("out").count("is in force") > before, "the reload to be done")
        wait_until(lambda: all(load.good > g + 1 for load, g in zip(loads, good)), lambda: "the load to go on: %s" % (
            [load.failed for load in loads]))
    for load in loads:
        load.ending.set()
        load.join(clients.TIMEOUT)
        assert all(re.search(IN_BETWEEN, failure) for failure in load.failed), load.failed


def login_client(w):
    """A client of auth as login processes are: the connection, the pid of its auth process, the cookie."""
    c = clients.Lines(w.base + "/login/login")
    c.send("VERSION\t1\t2\nCPID\t%d\n" % os.getpid())
    pid, cookie = (c.until(word).split("\t")[1] for word in ("SPID", "COOKIE"))
    return c, pid, cookie


def log_in(w, c, cookie, number):
    """Checks a password at auth; returns how a mail process asks for the user then."""
    c.send("AUTH\t%d\tPLAIN\tservice=imap\tsecured\tresp=AHU3OABwdw==\n" % number)  # u78, pw
    c.until("OK\t%d\tuser=u78" % number)

    def ask():
        with clients.Lines(w.base + "/auth-master") as mail:
            mail.send("VERSION\t1\t1\nREQUEST\t1\t%d\t%d\t%s\tsession_pid=%d\n" % (
                os.getpid(), number, cookie, os.getpid()))
            return next(line for line in iter(mail.line, "") if not line.startswith(("VERSION", "SPID")))
    return ask


@check("upgrade.load", "imap-login imap auth config anvil log", only="reeve", short=True)
def upgrade_load(w):
    """The daemon becomes the programs on disk while clients come and go: every connection is taken, every login
    succeeds, and an open session goes on in its process."""
    load = Load(w, "u73")
    with clients.imap(w.port["imap"], "u73") as c:
        c.select()
        pids = set(w.pids("imap"))
        for _ in range(2):
            good, before = load.good, w.log().count("goes on from")
            w.reeve("upgrade")
            wait_until(lambda: w.log().count("goes on from") > before, "the line of the upgrade")
            wait_until(lambda: load.good > good + 1, lambda: "the load to go on: %s" % load.failed)
        assert c.noop()[0] == "OK"
        assert pids & set(w.pids("imap"))
    load.ending.set()
    load.join(clients.TIMEOUT)
    assert not load.failed, load.failed


@check("reload.in-between", "auth")
def reload_in_between(w):
    """A login that auth has checked, and whose mail process asks after a reload only, is refused: what was checked is
    in the memory of the old auth process. So it is with Dovecot's master."""
    c, old, cookie = login_client(w)
    with c:
        assert log_in(w, c, cookie, 1)().startswith("USER\t1\tu78")
        ask = log_in(w, c, cookie, 2)
        w.doveadm("reload")

        def renewed():
            other, pid, _ = login_client(w)
            other.close()
            return pid != old
        wait_until(renewed, "another auth process")
        assert ask().startswith(("FAIL\t1", "NOTFOUND\t1")), "it is not refused any more: docs/DOVECOT.md says it is"


@check("reload.reads-conf", "config imap-login", short=True)
def reload_reads(w):
    """A change of dovecot.conf is there for the next client after doveadm reload; new processes of every service."""
    greeting = "greeting %d" % os.getpid()
    with open(w.conf, "a") as f:
        f.write("login_greeting = %s\n" % greeting)
    w.doveadm("reload")

    def greeted():
        with clients.Lines(w.port["imap"]) as c:
            return greeting in c.until("* OK")
    wait_until(greeted, lambda: "the new greeting:\n" + w.log()[-3000:])
    wait_until(lambda: mail_works(w), "mail to work after the reload")


@check("reload.broken-conf", "config", short=True)
def reload_broken(w):
    """A dovecot.conf with a mistake is refused, and what runs goes on with the one before."""
    with open(w.conf) as f:
        good = f.read()
    try:
        with open(w.conf, "a") as f:
            f.write("shoe_size = 44\n")
        os.kill(w.master_pid(), signal.SIGHUP)
        w.wait_log(r"(Error reading configuration|reload refused).*Unknown setting: shoe_size")
    finally:
        with open(w.conf, "w") as f:
            f.write(good)
    wait_until(lambda: mail_works(w), "mail to work after the refused reload")
    w.doveadm("reload")
    wait_until(lambda: mail_works(w), "mail to work after the next one")


@check("reload.sockets", "auth lmtp", only="reeve")
def reload_sockets(w):
    """Unix sockets stay the same files over a reload. (Dovecot's master removes and makes them again.)"""
    def inodes():
        return {name: os.lstat(w.base + "/" + name).st_ino for name in os.listdir(w.base)
                if stat.S_ISSOCK(os.lstat(w.base + "/" + name).st_mode)}
    before, count = inodes(), w.text("out").count("is in force")
    assert len(before) > 10
    w.doveadm("reload")
    wait_until(lambda: w.text("out").count("is in force") > count, "the reload to be done")
    assert inodes() == before


@check("start.twice", "-", short=True)
def start_twice(w):
    """A second start in the same base_dir is refused."""
    command = ["dovecot", "-F", "-c", w.conf] if w.master == "dovecot" else \
        [w.build + "/reeve", "run", "-c", w.config]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=clients.TIMEOUT)
    assert done.returncode != 0 and re.search("already", done.stdout), done.stdout


@check("doveadm.service-stop", "submission-login", short=True)
def service_stop(w):
    """service stop closes the listeners of a service; unknown ones are named."""
    w.doveadm("service", "stop", "submission-login")
    wait_until(lambda: refuses(w.port["submission"]), "the port to be closed")
    assert w.service("submission-login")["doveadm_stop"] == "y"
    assert "no-such" in w.doveadm("service", "stop", "no-such", check=False)


def refuses(port):
    """Whether nobody listens there."""
    try:
        clients.Lines(port).close()
        return False
    except ConnectionRefusedError:
        return True


@check("doveadm.stop", "-", short=True)
def stop(w):
    """doveadm stop ends the master and everything it runs, in good order, with a client that is still there. The log
    process has nothing to complain of."""
    complaints = w.text("log").count("Shutting down logging")
    with clients.imap(w.port["imap"], "u80") as c:
        c.select()
        w.doveadm("stop", check=False)
        wait_until(lambda: w.process.poll() is not None, lambda: "the master to end:\n" + w.log()[-3000:])
        assert w.process.returncode == 0, w.process.returncode
    wait_until(lambda: not w.processes(), "its processes to be gone")
    assert refuses(w.port["imap"])
    assert not os.path.exists(w.base + "/master.pid")
    assert w.text("log").count("Shutting down logging") == complaints, w.text("log")[-2000:]
