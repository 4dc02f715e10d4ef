-- min_avail is built in: the setting alone is the policy. Here it is written out, twice: what two policies want the
-- same of counts once.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 3,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = min_avail(),
}
