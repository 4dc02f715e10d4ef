-- php-fpm's pm = ondemand.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { fpm_ondemand { process_idle_timeout = 5 } },
}
