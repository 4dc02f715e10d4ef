-- Counting of events, by the metrics in dovecot.conf. `doveadm stats dump` asks it.

service "stats" {
  contract = "dovecot",
  executable = "stats",
  user = "$default_internal_user",
  process_limit = 1, -- one process adds up
  client_limit = 0, -- 1000, and every process of the others is a client: raise it with them, or nobody can log in
  idle_kill = "never", -- what it has counted would be lost
  unix_listener "login/stats-writer" { mode = "0600", user = "$default_login_user" },
  unix_listener "stats-reader" { mode = "0600" },
  unix_listener "stats-writer" { mode = "0660", group = "$default_internal_group" },
}

-- The statistics of Dovecot 2.2, for `doveadm oldstats`.
service "old-stats" {
  contract = "dovecot",
  executable = "old-stats",
  user = "$default_internal_user", chroot = "empty",
  process_limit = 1,
  idle_kill = "never",
  fifo_listener "old-stats-mail" { mode = "0600" },
  fifo_listener "old-stats-user" { mode = "0600" },
  unix_listener "old-stats" { mode = "0600" },
}
