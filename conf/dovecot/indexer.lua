-- Indexing in the background; full text search if there is one.

service "indexer" {
  contract = "dovecot",
  executable = "indexer",
  user = "$default_internal_user",
  process_limit = 1, -- it sees to it that an index is never written by two
  unix_listener "indexer" { mode = "0666" },
}

service "indexer-worker" {
  contract = "dovecot",
  executable = "indexer-worker", type = "worker",
  user = "root", -- becomes the user of each mailbox for a while
  extra_groups = { "$default_internal_group" },
  client_limit = 1, -- indexing blocks
  process_limit = 10, -- it eats processor and disk: more would only slow down the mail
  unix_listener "indexer-worker" { mode = "0600", user = "$default_internal_user" },
}
