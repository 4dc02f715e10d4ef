-- throttle is built in; here a service that fails to start is tried again sooner than usual.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40, process_min_avail = 1,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = throttle { first = 1, most = 10 },
}
