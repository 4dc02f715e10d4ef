-- cron-job: something that is to be done now and then, after something else is there.
settings { base_dir = getenv("REEVE_BASE_DIR", "/run/reeve") }

local spool = getenv("SPOOL", "/var/spool/example")

service "prepare" {
  description = "makes the directory, once at the start",
  executable = { "/bin/mkdir", "-p", spool .. "/done" },
  contract = "plain", type = "startup", user = getenv("JOB_USER", "nobody"),
}

service "tidy" {
  description = "moves away what has come in",
  executable = { "/bin/sh", "-c", "find . -maxdepth 1 -type f -exec mv -v -t done {} +" },
  contract = "plain", type = "startup", every = getenv("EVERY", "5min"), after = "prepare",
  working_directory = spool, user = getenv("JOB_USER", "nobody"),
}
