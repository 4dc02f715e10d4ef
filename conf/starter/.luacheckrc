-- What a config and a policy may use; every file of policies/ that is shipped is a word too.
std = "lua54"
max_line_length = 120

local words = { "settings", "service", "inet_listener", "unix_listener", "fifo_listener", "include", "getenv", "cpus",
  "credential", "unset", "policy", "only", "all", "every", "settle", "when", "shadow", "canary", "log", "try",
  @words@,
  "rush" } -- our own: what reeve.lua names with policy "…"

files["reeve.lua"] = { read_globals = words }
files["policies"] = { read_globals = words }
files["spec"] = { std = "+busted" }
