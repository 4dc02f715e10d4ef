-- gunicorn as it is: it takes LISTEN_FDS, and says READY=1 when its workers are up.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-gunicorn"),
  listen = { "127.0.0.1" },
}

service "app" {
  executable = { "/usr/bin/gunicorn", "--workers", "2", "--worker-tmp-dir", "/dev/shm", "--chdir",
    getenv("REEVE_EXAMPLES", "/usr/local/share/reeve/examples") .. "/gunicorn", "app:application" },
  contract = "systemd", ready = "notify", process_limit = 1, process_min_avail = 1,
  env = { PYTHONDONTWRITEBYTECODE = "1" },
  inet_listener "http" { port = tonumber(getenv("REEVE_HTTP_PORT", "8080")) },
}
