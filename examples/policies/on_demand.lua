-- on_demand is built in. Alone it is inetd with a pool: nothing runs until a client comes.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, idle_kill = "10s",
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { on_demand(), idle_kill() },
}
