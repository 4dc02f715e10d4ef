-- The idle server maintenance of Apache's prefork MPM.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { apache_prefork { min_spare = 2, max_spare = 6, start_servers = 3 } },
}
