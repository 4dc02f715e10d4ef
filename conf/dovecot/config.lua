-- Reads dovecot.conf and tells all others.

service "config" {
  contract = "dovecot",
  executable = "config", type = "config",
  user = "root", -- the file has secrets, and is read again at a reload
  idle_kill = "never", -- it would have to parse everything anew
  env = { CONFIG_FILE = getenv("DOVECOT_CONF", "/etc/dovecot/dovecot.conf") },
  unix_listener "config" { mode = "0600" }, -- who may ask sees every secret. Its path is the CONFIG_FILE of the others
}
