-- Runs mail commands of doveadm for other machines or many users. An inet_listener named "http" speaks HTTP.

service "doveadm" {
  contract = "dovecot",
  executable = "doveadm-server",
  user = "root", -- becomes the user of each mailbox for a while; with one mail user write that one
  extra_groups = { "$default_internal_group" },
  client_limit = 1, -- a command blocks
  service_count = 1, -- leaks of a command end with it; 0 is faster
  unix_listener "doveadm-server" { mode = "0600" },
}
