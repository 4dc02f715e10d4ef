-- Answers PING with PONG for a load balancer. Without a listener until you give it one:
--   inet_listener "health-check" { port = 5001 }

service "health-check" {
  contract = "dovecot",
  executable = "script -p health-check.sh",
  user = "$default_internal_user",
  drop_priv_before_exec = true, -- a script does not drop them itself
  client_limit = 1,
}
