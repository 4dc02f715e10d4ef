-- The documented example of type startup: a job at the start of the daemon. Dovecot before 2.3 made the parameters of
-- Diffie-Hellman so; today they are a file (ssl_dh in dovecot.conf). Where DOVECOT_DH names a file this makes it, and
-- anew every week; it takes some minutes. Without it there is no such service.
local dh = getenv("DOVECOT_DH", "")
if dh ~= "" then
  service "ssl-params" {
    description = "makes " .. dh,
    executable = { "/usr/bin/openssl", "dhparam", "-out", dh, "2048" },
    contract = "plain", type = "startup", -- one process at the start, which ends with status 0
    user = "root", nice = 19,
    every = "7d",
  }
end
