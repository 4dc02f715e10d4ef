-- A crash loop is not fed.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 2,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = breaker { fails = 5, window = 30 },
}
