-- A first config: one service on loopback, with a policy of your own beside the built-in ones.
--   reeve check -c @dir@/reeve.lua      is it good?
--   reeve settings client_limit         what does a setting mean?
-- More: reeve.lua(5) for the settings, reeve-policy(7) for policies.

policy "rush" (require "policies.rush") -- policies/rush.lua beside this file

settings {
  base_dir = getenv("REEVE_BASE_DIR", "@dir@/run"), -- the sockets of this instance
  libexec_dir = "@libexec@",                        -- where a relative executable is
  listen = { "127.0.0.1" },
  log_path = "@dir@/reeve.log",
}

service "web" {
  description = "HTTP greetings from a pool",
  executable = "http-pool",

  client_limit = 10,      -- clients of one process at a time
  process_limit = 8,      -- processes at most
  process_min_avail = 1,  -- this many can always take one more client
  idle_kill = "30s",      -- a surplus goes after this long

  policy = rush { above = 2, spare = 4 }, -- added to what the lines above say

  inet_listener "http" { port = math.tointeger(getenv("REEVE_PORT", 8080)) },
}
