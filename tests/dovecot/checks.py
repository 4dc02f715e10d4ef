"""The table of checks. A check is a function of a World; its name and the services that it proves are what
docs/DOVECOT.md cites. `short` ones are part of `make e2e`."""

CHECKS = []


def check(name, services, short=False, only=None):
    """Puts a function into the table. only: the master under which it can be run."""
    def put(function):
        CHECKS.append({"name": name, "services": services.split(), "short": short, "only": only, "run": function})
        return function
    return put


def load():
    """All checks, in the order in which they are run."""
    import checks_mail  # noqa: F401
    import checks_tools  # noqa: F401
    import checks_hosting  # noqa: F401
    import checks_pool  # noqa: F401
    names = [c["name"] for c in CHECKS]
    assert len(names) == len(set(names)), "two checks have one name"
    return CHECKS
