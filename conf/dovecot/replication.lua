-- Two servers with the same mail. Off until mail_replica is set; the socket for `doveadm replicator` is disabled by
-- mode 0, because who is asked there looks at all users.

-- Many small notes of mail processes become one connection.
service "aggregator" {
  contract = "dovecot",
  executable = "aggregator",
  user = "$default_internal_user", chroot = ".",
  fifo_listener "replication-notify-fifo" { mode = "0600" },
  unix_listener "replication-notify" { mode = "0600" },
}

service "replicator" {
  contract = "dovecot",
  executable = "replicator",
  user = "root",
  process_limit = 1, -- one queue
  idle_kill = "never", -- the queue would be lost
  unix_listener "replicator-doveadm" { mode = "0", user = "$default_internal_user" }, -- 0600 to use it
  unix_listener "replicator" { mode = "0600", user = "$default_internal_user" },
}
