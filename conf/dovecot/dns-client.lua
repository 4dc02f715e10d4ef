-- Looks up names for processes that may not wait.

service "dns-client" {
  contract = "dovecot",
  executable = "dns-client",
  user = "$default_internal_user",
  client_limit = 1, -- gethostbyname waits
  unix_listener "dns-client" { mode = "0666" },
  unix_listener "login/dns-client" { mode = "0666" },
}
