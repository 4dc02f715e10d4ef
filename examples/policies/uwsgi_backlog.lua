-- uWSGI's cheaper algorithm "backlog".
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { uwsgi_backlog { cheaper = 2, step = 2 } },
}
