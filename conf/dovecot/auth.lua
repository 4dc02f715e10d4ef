-- Passwords and users. The name of a socket behind its last `-` says what a client of it may do: `login` and `client`
-- check passwords, `userdb` looks up users, `master` finishes a login. Add sockets of kinds client and userdb at will.

service "auth" {
  contract = "dovecot",
  executable = "auth",
  user = "$default_internal_user", -- PAM and other slow or privileged things are for auth-worker
  process_limit = 1, -- a login is begun and finished by the same process
  client_limit = 0, -- 1000; all that keep asking must find room: `reeve check` warns
  unix_listener "auth-client" { mode = "0600", user = "$default_internal_user" },
  unix_listener "auth-login" { mode = "0600", user = "$default_internal_user" },
  unix_listener "auth-master" { mode = "0600" }, -- answers for every user without a password: root only
  unix_listener "auth-userdb" { mode = "0666", user = "$default_internal_user" }, -- what it tells depends on who asks
  unix_listener "login/login" { mode = "0666" }, -- in a directory that only login processes can enter
  unix_listener "token-login/tokenlogin" { mode = "0666" },
}

-- Lookups that wait for something: PAM, SQL without asynchronous calls. One at a time for each process.
service "auth-worker" {
  contract = "dovecot",
  executable = "auth -w", type = "worker",
  user = "root", -- PAM reads /etc/shadow; without PAM write "$default_internal_user"
  client_limit = 1, -- only auth connects, and waits for the answer
  process_limit = 0, -- 100; above auth_worker_max_count (30)
  unix_listener "auth-worker" { mode = "0600", user = "$default_internal_user" },
}
