-- Knative's autoscaler, with scale to zero.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { knative { target = 1, grace = 10 } },
}
