-- redis: supervised by sd_notify. The server opens its own port and says when it serves; Reeve keeps it alive, and a
-- second service waits for it.
local port = getenv("REDIS_PORT", 6379)

settings { base_dir = getenv("REEVE_BASE_DIR", "/run/reeve") }

service "redis" {
  description = "the cache",
  executable = { "/usr/bin/redis-server", "--port", tostring(port), "--bind", "127.0.0.1", "--save", "",
    "--daemonize", "no", "--supervised", "systemd" },
  contract = "systemd", ready = "notify", start_timeout = "60s",
  alive = "tcp:127.0.0.1:" .. port, alive_every = "5s", -- a server that hangs is replaced, too
  user = getenv("REDIS_USER", "redis"), process_limit = 1, process_min_avail = 1,
}

service "warm-up" {
  description = "fills the cache once it serves",
  executable = { "/usr/bin/redis-cli", "-p", tostring(port), "set", "warm", "yes" },
  contract = "plain", type = "startup", requires = "redis", user = getenv("REDIS_USER", "redis"),
}
