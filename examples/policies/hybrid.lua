-- The recommended default for busy pools.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 3,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = hybrid { erlang = { target = 0.1 }, memory = { soft = "64M" } },
}
