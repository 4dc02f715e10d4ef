"""doveadm, and the services that nobody but other programs talks to."""
import base64
import json
import os
import urllib.request

import clients
from checks import check
from world import pid_is_alive, wait_until


@check("doveadm.service-status", "log anvil config", short=True)
def service_status(w):
    """service status has every service with its numbers."""
    anvil = w.service("anvil")
    assert anvil["process_count"] == "1" and anvil["process_limit"] == "1" and anvil["doveadm_stop"] == "n", anvil
    assert w.service("imap-login")["client_limit"] == "1"
    assert int(w.service("log")["process_total"]) >= 1


@check("doveadm.process-status", "log anvil config", short=True)
def process_status(w):
    """process status has the processes that are there, of all services or of one."""
    for pid in w.pids("anvil") + w.pids("log"):
        assert pid_is_alive(pid)
    assert len(w.pids("anvil")) == 1
    assert "anvil" not in w.doveadm("process", "status", "log")


@check("doveadm.who-kick", "anvil imap", short=True)
def who_kick(w):
    """who names a client, kick ends its session."""
    with clients.Lines(w.port["imap"]) as c:
        c.until("* OK")
        c.send("a LOGIN u40 pw\r\n")
        c.until("a OK")
        wait_until(lambda: "u40" in w.doveadm("who"), "u40 in doveadm who")
        assert "u40" in w.doveadm("kick", "u40")
        c.rest()
    wait_until(lambda: "u40" not in w.doveadm("who"), "u40 to be gone")


@check("doveadm.penalty", "anvil auth")
def penalty(w):
    """penalty asks anvil."""
    assert "IP" in w.doveadm("penalty")


@check("doveadm.stats-dump", "stats")
def stats_dump(w):
    """stats dump has the metric of the configuration, counted by the processes of imap."""
    with clients.imap(w.port["imap"], "u41") as c:
        c.select()
    wait_until(lambda: any(line.split("\t")[2:3] > ["0"] for line in w.doveadm("stats", "dump").splitlines()
                           if line.startswith("imap_commands")), "imap commands in stats dump")


@check("doveadm.log", "log", short=True)
def log_errors(w):
    """log errors has the last errors, log reopen makes a new file."""
    with clients.Lines(w.base + "/log-errors") as c:
        c.rest()
    os.rename(w.log_path, w.log_path + ".1")
    w.doveadm("log", "reopen")
    wait_until(lambda: os.path.exists(w.log_path), "a new log file")
    with clients.imap(w.port["imap"], "u42"):
        pass
    wait_until(lambda: "u42" in w.text("log"), "u42 in the new file")


@check("doveadm.instance", "-", short=True)
def instance_list(w):
    """instance list shows that it runs; the link below base_dir leads to its configuration, as doveadm -i wants it."""
    [line] = [line for line in w.doveadm("instance", "list").splitlines() if line.startswith(w.base)]
    assert line.split()[1] == "dovecot-e2e" and line.split()[-1] == "yes", line
    assert os.path.realpath(w.base + "/dovecot.conf") == w.conf


@check("doveadm.auth", "auth")
def auth_user(w):
    """auth test and user ask auth-client and auth-userdb."""
    assert "auth succeeded" in w.doveadm("auth", "test", "u43", "pw")
    assert "home" in w.doveadm("user", "u43")


@check("auth.listener-names", "auth")
def listener_names(w):
    """A socket named …-userdb gives a client of auth the rights of a userdb client: it looks up users."""
    with clients.Lines(w.base + "/x-userdb") as c:
        c.send("VERSION\t1\t1\nUSER\t7\tu44\tservice=imap\n")
        assert c.until("USER\t7").startswith("USER\t7\tu44")
        c.send("LIST\t8\t\n")
        c.until("DONE\t8")


@check("doveadm.server", "doveadm", short=True)
def doveadm_server(w):
    """doveadm-server over TCP, over its unix socket and over HTTP (the listener named http)."""
    before = int(w.service("doveadm")["process_total"])
    for where in ("127.0.0.1:%d" % w.port["doveadm"], w.base + "/doveadm-server"):
        assert "INBOX" in w.doveadm("mailbox", "list", "-S", where, "-u", "u45")
    request = urllib.request.Request("http://127.0.0.1:%d/doveadm/v1" % w.port["http"], method="POST",
                                     data=json.dumps([["mailboxList", {"user": "u45"}, "tag"]]).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", "X-Dovecot-API " + base64.b64encode(b"key").decode())
    with urllib.request.urlopen(request, timeout=clients.TIMEOUT) as answer:
        text = answer.read().decode()
    assert '"mailbox":"INBOX"' in text.replace(" ", ""), text
    assert int(w.service("doveadm")["process_total"]) >= before + 3


@check("doveadm.proxy", "ipc")
def proxy_list(w):
    """proxy list asks ipc."""
    w.doveadm("proxy", "list")  # a machine that proxies nobody has an empty list
    assert int(w.service("ipc")["process_total"]) > 0


@check("director.status", "director")
def director_status(w):
    """director status and ring status."""
    said = w.doveadm("director", "status")
    assert "127.0.0.2" in said and "127.0.0.3" in said, said
    assert "127.0.0.1" in w.doveadm("director", "ring", "status")


@check("replicator.status", "replicator")
def replicator_status(w):
    """replicator status is answered."""
    assert "Queued" in w.doveadm("replicator", "status")


@check("aggregator.notify", "aggregator replicator")
def aggregator(w):
    """What is written to the fifo goes to the replicator."""
    before = int(w.service("aggregator")["process_total"])
    with open(w.base + "/replication-notify-fifo", "w") as f:
        f.write("u46\tlow\n")
    wait_until(lambda: int(w.service("aggregator")["process_total"]) > before, "an aggregator process")
    wait_until(lambda: "u46" in w.doveadm("replicator", "status", "*"), "u46 to be known to the replicator")


@check("dict.proxy", "dict")
def dict_proxy(w):
    """Set and get through the dict service."""
    talk_to_dict(w, "dict", "shared/a")


@check("dict.async", "dict-async")
def dict_async(w):
    """Set and get through dict-async, one process for many clients."""
    talk_to_dict(w, "dict-async", "shared/b")


def talk_to_dict(w, socket_name, key):
    where = "proxy:%s/%s:testdict" % (w.base, socket_name)
    w.doveadm("dict", "set", "-u", "u47", where, key, "a value")
    assert "a value" in w.doveadm("dict", "get", "-u", "u47", where, key)
    assert int(w.service(socket_name)["process_total"]) > 0


@check("dns-client.lookup", "dns-client")
def dns_client(w):
    """A name is looked up."""
    with clients.Lines(w.base + "/dns-client") as c:
        c.send("VERSION\tdns-client\t1\t0\nIP\tlocalhost\n")
        c.until("VERSION")
        assert "127.0.0.1" in c.line()


@check("indexer.index", "indexer indexer-worker")
def indexer(w):
    """doveadm index -q asks indexer, who asks an indexer-worker."""
    clients.lmtp(w.port["lmtp"], "u48", "to be indexed")
    before = int(w.service("indexer-worker")["process_total"])
    w.doveadm("index", "-q", "-u", "u48", "INBOX")
    wait_until(lambda: int(w.service("indexer-worker")["process_total"]) > before, "an indexer-worker")


@check("health-check.ping", "health-check")
def health_check(w):
    """PING, PONG; its privileges are dropped before it is run."""
    with clients.Lines(w.port["health"]) as c:
        c.send("PING\n")
        assert c.line() == "PONG"


@check("quota-status.policy", "quota-status")
def quota_status(w):
    """Postfix's policy protocol, on a listener without a name."""
    with clients.Lines(w.port["quota"]) as c:
        c.send("request=smtpd_access_policy\nrecipient=u49\nsize=100\n\n")
        assert c.line() == "action=DUNNO"


@check("script.run", "script")
def script(w):
    """A service of script runs a program for a client."""
    with clients.Lines(w.base + "/script") as c:
        c.send("VERSION\tscript\t4\t0\nnoreply\n\n")
        c.socket.shutdown(1)
        assert "from the script" in c.rest()


@check("startup.once", "ssl-params")
def startup_once(w):
    """Type startup runs once at the start; it may end without a status."""
    wait_until(lambda: w.text("once.log"), "the job to have run")
    assert w.text("once.log").count("made") >= 1


@check("old-stats.dump", "old-stats")
def old_stats(w):
    """The socket of old-stats is answered."""
    with clients.Lines(w.base + "/old-stats") as c:
        c.send("EXPORT\tglobal\n")
        assert "num_logins" in c.line()
    w.doveadm("oldstats", "dump", "user")


@check("imap-urlauth.panic", "imap-urlauth-login")
def imap_urlauth_login(w):
    """imap-urlauth-login is there; at the first AUTH an assertion of its own ends it, whoever its master is."""
    with clients.Lines(w.base + "/imap-urlauth") as c:
        c.send("VERSION\timap-urlauth\t2\t0\nAUTH\timap\t%d\tu50\tsession\ttoken\n" % os.getpid())
        c.rest()
    w.wait_log(r"imap-urlauth-login: Panic: file sasl-server.c.*assertion failed")
    w.wait_log(r"imap-urlauth-login: Fatal: master: .*signal 6")


@check("imap-urlauth.start", "imap-urlauth imap-urlauth-worker")
def imap_urlauth(w):
    """Those behind it are started for a client. (What they do then nobody can ask for: see imap-urlauth.panic.)"""
    for name, path in (("imap-urlauth", "token-login/imap-urlauth"), ("imap-urlauth-worker", "imap-urlauth-worker")):
        with clients.Lines(w.base + "/" + path):
            wait_until(lambda: w.pids(name), "a process of " + name)


@check("tcpwrap.login", "tcpwrap pop3-login")
def tcpwrap(w):
    """pop3-login asks tcpwrap about each client (login_access_sockets)."""
    with clients.pop3(w.port["pop3"], "u51") as c:
        c.stat()
    assert int(w.service("tcpwrap")["process_total"]) > 0
