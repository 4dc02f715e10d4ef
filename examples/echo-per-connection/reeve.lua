-- One process for one connection.
local libexec = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve")

settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-echo"),
  libexec_dir = libexec,
  listen = { "127.0.0.1" },
}

service "echo" {
  executable = "echo",
  client_limit = 1, service_count = 1, process_min_avail = 2, process_limit = 20,
  env = { LUA_CPATH = libexec .. "/../lua/?.so;;" },
  inet_listener "echo" { port = tonumber(getenv("REEVE_ECHO_PORT", "8081")) },
  unix_listener "echo" { mode = "0666" },
}
