--- synonyms: what other programs call a setting.
-- `aliases` are accepted: the names that Dovecot 2.4 gave to settings of the documentation.
-- `foreign` are refused with the name that is used here. Keys are in lower case.

local M = {}

--- scope -> name -> the setting it is
M.aliases = {
  global = {
    default_idle_kill_interval = "default_idle_kill",
  },
  service = {
    restart_request_count = "service_count",
    service_restart_request_count = "service_count",
    idle_kill_interval = "idle_kill",
    service_idle_kill_interval = "idle_kill",
  },
  inet_listener = { listen = "address" },
  unix_listener = {},
}

--- Dovecot 2.4 also writes the block's name before the setting: service_process_limit,
-- inet_listener_port.
M.prefixes = {
  global = {},
  service = { "service_" },
  inet_listener = { "inet_listener_" },
  unix_listener = { "unix_listener_", "fifo_listener_" },
}

--- scope -> name -> { who says so, the setting here, more words if it is not the same thing }
M.foreign = {
  global = {
    pm = { "php-fpm", "policy", "fpm_static, fpm_dynamic and fpm_ondemand are policies" },
    daemonize = { "php-fpm and uWSGI", nil, "Reeve stays in the foreground" },
    error_log = { "php-fpm", nil, "the log goes to stderr" },
    process_max = { "php-fpm", "default_process_limit" },
    logfile = { "supervisor", nil, "the log goes to stderr" },
    runtimedirectory = { "systemd", "base_dir" },
    user = { "supervisor", "default_internal_user" },
    environment = { "supervisor", "import_environment" },
    mail_privileged_group = { "Dovecot", "privileged_group", "of the services that need it" },
    disable_plaintext_auth = { "Dovecot", nil, "it is for the processes: their own configuration has it" },
    nodaemon = { "supervisor", nil, "Reeve stays in the foreground" },
  },
  service = {
    execstart = { "systemd", "executable" },
    exec = { "other programs", "executable" },
    command = { "supervisor", "executable" },
    cmd = { "other programs", "executable" },
    argv = { "other programs", "executable", "a list { program, argument, … }" },
    args = { "other programs", "executable", "a list { program, argument, … }" },
    program = { "other programs", "executable" },
    user_name = { "other programs", "user" },
    uid = { "uWSGI", "user" },
    gid = { "uWSGI", "group" },
    supplementarygroups = { "systemd", "extra_groups" },
    rootdirectory = { "systemd", "chroot" },
    limitas = { "systemd", "vsz_limit" },
    limit_as = { "uWSGI", "vsz_limit" },
    ["limit-as"] = { "uWSGI", "vsz_limit" },
    memorymax = { "systemd", "vsz_limit", "the address space of one process" },
    memory = { "other programs", "vsz_limit", "the address space of one process" },
    environment = { "systemd and supervisor", "env" },
    workingdirectory = { "systemd", "working_directory" },
    chdir = { "php-fpm and uWSGI", "working_directory" },
    directory = { "supervisor", "working_directory" },
    limitnofile = { "systemd", "rlimits", "rlimits = { nofile = … }" },
    limitnproc = { "systemd", "rlimits", "rlimits = { nproc = … }" },
    limitcore = { "systemd", "rlimits", "rlimits = { core = … }" },
    rlimit_files = { "php-fpm", "rlimits", "rlimits = { nofile = … }" },
    rlimit_core = { "php-fpm", "rlimits", "rlimits = { core = … }" },
    nonewprivileges = { "systemd", "no_new_privs" },
    oomscoreadjust = { "systemd", "oom_score_adj" },
    timeoutstartsec = { "systemd", "start_timeout" },
    timeoutstopsec = { "systemd", "stop_timeout" },
    killsignal = { "systemd", "stop_signal" },
    stopsignal = { "supervisor", "stop_signal" },
    stopwaitsecs = { "supervisor", "kill_after" },
    startsecs = { "supervisor", "start_timeout" },
    numprocs = { "supervisor", "process_min_avail" },
    autostart = { "supervisor", "process_min_avail" },
    autorestart = { "supervisor", "policy", "a failed process is started again anyway" },
    restart = { "systemd", "policy", "a failed process is started again anyway" },
    maxconnections = { "systemd", "process_limit" },
    max_children = { "php-fpm", "process_limit" },
    ["pm.max_children"] = { "php-fpm", "process_limit" },
    max_spare_servers = { "php-fpm", "policy", "fpm_dynamic { max_spare = … }" },
    min_spare_servers = { "php-fpm", "process_min_avail" },
    start_servers = { "php-fpm", "process_min_avail" },
    max_requests = { "php-fpm", "service_count" },
    process_idle_timeout = { "php-fpm", "idle_kill" },
    request_terminate_timeout = { "php-fpm", "policy", "hung { … } ends processes that are busy too long" },
    processes = { "uWSGI", "process_limit" },
    workers = { "uWSGI", "process_limit" },
    cheaper = { "uWSGI", "process_min_avail" },
    ["max-requests"] = { "uWSGI", "service_count" },
    harakiri = { "uWSGI", "policy", "hung { … } ends processes that are busy too long" },
    idle = { "uWSGI", "idle_kill" },
    listen = { "php-fpm", "unix_listener", "write unix_listener \"path\" {…} or inet_listener \"name\" {…}" },
    listenstream = { "systemd", "inet_listener", "write inet_listener \"name\" {…} or unix_listener \"path\" {…}" },
    socket = { "uWSGI", "unix_listener", "write unix_listener \"path\" {…} or inet_listener \"name\" {…}" },
    max_clients = { "other programs", "client_limit" },
    min_avail = { "other programs", "process_min_avail" },
    type_name = { "other programs", "type" },
  },
  inet_listener = {
    listenstream = { "systemd", "port" },
    bind = { "other programs", "address" },
    host = { "other programs", "address" },
    tls = { "other programs", "ssl" },
    reuseport = { "systemd", "reuse_port" },
    so_reuseport = { "other programs", "reuse_port" },
    proxy_protocol = { "other programs", "haproxy" },
  },
  unix_listener = {
    listenstream = { "systemd", "path" },
    socketmode = { "systemd", "mode" },
    socketuser = { "systemd", "user" },
    socketgroup = { "systemd", "group" },
    ["listen.mode"] = { "php-fpm", "mode" },
    ["listen.owner"] = { "php-fpm", "user" },
    ["listen.group"] = { "php-fpm", "group" },
    owner = { "other programs", "user" },
    permissions = { "other programs", "mode" },
    chmod = { "uWSGI and supervisor", "mode" },
    chown = { "uWSGI and supervisor", "user" },
    ["chmod-socket"] = { "uWSGI", "mode" },
    ["chown-socket"] = { "uWSGI", "user" },
  },
}

--- The setting that is meant by an accepted other name, or nil. `has(name)` says whether the scope
-- has a setting.
function M.alias(scope, name, has)
  local known = M.aliases[scope][name]
  if known then return known end
  for _, prefix in ipairs(M.prefixes[scope]) do
    local rest = name:sub(1, #prefix) == prefix and name:sub(#prefix + 1)
    if rest and has(rest) then return rest end
  end
end

--- What to say about another program's name for a setting, or nil.
---@return string|nil hint
function M.hint(scope, name)
  local row = M.foreign[scope][name:lower()]
  if not row then return nil end
  local ours, more = row[2], row[3]
  if not ours then return more end
  return ("Reeve calls this '%s'"):format(ours) .. (more and " (" .. more .. ")" or "")
end

return M
