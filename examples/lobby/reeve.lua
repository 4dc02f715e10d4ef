-- A lobby that asks for the name, and a room for those who gave one: the connection itself moves from one to the other.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-lobby"),
  libexec_dir = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve"),
  listen = { "127.0.0.1" },
  default_internal_user = "nobody",
}

service "lobby" {
  executable = { "lobby", "$base_dir/room" },
  type = "login", user = "nobody", client_limit = 20, process_limit = 4,
  inet_listener "lobby" { port = tonumber(getenv("REEVE_LOBBY_PORT", "8083")) },
}

service "room" {
  executable = getenv("REEVE_EXAMPLES", "/usr/local/share/reeve/examples") .. "/lobby/room.lua",
  client_limit = 500, process_limit = 1, idle_kill = "1min",
  env = { LUA_CPATH = getenv("REEVE_LUA_CPATH", ";;") },
  unix_listener "room" { mode = "0600", user = "nobody" },
}
