-- Two Node servers on one port, without a cluster module: they inherit the same socket.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-node"),
  listen = { "127.0.0.1" },
}

service "web" {
  executable = { "/usr/bin/node", getenv("REEVE_EXAMPLES",
    "/usr/local/share/reeve/examples") .. "/node-http/server.js" },
  contract = "systemd", process_limit = 2, process_min_avail = 2,
  inet_listener "http" { port = tonumber(getenv("REEVE_HTTP_PORT", "8080")) },
}
