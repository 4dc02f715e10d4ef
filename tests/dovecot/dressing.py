"""What a process of each service finds when it starts: descriptors, environment, limits, umask, directory. A wrapper in
place of each program writes it down and becomes the program."""
import os
import re
import stat

import clients
from world import World, wait_until

PROGRAMS = "/usr/lib/dovecot"
WRAPPER = """#!/bin/sh
# what we were given, before the shell adds to it
d={dir}/given/$(basename "$0").$$
mkdir -p "$d"
cat /proc/$$/environ >"$d/environ"
for f in /proc/$$/fd/*; do n=${{f##*/}}; [ "$n" -gt 9 ] 2>/dev/null && continue
  printf '%s %s %s\\n' "$n" "$(readlink "$f" | sed 's/[0-9][0-9]*/N/g')" "$(sed -n 's/^flags:.*\\(.\\)$/\\1/p' "/proc/$$/fdinfo/$n")"
done >"$d/fds"
grep -E 'address space|data size|open files|processes' /proc/$$/limits >"$d/limits"
{{ umask; pwd; grep -E '^SigIgn|^Uid|^Gid|^Groups' /proc/$$/status; tr '\\0' ' ' </proc/$$/cmdline; }} >"$d/rest"
: >"$d/done"
exec {programs}/$(basename "$0") "$@"
"""
# the shell's own
ADDED = {"PWD", "OLDPWD", "SHLVL", "_"}
# On purpose: no version (Reeve is not of Dovecot's release), and the names of what is imported are only those that are
# there. Dovecot's master says two paths of the log that are empty. Two names of Reeve's own tell nothing to Dovecot's.
UNLIKE = {"DOVECOT_VERSION", "DOVECOT_PRESERVE_ENVS", "DEBUG_LOG_PATH", "INFO_LOG_PATH", "REEVE_MODE", "LOGIN_NOTICE"}


def wrap(world):
    """Puts the wrappers into a world that does not run yet, and makes them its libexec_dir."""
    libexec = world.path("libexec")
    os.mkdir(libexec)
    os.mkdir(world.path("given"))
    for name in os.listdir(PROGRAMS):
        path = os.path.join(PROGRAMS, name)
        if os.path.isfile(path) and os.access(path, os.X_OK) and ".so" not in name:
            with open(os.path.join(libexec, name), "w") as f:
                f.write(WRAPPER.format(dir=world.dir, programs=PROGRAMS))
            os.chmod(f.name, 0o755)
    with open(world.conf, "a") as f:
        f.write("libexec_dir = %s\n" % libexec)


def read(path):
    """The text of a file."""
    with open(path, errors="replace") as f:
        return f.read()


def environment_of(text, world):
    """The environment, its sockets in the order of their names: no program counts on another."""
    values = dict(e.split("=", 1) for e in text.replace(world.dir, "DIR").split("\0") if "=" in e)
    for name in ADDED | UNLIKE:
        values.pop(name, None)
    values["GENERATION"] = "a number" if values.get("GENERATION", "").isdigit() else "none"
    for number, said in enumerate(sorted(v for n, v in values.items() if re.match(r"SOCKET\d+_", n))):
        first = min(int(n[6:-9]) for n in values if re.match(r"SOCKET\d+_", n))
        values["SOCKET%d_SETTINGS" % (first + number)] = said
    return values


def descriptors_of(text, world):
    """Kinds of the descriptors 0 to 6: the same file under another name is the same."""
    text = re.sub(r".*/given/.*", "", text.replace(world.dir, "DIR").replace(re.sub(r"\d+", "N", world.dir), "DIR"))
    text = re.sub(r"^4 .*\(deleted\)", "4 a file without a name", text, flags=re.M)
    return [line.rsplit(" ", 1)[0] for line in text.splitlines() if re.match(r"[0-6] ", line)]


def rest_of(text, world):
    """The attributes; of ignored signals those with a name. (Dovecot's master hands on what it has itself of the others,
    here what `make` ignores.)"""
    text = text.replace(world.dir, "DIR")
    return re.sub(r"SigIgn:\t(\w+)", lambda m: "SigIgn: %x" % (int(m.group(1), 16) & 0x7fffffff), text)


def given(world):
    """service -> what its first process was given: name -> value."""
    found = {}
    for entry in sorted(os.listdir(world.path("given"))):
        d = world.path("given", entry)
        wait_until(lambda: os.path.exists(d + "/done"), "the wrapper to have written")
        values = environment_of(read(d + "/environ"), world)
        values["(descriptors)"] = descriptors_of(read(d + "/fds"), world)
        values["(limits)"], values["(rest)"] = read(d + "/limits"), rest_of(read(d + "/rest"), world)
        found.setdefault(values.get("SERVICE_NAME", entry), values)
    return found


def everything_starts(world):
    """Knocks at every socket, so that every service gets its first process."""
    for directory, _, names in os.walk(world.base):
        for name in names:
            path = os.path.join(directory, name)
            if stat.S_ISSOCK(os.lstat(path).st_mode) and name not in ("master", "control"):
                knock(world, path)
    for name, port in world.port.items():
        if name not in ("sink", "crash"):
            knock(world, port)
    with open(world.base + "/replication-notify-fifo", "w") as f:
        f.write("u46\tlow\n")
    wait_until(lambda: int(world.service("aggregator")["process_total"]) > 0, "an aggregator")


def knock(world, where):
    """Connects and waits until somebody was started for it."""
    def starts():
        return len(os.listdir(world.path("given")))
    before = starts()
    with clients.Lines(where):
        try:
            wait_until(lambda: starts() > before, "a start", 0.3)
        except AssertionError:
            pass  # somebody was there already


def world_of(master, build):
    """Starts a world of wrappers and returns what each of its services was given."""
    world = World(master, build)
    try:
        wrap(world)
        world.start()
        everything_starts(world)
        return given(world)
    finally:
        world.destroy()
