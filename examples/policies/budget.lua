-- budget stands between services: 12 processes for all, of which api keeps 4 and gets twice the share of batch.
include "common.lua"

settings { policy = budget { processes = 12, reserve = { api = 4 }, weight = { api = 2, batch = 1 } } }

for i, name in ipairs { "api", "batch" } do
  service(name) {
    executable = "greet", client_limit = 1, process_limit = 40,
    inet_listener "greet" { port = tonumber(getenv("REEVE_PORT", "8083")) + i - 1 },
  }
end
