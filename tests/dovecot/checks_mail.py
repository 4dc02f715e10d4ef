"""What mail clients see."""
import contextlib
import imaplib
import os
import smtplib


import clients
from checks import check
from world import run, wait_until

MAIL = b"From: a@localhost\r\nSubject: hello\r\n\r\nbody\r\n"
MANY = 3000


@check("imap.plain", "imap-login imap auth config stats", short=True)
def imap_plain(w):
    """Login, CREATE, APPEND, FETCH, DELETE."""
    with clients.imap(w.port["imap"], "u1") as c:
        assert c.create("Archive")[0] == "OK"
        assert c.append("INBOX", None, None, MAIL)[0] == "OK"
        c.select()
        assert c.fetch("1", "(BODY[TEXT])")[1][0][1] == b"body\r\n"
    w.wait_log(r"imap-login: Info: Login: user=<u1>, method=PLAIN, rip=127.0.0.1")


@check("imap.wrong-password", "auth imap-login anvil", short=True)
def imap_wrong(w):
    """A wrong password is refused by auth, and anvil remembers where it came from."""
    with clients.imap(w.port["imap"]) as c:
        try:
            c.login("u2", "wrong")
        except imaplib.IMAP4.error as refusal:
            assert "AUTHENTICATIONFAILED" in str(refusal)
            assert "127.0.0.1" in w.doveadm("penalty")
        else:
            raise AssertionError("a wrong password was taken")


@check("imap.starttls", "imap-login imap", short=True)
def imap_starttls(w):
    """STARTTLS on the plain port."""
    with clients.imap(w.port["imap"]) as c:
        assert c.starttls(ssl_context=clients.tls())[0] == "OK"
        c.login("u3", "pw")
        assert c.select()[0] == "OK"
    w.wait_log(r"Login: user=<u3>.*TLS")


@check("imap.imaps", "imap-login imap", short=True)
def imap_imaps(w):
    """The listener with ssl = true speaks TLS from the first byte."""
    with clients.imap(w.port["imaps"], "u4", encrypted=True) as c:
        assert c.select()[0] == "OK"
    said = run("openssl", "s_client", "-connect", "127.0.0.1:%d" % w.port["imaps"], "-quiet",
               input="a LOGOUT\r\n", check=False)
    assert "a OK Logout completed." in said, said


@check("imap.haproxy", "imap-login anvil")
def imap_haproxy(w):
    """The listener with haproxy = true takes the client's address from the PROXY line."""
    with clients.Lines(w.port["imap_haproxy"], b"PROXY TCP4 192.0.2.7 192.0.2.8 1000 143\r\n") as c:
        c.until("* OK")
        c.send("a LOGIN u5 pw\r\n")
        c.until("a OK")
        wait_until(lambda: "192.0.2.7" in w.doveadm("who", "u5"), "192.0.2.7 in doveadm who")


@check("imap.idle", "imap lmtp")
def imap_idle(w):
    """IDLE tells of a mail that comes by LMTP."""
    with clients.Lines(w.port["imap"]) as c:
        c.until("* OK")
        c.send("a LOGIN u6 pw\r\nb SELECT INBOX\r\nc NOOP\r\n")
        c.until("c OK")
        c.send("d IDLE\r\n")
        c.until("+ idling")
        clients.lmtp(w.port["lmtp"], "u6", "wake up")
        assert c.until("* 1 EXISTS")
        c.send("DONE\r\n")
        c.until("d OK")


@check("imap.hibernation", "imap-hibernate imap auth")
def imap_hibernation(w):
    """A client that idles is given to imap-hibernate, its imap process ends; DONE brings it back."""
    with clients.Lines(w.port["imap"]) as c:
        c.until("* OK")
        c.send("a LOGIN u7 pw\r\nb SELECT INBOX\r\nc NOOP\r\n")
        c.until("c OK")
        before = set(w.pids("imap"))
        c.send("d IDLE\r\n")
        c.until("+ idling")
        wait_until(lambda: w.pids("imap-hibernate"), "an imap-hibernate process")
        wait_until(lambda: before - set(w.pids("imap")), lambda: "the imap process to end:\n" + w.log()[-3000:])
        c.send("DONE\r\n")
        c.until("d OK")
        c.send("e SELECT INBOX\r\nf LOGOUT\r\n")
        c.until("f OK")


@check("imap.postlogin", "imap-postlogin imap")
def imap_postlogin(w):
    """The script runs between login and imap, as who and from where it was told."""
    with clients.imap(w.port["imap"], "u8") as c:
        c.select()
    assert "u8 from 127.0.0.1" in w.text("postlogin.log")


@check("imap.pam", "auth-worker auth")
def imap_pam(w):
    """A user of no file is asked of PAM, by an auth-worker."""
    with clients.imap(w.port["imap"], "pamuser") as c:
        assert c.select()[0] == "OK"
    assert int(w.service("auth-worker")["process_total"]) > 0


@check("pop3.plain", "pop3-login pop3")
def pop3_plain(w):
    """Login, STAT, RETR, DELE."""
    clients.lmtp(w.port["lmtp"], "u10", "for pop3")
    with clients.pop3(w.port["pop3"], "u10") as c:
        assert c.stat()[0] == 1
        assert b"Subject: for pop3" in c.retr(1)[1]
        c.dele(1)
    with clients.pop3(w.port["pop3"], "u10") as c:
        assert c.stat()[0] == 0


@check("pop3.many", "pop3-login pop3")
def pop3_many(w):
    """service_count = 0, client_limit = 50: one process greets thirty, and their sessions work."""
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(clients.Lines(w.port["pop3_many"])) for _ in range(30)]
        for c in many:
            assert c.line().startswith("+OK")
        for n, c in enumerate(many):
            c.send("USER u%d\r\nPASS pw\r\nQUIT\r\n" % (20 + n))
        for c in many:
            c.until("+OK Logged in.")
        assert len(w.pids("pop3-many")) <= 2


@check("lmtp.sieve", "lmtp", short=True)
def lmtp_sieve(w):
    """Over TCP and over the unix socket; sieve files what it is told to."""
    clients.lmtp(w.port["lmtp"], "u11", "sort me, please")
    clients.lmtp(0, "u11", "leave me", unix=w.base + "/lmtp")
    with clients.imap(w.port["imap"], "u11") as c:
        assert c.select("Sorted")[1] == [b"1"]
        assert c.select("INBOX")[1] == [b"1"]


@check("submission.relay", "submission-login submission")
def submission_relay(w):
    """STARTTLS, AUTH; the mail arrives where it is relayed to."""
    sink = clients.Sink(w.port["sink"])
    try:
        with smtplib.SMTP("127.0.0.1", w.port["submission"], timeout=clients.TIMEOUT) as c:
            c.starttls(context=clients.tls())
            c.login("u12", "pw")
            c.sendmail("u12@localhost", ["you@example.org"], "Subject: relay me\r\n\r\nbody\r\n")
        assert any(b"Subject: relay me" in mail for mail in sink.mails)
    finally:
        sink.shutdown()
        sink.server_close()


@check("sieve.scripts", "managesieve-login managesieve")
def sieve_scripts(w):
    """PUTSCRIPT, SETACTIVE, LISTSCRIPTS."""
    script = 'keep;\r\n'
    with clients.Lines(w.port["sieve"]) as c:
        c.until("OK")
        c.send('AUTHENTICATE "PLAIN" "%s"\r\n' % "AHUxMwBwdw==")  # u13, pw
        c.until("OK")
        c.send('PUTSCRIPT "mine" {%d+}\r\n%s\r\nSETACTIVE "mine"\r\n' % (len(script), script))
        c.until("OK")
        c.until("OK")
        c.send("LISTSCRIPTS\r\n")
        assert c.until('"mine"') == '"mine" ACTIVE'


@check("mbsync.thousands", "imap-login imap")
def mbsync_thousands(w):
    """mbsync (isync) fetches some thousand mails and sends some back."""
    with clients.imap(w.port["imap"], "u14") as c:
        c.select()
    maildir = w.path("mail", "u14", "new")
    for n in range(MANY):
        with open("%s/%d.M%dP1.test" % (maildir, 1700000000 + n, n), "wb") as f:
            f.write(MAIL.replace(b"hello", b"mail %d" % n))
        os.chown(f.name, 5000, 5000)
    local, rc = w.path("mbsync"), w.path("mbsyncrc")
    os.mkdir(local)
    with open(rc, "w") as f:
        f.write("IMAPAccount a\nHost 127.0.0.1\nPort %d\nUser u14\nPass pw\nSSLType None\nAuthMechs LOGIN\n\n"
                "IMAPStore far\nAccount a\n\nMaildirStore near\nPath %s/\nInbox %s/INBOX\n\n"
                "Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync All\nSyncState *\n"
                % (w.port["imap"], local, local))
    run("mbsync", "-q", "-c", rc, "c")
    found = sum(len(os.listdir("%s/INBOX/%s" % (local, d))) for d in ("new", "cur"))
    assert found == MANY, "%d of %d mails are there" % (found, MANY)
    with open(local + "/INBOX/new/1800000000.1.back", "wb") as f:
        f.write(MAIL)
    run("mbsync", "-q", "-c", rc, "c")
    with clients.imap(w.port["imap"], "u14") as c:
        assert c.select()[1] == [b"%d" % (MANY + 1)]
