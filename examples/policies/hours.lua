-- A floor by the clock: eight processes in office hours, warm two minutes early.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 1,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = hours { { days = "12345", from = 8, to = 18, floor = 8 } },
}
