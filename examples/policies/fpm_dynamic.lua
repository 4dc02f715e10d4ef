-- php-fpm's pm = dynamic.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { fpm_dynamic { min_spare = 2, max_spare = 5, max_children = 20 } },
}
