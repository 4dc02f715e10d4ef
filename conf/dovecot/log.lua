-- Everybody's log lines. Killed, it loses nothing: Reeve keeps the pipes and tells the next one whose they are.

service "log" {
  contract = "dovecot",
  executable = "log", type = "log",
  user = "root", -- writes to the files and to syslog itself
  process_limit = 1, -- there is one set of pipes
  idle_kill = "never",
  unix_listener "log-errors" { mode = "0600" }, -- `doveadm log errors` asks here
}
