-- Sends each user to the same backend. Off until director_servers is set in dovecot.conf and login processes are told
-- to ask it (executable = "imap-login director"); its sockets for them are disabled by mode 0 until then.

service "director" {
  contract = "dovecot",
  executable = "director",
  user = "$default_internal_user", chroot = ".", -- it has no files, but must reach auth
  process_limit = 1, -- one process knows where everybody is
  idle_kill = "never",
  fifo_listener "login/proxy-notify" { mode = "0" }, -- 0666 to use it
  unix_listener "director-admin" { mode = "0600" }, -- `doveadm director` asks here
  unix_listener "login/director" { mode = "0" }, -- 0666 to use it
}

-- Passes commands to processes that cannot be reached otherwise: `doveadm proxy list` and `kick`.
service "ipc" {
  contract = "dovecot",
  executable = "ipc",
  user = "$default_internal_user", chroot = "empty", -- no files, no connections of its own
  process_limit = 1, -- there is one hub
  unix_listener "ipc" { mode = "0600", user = "$default_internal_user" }, -- its clients may command every other process
  unix_listener "login/ipc-proxy" { mode = "0600", user = "$default_login_user" },
}
