-- Mail from users, passed on to the server of submission_relay_host. Protocol submission.

service "submission-login" {
  contract = "dovecot",
  executable = "submission-login", type = "login", protocol = "submission",
  user = "$default_login_user", chroot = "login",
  service_count = 1,
  inet_listener "submission" { port = 587 },
}

service "submission" {
  contract = "dovecot",
  executable = "submission", protocol = "submission",
  user = "root", -- becomes the user after the login, for good
  extra_groups = { "$default_internal_group" },
  client_limit = 1, service_count = 1,
  process_limit = 1024,
  unix_listener "login/submission" { mode = "0666" },
}
