-- A pool of long-lived processes, many clients to each.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-http-pool"),
  libexec_dir = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve"),
  listen = { "127.0.0.1" },
}

service "http" {
  executable = "http-pool 10000", -- milliseconds that a client may be slow
  client_limit = 200, process_limit = 4, process_min_avail = 1, service_count = 100000,
  inet_listener "http" { port = tonumber(getenv("REEVE_HTTP_PORT", "8080")) },
}
