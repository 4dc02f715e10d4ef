-- Dovecot 2.3 under Reeve: its own programs, unmodified, without its master. Every default service is in conf/dovecot/,
-- one family a file, with its limits and why they are so. docs/DOVECOT.md is the guide.
--
--   reeve check -c dovecot.lua; reeve run -c dovecot.lua
--
-- An existing dovecot.conf with services of its own: `reeve import dovecot >reeve.lua` writes all of this for it.
-- What is about mail (mail_location, passdb, ssl_cert, ...) stays in dovecot.conf in either case: the programs read it
-- there through their config process. What is here is what Dovecot's master used to read.

settings {
  -- doveadm and the programs look for each other's sockets here: the base_dir of dovecot.conf
  base_dir = getenv("DOVECOT_BASE_DIR", "/run/dovecot"),
  -- what outlives the daemon: the list of `doveadm instance list`, and Reeve's recording
  state_dir = "/var/lib/dovecot",
  libexec_dir = "/usr/lib/dovecot",

  -- services of other protocols do not exist
  protocols = getenv("DOVECOT_PROTOCOLS", "imap pop3 lmtp"),
  ssl = true,

  default_internal_user = "dovecot",  -- who needs no more than to talk to others
  default_internal_group = "dovecot",
  default_login_user = "dovenull",    -- who talks to strangers: owns nothing, may read nothing

  default_process_limit = 100,
  default_client_limit = 1000,
  default_idle_kill = "60s",
  default_vsz_limit = "256M",         -- a leak ends one process, not the machine

  log_path = "syslog",
  log_timestamp = "%b %d %H:%M:%S ",
  syslog_facility = "mail",
  instance_name = "dovecot",
  import_environment = { "TZ", "CORE_OUTOFMEM", "CORE_ERROR" },

  -- clients may finish for so long when the daemon stops
  stop_timeout = "5s",

  -- be for doveadm what Dovecot's master is: the socket <base_dir>/master, the file <base_dir>/master.pid; and a
  -- reload replaces the processes that have read dovecot.conf
  doveadm = true,
}

include "dovecot/*.lua"
