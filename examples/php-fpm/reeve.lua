-- php-fpm behind a socket of Reeve's: FPM_SOCKETS tells it which descriptor its `listen` is already.
local here = getenv("REEVE_EXAMPLES", "/usr/local/share/reeve/examples") .. "/php-fpm"
local base = getenv("REEVE_BASE_DIR", "/run/reeve-php")

settings { base_dir = base }

service "php" {
  executable = { getenv("REEVE_PHP_FPM", "/usr/sbin/php-fpm8.2"), "--nodaemonize", "--force-stderr",
    "--fpm-config", here .. "/php-fpm.conf" },
  contract = "systemd", ready = "notify", process_limit = 1, stop_signal = "QUIT", -- QUIT: finish, then go
  env = { REEVE_PHP_SOCKET = base .. "/php.sock", FPM_SOCKETS = base .. "/php.sock=3" },
  unix_listener "php.sock" { mode = "0660", group = "www-data" },
}
