-- Key-value lookups for quota and others, so that not each mail process has its own connection to SQL. Who can connect
-- may read and change everything of everybody: give the sockets to the user of the mail processes alone.

-- Backends that block: one client at a time.
service "dict" {
  contract = "dovecot",
  executable = "dict",
  user = "$default_internal_user", -- SQL needs no files; its config is read before the privileges go
  client_limit = 1, -- the lookup blocks, and the client leaves after it
  unix_listener "dict" { mode = "0660", group = "$default_internal_group" },
}

-- Backends that do not block (pgsql, cassandra, ldap): many clients to a process.
service "dict-async" {
  contract = "dovecot",
  executable = "dict",
  user = "$default_internal_user",
  process_limit = 0, -- 100; as many as processors is enough: process_limit = cpus()
  unix_listener "dict-async" { mode = "0660", group = "$default_internal_group" },
}
