--- synonyms: what other programs call a setting.
-- `aliases` are accepted: the names that Dovecot 2.4 gave to settings of the documentation.
-- `foreign` are refused with the name that is used here.

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

--- program -> scope -> lines: its NAME, what Reeve calls it ("-": nothing; "a,b": the first that this build has),
-- and words that help where it is not the same thing.
M.FAMILIES = {
  systemd = {
    global = [[
      RuntimeDirectory         base_dir
      StateDirectory           state_dir
      LogsDirectory            log_path
      StandardOutput           log_path
      StandardError            log_path
      SyslogFacility           syslog_facility
      SyslogIdentifier         instance_name
      PassEnvironment          import_environment
      WatchdogSec              engine_timeout         of the policy engine
      TimeoutStopSec           stop_timeout ]],
    service = [[
      ExecStart                executable
      ExecStartPre             -                      what must be done first belongs into the program, or into a service of type startup
      ExecStartPost            -                      a policy's hook `ready` hears of each process that is up
      ExecStop                 stop_signal            processes are told to go; write stop_signal where they need a signal
      ExecReload               -                      a reload that changes a service replaces its processes
      DynamicUser              user                   user = "#61000": a number that nobody has
      SupplementaryGroups      extra_groups
      RootDirectory            chroot
      WorkingDirectory         working_directory
      Environment              env
      EnvironmentFile          env                    a config is Lua: require a file that returns a table
      UMask                    umask
      Nice                     nice
      OOMScoreAdjust           oom_score_adj
      NoNewPrivileges          no_new_privs
      CapabilityBoundingSet    capabilities
      AmbientCapabilities      capabilities
      SystemCallFilter         seccomp
      PrivateTmp               isolate                isolate = { "tmp" }
      PrivateDevices           isolate                isolate = { "dev" }
      PrivateNetwork           isolate                isolate = { "net" }
      ProtectSystem            landlock,chroot
      ProtectHome              landlock,chroot
      ReadOnlyPaths            landlock,chroot
      ReadWritePaths           landlock,chroot
      InaccessiblePaths        landlock,chroot
      LimitAS                  vsz_limit
      LimitNOFILE              rlimits                rlimits = { nofile = … }
      LimitNPROC               rlimits                rlimits = { nproc = … }
      LimitCORE                rlimits                rlimits = { core = … }
      LimitSTACK               rlimits                rlimits = { stack = … }
      MemoryMax                memory_max,vsz_limit   of all processes with memory_max, of one with vsz_limit
      MemoryHigh               memory_max,vsz_limit
      MemoryLimit              memory_max,vsz_limit
      TasksMax                 tasks_max,process_limit
      CPUWeight                cpu_weight,nice
      CPUShares                cpu_weight,nice
      TimeoutStartSec          start_timeout
      TimeoutStopSec           stop_timeout
      TimeoutAbortSec          kill_after
      KillSignal               stop_signal
      SendSIGKILL              kill_after
      Restart                  policy                 a failed process is started again anyway
      RestartSec               policy                 throttle { first = …, most = … }
      StartLimitBurst          policy                 breaker { … } stops a crash loop
      StartLimitIntervalSec    policy                 breaker { … } stops a crash loop
      WatchdogSec              watchdog
      NotifyAccess             ready                  ready = "notify"
      FileDescriptorStoreMax   fd_store
      Before                   after                  in the other service
      Wants                    after
      BindsTo                  requires
      PartOf                   requires
      OnFailure                policy                 a policy's hook `exit` hears how each process ended
      OnCalendar               every                  type = "startup", every = "1h"
      OnUnitActiveSec          every                  type = "startup", every = "1h"
      RuntimeMaxSec            policy                 hung { … } ends processes that are busy too long
      StandardOutput           -                      the log of all services goes where log_path in settings { } says
      StandardError            -                      the log of all services goes where log_path in settings { } says
      LogRateLimitBurst        log_rate
      Accept                   contract               contract = "inetd": a process for each connection
      MaxConnections           process_limit
      MaxConnectionsPerSource  per_source_limit
      ListenStream             inet_listener          write inet_listener "name" {…} or unix_listener "path" {…}
      ListenFIFO               fifo_listener          write fifo_listener "path" {…} ]],
    inet_listener = [[
      ListenStream             port
      FileDescriptorName       name
      ReusePort                reuse_port ]],
    unix_listener = [[
      ListenStream             path
      ListenFIFO               path
      SocketMode               mode
      SocketUser               user
      SocketGroup              group ]],
  },
  ["php-fpm"] = {
    global = [[
      pm                       policy                 fpm_static, fpm_dynamic and fpm_ondemand are policies
      daemonize                -                      it stays in the foreground; reeve run --daemon
      pid                      -                      reeve.lock in base_dir has the pid
      error_log                log_path
      log_level                info_log_path          levels go to different files: log_path, info_log_path, debug_log_path
      syslog.facility          syslog_facility
      syslog.ident             instance_name
      process.max              default_process_limit
      process_control_timeout  stop_timeout
      emergency_restart_threshold  policy             breaker { … } stops a crash loop ]],
    service = [[
      pm                       policy                 only { fpm_dynamic { min_spare = …, max_spare = … } }
      pm.max_children          process_limit
      pm.start_servers         process_min_avail
      pm.min_spare_servers     process_min_avail
      pm.max_spare_servers     policy                 fpm_dynamic { max_spare = … }
      pm.max_spawn_rate        policy                 a vote's burst
      pm.process_idle_timeout  idle_kill
      pm.max_requests          service_count
      pm.status_path           -                      reeve status, reeve ps and reeve top show it
      ping.path                alive,ready
      request_terminate_timeout  policy               hung { … } ends processes that are busy too long
      request_slowlog_timeout  -                      a policy sees p.busy_for
      process_control_timeout  stop_timeout
      process.priority         nice
      rlimit_files             rlimits                rlimits = { nofile = … }
      rlimit_core              rlimits                rlimits = { core = … }
      chdir                    working_directory
      clear_env                env                    processes start with an empty environment and env
      catch_workers_output     -                      what processes write to standard error is always logged
      access.log               -                      the program writes it
      listen                   unix_listener          write unix_listener "path" {…} or inet_listener "name" {…} ]],
    inet_listener = "",
    unix_listener = [[
      listen.mode              mode
      listen.owner             user
      listen.group             group ]],
  },
  supervisor = {
    global = [[
      logfile                  log_path
      childlogdir              log_path
      loglevel                 info_log_path          levels go to different files: log_path, info_log_path, debug_log_path
      logfile_maxbytes         -                      use logrotate, and reeve reopen-logs
      nodaemon                 -                      it stays in the foreground anyway
      pidfile                  -                      reeve.lock in base_dir has the pid
      identifier               instance_name
      directory                base_dir
      user                     default_internal_user
      environment              import_environment ]],
    service = [[
      command                  executable
      numprocs                 process_min_avail      and process_limit
      autostart                process_min_avail      0: started when a client comes
      autorestart              policy                 a failed process is started again anyway
      startsecs                start_timeout
      startretries             policy                 breaker { … } stops a crash loop
      exitcodes                -                      status 0 is good; a policy's hook `exit` sees ev.code
      priority                 after
      stopsignal               stop_signal
      stopwaitsecs             stop_timeout           then stop_signal, then kill_after
      stopasgroup              -                      each process is told by itself
      directory                working_directory
      environment              env
      redirect_stderr          -                      standard error is the log
      stdout_logfile           -                      the log of all services goes where log_path in settings { } says
      stderr_logfile           -                      the log of all services goes where log_path in settings { } says
      socket                   unix_listener          write unix_listener "path" {…} or inet_listener "name" {…} ]],
    inet_listener = "",
    unix_listener = [[
      chmod                    mode
      chown                    user ]],
  },
  uWSGI = {
    global = [[
      daemonize                -                      it stays in the foreground; reeve run --daemon
      logto                    log_path
      logger                   log_path
      pidfile                  -                      reeve.lock in base_dir has the pid
      master                   -                      there always is one
      emperor                  -                      include "conf.d/*.lua"
      procname_master          instance_name
      reload_mercy             stop_timeout ]],
    service = [[
      processes                process_limit
      workers                  process_limit
      threads                  client_limit           as many as the program can serve at a time
      cheaper                  process_min_avail
      cheaper_initial          process_min_avail
      cheaper_step             policy                 a vote's burst
      cheaper_algo             policy                 uwsgi_spare, uwsgi_backlog and uwsgi_busyness are policies
      cheaper_rss_limit_soft   policy                 memory { … }
      max_requests             service_count
      max_worker_lifetime      policy                 a policy may retire processes by p.age
      min_worker_lifetime      policy                 throttle { first = … }
      reload_on_rss            policy                 memory { … } replaces fat processes
      evil_reload_on_rss       policy                 memory { … } replaces fat processes
      reload_on_as             vsz_limit
      harakiri                 policy                 hung { … } ends processes that are busy too long
      worker_reload_mercy      stop_timeout
      idle                     idle_kill
      die_on_idle              idle_kill
      limit_as                 vsz_limit
      limit_nproc              rlimits                rlimits = { nproc = … }
      uid                      user
      gid                      group
      add_gid                  extra_groups
      chdir                    working_directory
      priority                 nice
      cap                      capabilities
      lazy_apps                -                      each process starts by itself
      die_on_term              stop_signal
      vacuum                   -                      sockets are removed at the end
      touch_reload             -                      reeve reload, or reeve service restart
      cron                     every                  type = "startup", every = "1h"
      attach_daemon            service                a service of its own
      smart_attach_daemon      service                a service of its own
      socket                   unix_listener          write unix_listener "path" {…} or inet_listener "name" {…}
      http_socket              inet_listener          write inet_listener "name" {…}
      listen                   -                      the queue of a listener is as long as the kernel allows
      stats                    -                      reeve status --json ]],
    inet_listener = [[
      reuse_port               reuse_port ]],
    unix_listener = [[
      chmod_socket             mode
      chown_socket             user ]],
  },
  ["other programs"] = {
    global = [[
      mail_privileged_group    privileged_group       of the services that need it
      disable_plaintext_auth   -                      it is for the processes: their own configuration has it ]],
    service = [[
      exec                     executable
      cmd                      executable
      program                  executable
      argv                     executable             a list { program, argument, … }
      args                     executable             a list { program, argument, … }
      user_name                user
      memory                   vsz_limit              the address space of one process
      cwd                      working_directory
      max_clients              client_limit
      min_avail                process_min_avail
      instances                process_limit
      type_name                type ]],
    inet_listener = [[
      bind                     address
      host                     address
      tls                      ssl
      so_reuseport             reuse_port
      proxy_protocol           haproxy ]],
    unix_listener = [[
      owner                    user
      permissions              mode ]],
  },
}

-- max-requests and pm.max_children are max_requests and, beside pm.max_children, max_children here
local function key_of(name) return (name:lower():gsub("%-", "_")) end

local function read(foreign, text)
  for name, ours, more in text:gmatch "(%S+)[ ]+(%S+)[ ]*([^\n]*)" do
    local row = { ours = ours ~= "-" and ours or nil, more = more:gsub("%s+$", "") }
    for _, key in ipairs { key_of(name), key_of(name):match "^pm%.(.*)$" } do
      foreign[key] = foreign[key] or row
    end
  end
end

--- scope -> name in lower case -> { ours, more }
M.foreign = { global = {}, service = {}, inet_listener = {}, unix_listener = {} }
for _, family in ipairs { "systemd", "php-fpm", "supervisor", "uWSGI", "other programs" } do
  for scope, text in pairs(M.FAMILIES[family]) do read(M.foreign[scope], text) end
end

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

-- words that are no settings
local WORDS = { inet_listener = true, unix_listener = true, fifo_listener = true, service = true, policy = true }

-- the first of "a,b" that this build has
local function present(ours, has)
  for name in ours:gmatch "[^,]+" do
    if WORDS[name] or not has or has(name) then return name end
  end
end

--- What to say about another program's name for a setting, or nil. `has(name)`: whether there is such a setting
-- (without it: all are there).
---@return string|nil hint
function M.hint(scope, name, has)
  local row = M.foreign[scope][key_of(name)]
  if not row then return nil end
  local ours = row.ours and present(row.ours, has)
  if not ours then return row.more ~= "" and row.more or "Reeve has nothing like it" end
  return ("Reeve calls this '%s'"):format(ours) .. (row.more ~= "" and " (" .. row.more .. ")" or "")
end

return M
