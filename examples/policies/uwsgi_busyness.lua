-- uWSGI's cheaper algorithm "busyness".
include "common.lua"

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 40,
  inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) },
  policy = only { uwsgi_busyness { cheaper = 2, overload = 5, backlog_alert = 10 } },
}
