-- Delivery of new mail. For a mail server on the same machine the unix socket is enough; others need
--   inet_listener "lmtp" { port = 24 }

service "lmtp" {
  contract = "dovecot",
  executable = "lmtp", protocol = "lmtp",
  user = "root", -- becomes the user of each mailbox for a while; with one mail user write that one
  extra_groups = { "$default_internal_group" },
  client_limit = 1, -- it mostly waits for the disk; a proxy can take more
  unix_listener "lmtp" { mode = "0666" },
}
