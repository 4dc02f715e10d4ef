-- sshd: a process for each connection, as inetd did it. Reeve accepts; sshd -i has the connection as its standard
-- input.
settings { base_dir = getenv("REEVE_BASE_DIR", "/run/reeve") }

service "ssh" {
  description = "a shell for those with a key",
  executable = { "/usr/sbin/sshd", "-i", "-e", "-f", getenv("SSHD_CONFIG", "/etc/ssh/sshd_config") },
  contract = "inetd", user = "root", -- it changes to the user who logs in
  process_limit = 20, per_source_limit = 5,
  inet_listener "ssh" { port = math.tointeger(getenv("SSH_PORT", 2222)), address = "127.0.0.1" },
}
