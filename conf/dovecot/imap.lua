-- IMAP: strangers talk to imap-login, which knows no mail; after the login imap serves one user and is that user.
-- Many clients: see "How many processes" in docs/DOVECOT.md.

service "imap-login" {
  contract = "dovecot",
  -- everybody comes at once: policy = require "dovecot_storm".login { rate = 20, spare = 20 },
  executable = "imap-login", type = "login", protocol = "imap",
  user = "$default_login_user", chroot = "login", -- it reads what strangers write: nobody, nowhere
  service_count = 1, -- secure: a process for each connection. Fast: 0, with client_limit and process_min_avail = cpus()
  client_limit = 0, -- 1 by service_count
  process_limit = 0, -- 100 logins at a time; TLS connections keep their process for the whole session
  inet_listener "imap" { port = 143 },
  inet_listener "imaps" { port = 993, ssl = true },
}

service "imap" {
  contract = "dovecot",
  executable = "imap", protocol = "imap",
  user = "root", -- becomes the user after the login, for good
  extra_groups = { "$default_internal_group" }, -- to hand clients to imap-hibernate
  client_limit = 1, -- one that waits for a disk would make the others wait
  service_count = 1, -- the next user never sees the memory of this one
  process_limit = 1024, -- so many sessions
  unix_listener "imap-master" { mode = "0600" }, -- to hibernate: user = "$default_internal_user"
  unix_listener "login/imap" { mode = "0666" },
}

-- Clients that idle for imap_hibernate_timeout, thousands in one small process.
service "imap-hibernate" {
  contract = "dovecot",
  executable = "imap-hibernate", protocol = "imap",
  user = "$default_internal_user",
  unix_listener "imap-hibernate" { mode = "0660", group = "$default_internal_group" },
}

-- URLAUTH: fetching of one's mail by another, by a token.
service "imap-urlauth-login" {
  contract = "dovecot",
  executable = "imap-urlauth-login", type = "login", protocol = "imap",
  user = "$default_login_user", chroot = "token-login",
  service_count = 1,
  unix_listener "imap-urlauth" { mode = "0666" },
}

service "imap-urlauth" {
  contract = "dovecot",
  executable = "imap-urlauth", protocol = "imap",
  user = "$default_internal_user",
  client_limit = 1, service_count = 1, process_limit = 1024,
  unix_listener "token-login/imap-urlauth" { mode = "0666" },
}

service "imap-urlauth-worker" {
  contract = "dovecot",
  executable = "imap-urlauth-worker", protocol = "imap",
  user = "root", -- becomes the user whose mail it reads
  extra_groups = { "$default_internal_group" },
  client_limit = 1, service_count = 1, process_limit = 1024,
  unix_listener "imap-urlauth-worker" { mode = "0600", user = "$default_internal_user" },
}
