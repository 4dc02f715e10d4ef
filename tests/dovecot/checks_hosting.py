"""A mail hoster's dovecot.conf (hosting.conf.in), moved over as its administrator would: import, check, run, and then
everything that he has configured is tried."""
import imaplib
import os
import poplib
import pwd
import re
import smtplib
import stat
import urllib.request

import clients
from checks import check
from world import World, start_world, wait_until

MAIL = pwd.getpwnam("mail")
USER = "u%d@example.com"
BIG = b"Subject: big\r\n\r\n" + 1600 * (49 * b"y" + b"\r\n")  # 80 KB of the 100 that a user has


class Hosting(World):
    """Its mail belongs to the user mail; scripts write down that they were run."""
    TEMPLATE = "hosting.conf.in"
    PORTS = ("imap", "imaps", "imap_haproxy", "pop3s", "lmtp", "submission", "submissions", "sieve", "doveadm", "http",
             "quota", "auth", "sink")

    def _furnish(self):
        super()._furnish()
        for name in ("mail", "home"):
            os.chown(self.path(name), MAIL.pw_uid, MAIL.pw_gid)
        os.mkdir(self.path("spool"))
        os.mkdir(self.path("bin"))
        with open(self.path("passwd"), "w") as f:
            f.writelines("%s:{PLAIN}pw::::::userdb_quota_rule=*:storage=100K\n" % (USER % n) for n in range(1, 30))
        with open(self.path("learn.sieve"), "w") as f:
            f.write('require ["vnd.dovecot.pipe", "copy"]; pipe :copy "learn";\n')
        self._script("learn", "cat")
        self._script("quota-warning", 'echo "$1 $2"')
        os.chown(self.path("learn.sieve"), MAIL.pw_uid, MAIL.pw_gid)

    def _script(self, name, command):
        """A script whose output is in the file NAME.out; first of all who it is run as."""
        with open(self.path("bin", name), "w") as f:
            f.write("#!/bin/sh\n{ id -un; %s; } >>%s/%s.out\n" % (command, self.dir, name))
        os.chmod(f.name, 0o755)
        with open(self.path(name + ".out"), "w"):
            pass
        os.chmod(self.path(name + ".out"), 0o666)

    def wait_text(self, name, pattern):
        """Waits until a file of the world has the pattern."""
        wait_until(lambda: re.search(pattern, self.text(name)), lambda: "%r in %s:\n%s\n%s" % (
            pattern, name, self.text(name), self.log()[-3000:]))

    def imaps(self, number):
        """A user's session over TLS."""
        session = imaplib.IMAP4_SSL("127.0.0.1", self.port["imaps"], ssl_context=clients.tls(), timeout=clients.TIMEOUT)
        session.login(USER % number, "pw")
        session.select()
        return session


def quota(h):
    """Of the userdb, counted in a dict behind the proxy; at half of it the script runs, at the end mail is refused."""
    c = h.imaps(1)
    assert c.append("INBOX", None, None, BIG)[0] == "OK"
    h.wait_text("quota-warning.out", r"mail\n50 u1@example.com")
    assert "OVERQUOTA" in str(c.append("INBOX", None, None, BIG))
    assert b"(STORAGE" in c.getquotaroot("INBOX")[1][1][0]
    c.logout()
    assert re.search(r"STORAGE +\d\d +100", h.doveadm("quota", "get", "-u", USER % 1))
    with clients.Lines(h.port["quota"]) as policy:
        policy.send("request=smtpd_access_policy\nrecipient=%s\nsize=100000\n\n" % (USER % 1))
        assert "Quota exceeded" in policy.line()


def learning(h):
    """What is moved to Junk is given to a script, by imapsieve."""
    c = h.imaps(2)
    assert c.append("INBOX", None, None, b"Subject: buy\r\n\r\nspam, spam\r\n")[0] == "OK"
    assert c.copy("1", "Junk")[0] == "OK"
    h.wait_text("learn.out", "spam, spam")
    c.logout()


def sockets_of_postfix(h):
    """Delivery and passwords for postfix, at paths of its own, with its owner and mode."""
    for name, mode in (("dovecot-lmtp", 0o600), ("auth", 0o660)):
        there = os.stat(h.path("spool", name))
        assert (there.st_uid, there.st_gid, stat.S_IMODE(there.st_mode)) == (MAIL.pw_uid, MAIL.pw_gid, mode), name
    with smtplib.LMTP(h.path("spool", "dovecot-lmtp")) as c:
        c.sendmail("a@example.org", ["u3+detail@example.com"], "Subject: hi\r\n\r\nbody\r\n")
    assert "hi" in h.doveadm("fetch", "-u", USER % 3, "hdr.subject", "all")
    with clients.Lines(h.path("spool", "auth")) as c:
        c.send("VERSION\t1\t1\nCPID\t%d\n" % os.getpid())
        c.until("DONE")
        c.send("AUTH\t1\tPLAIN\tservice=smtp\tsecured\tresp=AHUzQGV4YW1wbGUuY29tAHB3\n")  # u3@example.com, pw
        assert c.line().startswith("OK\t1\tuser=u3@example.com")


def secure_only(h):
    """ssl = required: a stranger (by the PROXY line of the balancer) may not say a password in the clear; the ports with
    TLS from the first byte take it."""
    with clients.Lines(h.port["imap_haproxy"], b"PROXY TCP4 192.0.2.7 192.0.2.8 1000 143\r\n") as c:
        assert "LOGINDISABLED" in c.until("* OK")
    pop = poplib.POP3_SSL("127.0.0.1", h.port["pop3s"], context=clients.tls(), timeout=clients.TIMEOUT)
    pop.user(USER % 4)
    pop.pass_("pw")
    pop.quit()
    sink = clients.Sink(h.port["sink"])
    try:
        with smtplib.SMTP_SSL("127.0.0.1", h.port["submissions"], context=clients.tls(), timeout=clients.TIMEOUT) as c:
            c.login(USER % 4, "pw")
            c.sendmail("u4@example.com", ["you@example.org"], "Subject: relay me\r\n\r\nbody\r\n")
        assert any(b"relay me" in mail for mail in sink.mails)
    finally:
        sink.shutdown()
        sink.server_close()


def numbers(h):
    """OpenMetrics by HTTP; the fast logins: two processes for many clients; one of the replicator from the start."""
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % h.port["http"], timeout=clients.TIMEOUT) as answer:
        assert "dovecot_imap_command_count" in answer.read().decode()
    wait_until(lambda: len(h.pids("imap-login")) == 2, "two processes of imap-login")
    assert h.service("imap-login")["client_limit"] == "300"
    assert h.service("replicator")["process_count"] == "1"
    assert "u1@example.com" in h.doveadm("user", "*")


@check("import.hosting", "imap-login imap pop3-login lmtp auth dict stats submission-login quota-status script")
def hosting(w):
    """The configuration of a mail hoster with everything in it works as it did: another world is made for it."""
    h = start_world(w.master, w.build, kind=Hosting, pam=False)
    try:
        for part in (quota, learning, sockets_of_postfix, secure_only, numbers):
            part(h)
    except AssertionError as e:
        raise AssertionError("%s\nlog:\n%s" % (e, h.log()[-3000:])) from e
    finally:
        h.destroy()
