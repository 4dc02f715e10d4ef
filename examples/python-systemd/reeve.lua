-- python-systemd: a program that was written for systemd's socket activation.
settings { base_dir = getenv("REEVE_BASE_DIR", "/run/reeve") }

service "web" {
  executable = { "/usr/bin/python3", getenv("SERVER", "/usr/local/share/reeve/examples/python-systemd/server.py") },
  contract = "systemd", ready = "notify", user = "nobody",
  process_limit = 2, -- starts with the first request; `process_min_avail = 1` has it ready before
  inet_listener "http" { port = math.tointeger(getenv("PORT", 8080)), address = "127.0.0.1" },
}
