-- What the examples of this directory share: where they run, and a worker to try policies on.
settings {
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve-policies"),
  libexec_dir = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve"),
  listen = { "127.0.0.1" },
}
