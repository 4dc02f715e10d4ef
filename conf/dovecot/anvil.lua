-- Who is connected, from where, and who guesses passwords. `doveadm who`, `kick` and `penalty` ask it.

service "anvil" {
  contract = "dovecot",
  executable = "anvil", type = "anvil",
  user = "$default_internal_user", chroot = "empty", -- it needs access to nothing
  process_limit = 1, -- one process must know everybody
  process_min_avail = 1, -- it is there before the first client is
  client_limit = 0, -- 1000; each login process and auth stay connected: not below the sum of their process_limits + 2
  idle_kill = "never", -- what it knows would be lost
  unix_listener "anvil-auth-penalty" { mode = "0600" },
  unix_listener "anvil" { mode = "0600" },
}
