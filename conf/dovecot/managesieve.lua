-- Editing of sieve scripts. Protocol sieve (package dovecot-managesieved).

service "managesieve-login" {
  contract = "dovecot",
  executable = "managesieve-login", type = "login", protocol = "sieve",
  user = "$default_login_user", chroot = "login",
  service_count = 1,
  inet_listener "sieve" { port = 4190 },
}

service "managesieve" {
  contract = "dovecot",
  executable = "managesieve", protocol = "sieve",
  user = "root", -- becomes the user after the login, for good
  client_limit = 1, service_count = 1,
  process_limit = 0, -- 100
  unix_listener "login/sieve" { mode = "0666" },
}
