-- One process for everybody who wants to talk.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-chat"),
  libexec_dir = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve"),
  listen = { "127.0.0.1" },
}

service "chat" {
  executable = "chat",
  client_limit = 500, process_limit = 1, idle_kill = "1min",
  inet_listener "chat" { port = tonumber(getenv("REEVE_CHAT_PORT", "8082")) },
}
