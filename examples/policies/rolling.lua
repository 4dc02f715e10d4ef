-- rolling is built in; here half of the pool at a time: reeve service restart greet
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 8,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { min_avail(), on_demand(), idle_kill(), throttle(), rolling { batch = 0.5 } },
}
