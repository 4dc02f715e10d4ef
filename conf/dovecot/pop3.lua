-- POP3: as imap, without anybody who idles.

service "pop3-login" {
  contract = "dovecot",
  executable = "pop3-login", type = "login", protocol = "pop3",
  user = "$default_login_user", chroot = "login",
  service_count = 1,
  inet_listener "pop3" { port = 110 },
  inet_listener "pop3s" { port = 995, ssl = true },
}

service "pop3" {
  contract = "dovecot",
  executable = "pop3", protocol = "pop3",
  user = "root", -- becomes the user after the login, for good
  extra_groups = { "$default_internal_group" },
  client_limit = 1, service_count = 1,
  process_limit = 1024, -- so many sessions
  unix_listener "login/pop3" { mode = "0666" },
}
