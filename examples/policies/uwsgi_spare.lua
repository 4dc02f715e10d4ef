-- uWSGI's cheaper algorithm "spare".
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { uwsgi_spare { cheaper = 2, initial = 4, step = 2 } },
}
