-- idle_kill is built in; this is the style of Dovecot up to 2.3.20, where each process goes by itself.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 1, idle_kill = "10s",
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { min_avail(), on_demand(), idle_kill { style = "2.3" } },
}
