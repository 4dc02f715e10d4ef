-- A process that has been busy for two minutes is killed when five clients wait.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 2,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = hung { after = 120, backlog = 5 },
}
