-- php-fpm's pm = static: always four.
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { fpm_static { max_children = 4 } },
}
