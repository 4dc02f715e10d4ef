-- Processes are replaced after about 500 clients, not all at the same time.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 2,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = max_requests { n = 500, jitter = 0.2 },
}
