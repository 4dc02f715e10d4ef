-- git-daemon: git's own server for anonymous reading, a process for each connection.
settings { base_dir = getenv("REEVE_BASE_DIR", "/run/reeve") }

local repositories = getenv("GIT_REPOSITORIES", "/srv/git")

service "git" {
  description = "clone and fetch, for everybody",
  executable = { "/usr/bin/git", "daemon", "--inetd", "--export-all", "--log-destination=stderr", "--verbose",
    "--base-path=" .. repositories, repositories },
  contract = "inetd", user = getenv("GIT_USER", "nobody"), env = { HOME = repositories },
  process_limit = 10, per_source_limit = 4,
  inet_listener "git" { port = math.tointeger(getenv("GIT_PORT", 9418)), address = "127.0.0.1" },
}
