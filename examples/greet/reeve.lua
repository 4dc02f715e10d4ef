-- For benchmarks. GREET_COUNT=1: a process for each connection; 0: processes that stay.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-greet"),
  libexec_dir = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve"),
  listen = { "127.0.0.1" },
}

service "greet" {
  executable = "greet",
  client_limit = 1, process_limit = 64,
  service_count = tonumber(getenv("GREET_COUNT", "1")),
  process_min_avail = tonumber(getenv("GREET_MIN_AVAIL", "0")),
  inet_listener "greet" { port = tonumber(getenv("REEVE_GREET_PORT", "8083")) },
}
