-- hosts.allow and hosts.deny for the login services. To use it give it a socket in their chroot,
--   unix_listener "login/tcpwrap" { mode = "0600", user = "$default_login_user" }
-- and write login_access_sockets = tcpwrap in dovecot.conf.

service "tcpwrap" {
  contract = "dovecot",
  executable = "tcpwrap",
  user = "$default_internal_user",
  client_limit = 1,
}
