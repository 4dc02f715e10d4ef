-- As many processes as keep 99 % of waits below 0.1 s, and what the last minute needed.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { on_demand(), settle(60, erlang { target = 0.1 }) },
}
