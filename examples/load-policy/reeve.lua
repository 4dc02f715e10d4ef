-- How many processes are kept ready follows the load of the machine: few when it is busy with other things, many
-- when it
-- has time. Nothing here can keep a client waiting: `on_demand` and the settings hold beside it.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-load"),
  libexec_dir = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve"),
  listen = { "127.0.0.1" },
}

local BUSY = tonumber(getenv("REEVE_BUSY", "1")) -- load for each processor above which we keep back

policy "ready_when_idle" (function(options)
  return every(options.every or 5, function(s)
    if not s.host.load then return nil end -- not measured yet
    local load = s.host.load / s.host.ncpu
    local spare = load > BUSY and options.busy or options.idle
    return { spare = spare, shrink_to = spare, why = ("load %.2f a processor: %d ready"):format(load, spare) }
  end)
end)

service "greet" {
  executable = "greet", client_limit = 1, process_limit = 20,
  inet_listener "greet" { port = tonumber(getenv("REEVE_GREET_PORT", "8081")) },
  policy = ready_when_idle { busy = 1, idle = 6, every = 1 },
}
