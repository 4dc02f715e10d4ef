---@meta
--- What the words of a config are, for editors (lua-language-server). This file is never run.

---@class reeve.Unset
--- The setting has its default, as if it were not written.
---@type reeve.Unset
unset = {}

---@alias reeve.Duration string|0 # "500ms", "60s", "5min", "1h", "1d", "1min 30s", "never"
---@alias reeve.Size string|0 # "64K", "256M", "1G" (powers of 1024), "unlimited"
---@alias reeve.Mode string|0 # "0660"; 0 disables the listener
---@alias reeve.Count integer|"unlimited"
---@alias reeve.Id string # a name, or "#1000"
---@alias reeve.Words string|string[] # "a b" or { "a", "b" }

---@class reeve.Listener
---@class reeve.Policy

---@class reeve.Settings
---@field base_dir? string directory of the sockets and the lock; relative paths start here
---@field libexec_dir? string where a relative executable is looked for; unset: base_dir
---@field protocols? reeve.Words names of the protocols that are enabled
---@field listen? reeve.Words addresses of an inet_listener that names none: * is all IPv4, :: all IPv6
---@field default_client_limit? reeve.Count
---@field default_process_limit? reeve.Count
---@field default_idle_kill? reeve.Duration
---@field default_vsz_limit? reeve.Size
---@field default_internal_user? reeve.Id
---@field default_login_user? reeve.Id
---@field default_internal_group? reeve.Id
---@field import_environment? reeve.Words NAME, or NAME=value
---@field engine_user? reeve.Id
---@field engine_timeout? reeve.Duration
---@field ssl? boolean|"required" false removes the inet_listeners with ssl = true
---@field ssl_cert? reeve.Words PEM files with certificates and their chains, for reeve-tls(8)
---@field ssl_key? reeve.Words their private keys, in the same order
---@field haproxy_trusted_networks? reeve.Words who may connect to listeners with haproxy = true
---@field haproxy_timeout? reeve.Duration
---@field shutdown_clients? boolean false: processes with clients outlive the daemon
---@field auth_worker_max_count? reeve.Count
---@field log_path? string a file, "/dev/stderr", "syslog" or "journald"
---@field info_log_path? string unset: log_path
---@field debug_log_path? string unset: info_log_path
---@field log_timestamp? string strftime; unset: RFC 3339
---@field log_format? "text"|"json"
---@field syslog_facility? string
---@field instance_name? string
---@field log_debug? string
---@field verbose_proctitle? boolean
---@field stats_writer_socket_path? string
---@field stop_timeout? reeve.Duration
---@field policy? reeve.Policy|function|table policies between services: budget { processes = 600 }
---@field fork_budget? reeve.Count starts of processes a second; 0: no limit
---@field control? reeve.Control who may talk to the daemon, and the file of its socket

---@class reeve.Control
---@field admins? reeve.Words users and @groups; root and the daemon's own user are admins anyway
---@field operators? reeve.Words may start, stop, scale, reload
---@field observers? reeve.Words may look
---@field mode? reeve.Mode of <base_dir>/control; unset: "0600", with a group "0660", with lists "0666"
---@field user? reeve.Id
---@field group? reeve.Id
---@field state_dir? string directory of the recording
---@field record? { size: reeve.Size }|false ring file of what policies were told and decided; false: none

---@class reeve.Service
---@field use? table|table[] tables of settings, used where the service itself writes none; the first wins
---@field description? string
---@field executable string|string[] "program argument" or { "program", "argument" }; never a shell
---@field contract? "reeve"|"dovecot"|"systemd"|"inetd"|"plain"
---@field wait? boolean contract inetd: the process gets the listener, not a connection
---@field ready? string "status", "notify", "fd", "tcp:127.0.0.1:8080", "unix:PATH", "pidfile:PATH"
---@field alive? string "tcp:127.0.0.1:8080" or "unix:PATH": must answer while a process runs
---@field alive_every? reeve.Duration
---@field watchdog? reeve.Duration the longest time between two WATCHDOG=1 of sd_notify
---@field fd_store? reeve.Count descriptors that processes may leave for those after them
---@field per_source_limit? reeve.Count contract inetd: connections of one source at a time; 0: no limit
---@field after? reeve.Words services that must be up before this one starts
---@field requires? reeve.Words as after, and it stops and starts with them
---@field type? ""|"startup"|"login"|"worker"|"log"|"config"|"anvil"
---@field protocol? string
---@field user? reeve.Id
---@field group? reeve.Id
---@field extra_groups? reeve.Words
---@field privileged_group? reeve.Id with drop_priv_before_exec = false
---@field chroot? string
---@field drop_priv_before_exec? boolean
---@field working_directory? string unset: base_dir, or / of the chroot
---@field umask? reeve.Mode
---@field rlimits? table<string, integer|string> { nofile = 4096, core = 0, stack = "8M" }
---@field nice? integer -20 to 19
---@field oom_score_adj? integer -1000 to 1000
---@field no_new_privs? boolean
---@field env? table<string, string|integer>
---@field open_files? table<string, string> files that root opens for the processes: REEVE_FILE_NAME
---@field client_limit? reeve.Count
---@field service_count? reeve.Count
---@field process_limit? reeve.Count
---@field process_min_avail? reeve.Count
---@field idle_kill? reeve.Duration
---@field vsz_limit? reeve.Size
---@field every? reeve.Duration type startup: runs again this long after its start
---@field log_rate? reeve.Count lines a second; 0: no limit
---@field log_overflow? "block"|"drop"
---@field start_timeout? reeve.Duration
---@field stop_timeout? reeve.Duration
---@field stop_signal? string
---@field mode_signal? ""|"USR1"|"USR2"|"HUP" tells living processes that the mode has changed
---@field kill_after? reeve.Duration
---@field policy? reeve.Policy|function|table added to the built-ins
---@field [integer] reeve.Listener|reeve.Listener[]|false

---@class reeve.InetListener
---@field port integer 0 disables the listener
---@field name? string
---@field address? reeve.Words
---@field ssl? boolean
---@field ssl_cert? reeve.Words
---@field ssl_key? reeve.Words
---@field haproxy? boolean
---@field send_proxy? boolean reeve-tls(8) tells the processes who the client is
---@field reuse_port? boolean

---@class reeve.PathListener
---@field path? string relative to base_dir; unset: its name
---@field user? reeve.Id
---@field group? reeve.Id
---@field mode? reeve.Mode

--- Global settings. May stand anywhere and several times, each setting once.
---@param options reeve.Settings
function settings(options) end

--- A service: service "name" { … }
---@param name string
---@return fun(options: reeve.Service)
function service(name) end

--- A TCP socket of the service it stands in: inet_listener "name" { port = 80 }
---@param name string
---@return fun(options: reeve.InetListener): reeve.Listener
function inet_listener(name) end

--- A unix socket of the service it stands in: unix_listener "path" { mode = "0660" }
---@param path string
---@return fun(options: reeve.PathListener): reeve.Listener
function unix_listener(path) end

--- A fifo of the service it stands in.
---@param path string
---@return fun(options: reeve.PathListener): reeve.Listener
function fifo_listener(path) end

--- Reads other files, in the order of their names. Relative to the directory of this file.
---@param pattern string "conf.d/*.lua"
function include(pattern) end

--- What a module below the config's directory returns: require "site.web" is site/web.lua.
---@param name string
---@return any
function require(name) end

--- An environment variable. An unset one without default is an error.
---@param name string
---@param default? any
---@return any
function getenv(name, default) end

--- How many CPUs this machine has.
---@return integer
function cpus() end

--- The text of a file in $CREDENTIALS_DIRECTORY, without a newline at its end.
---@param name string
---@return string
function credential(name) end

--- Defines a policy of one's own: policy "name" (function(options) … return policy end)
---@param name string
---@return fun(constructor: fun(options: any): reeve.Policy|function|table)
function policy(name) end

--- These policies instead of the built-ins.
---@param policies table
---@return reeve.Policy
function only(policies) end

--- All of these policies; a list is the same.
---@param policies table
---@return reeve.Policy
function all(policies) end

--- What a policy, `reeve eval` and the console may read of a service. Nil: nobody knows (reeve-policy(7)).
---@class reeve.Facts
---@field name string its name in the config
---@field type string "" is an ordinary service; startup, login, worker, log, config, anvil
---@field contract string how a process learns its sockets and reports
---@field generation integer raised by each restart and each reload that renews it
---@field stopped boolean by an operator
---@field live integer processes that are starting, idle or busy
---@field starting integer processes that have not reported yet
---@field idle integer processes without a client
---@field busy integer processes with clients
---@field leaving integer idle processes that were asked to go
---@field avail integer processes that can take another client
---@field draining integer processes that finish their clients and take no others
---@field old integer live processes of earlier generations
---@field clients? integer clients that are connected
---@field waiting integer clients in the queues of the listeners
---@field wait_oldest number seconds since the queues were empty
---@field arrivals integer clients that came, ever
---@field served? integer clients that were served, ever
---@field starts integer processes that were started, ever
---@field start_failures integer starts that failed, ever
---@field exits integer processes that ended, ever
---@field crashes integer processes that ended badly, ever
---@field dropped integer waiting clients that were let go, ever
---@field last_failure? string the last thing that went wrong, in words
---@field last_exits table[] the last five exits, newest first
---@field throttled_until number no start before this time of now, after failed starts
---@field hold_ms integer how long no process will be started
---@field boot_mean? number seconds from start to ready, on average
---@field service_mean? number seconds a client stays, on average
---@field service_cv2? number how much that varies: variance / mean squared
---@field private_mean? number memory of a process that is its own, bytes, on average
---@field settings table the settings in force
---@field processes reeve.ProcessFacts[] its processes, by id
---@field standing table the votes of all policies, met
---@field override? table what an operator has set by hand
---@field services table<string, reeve.Facts> the other services
---@field host table the machine
---@field now number seconds, of a clock that only goes forward
---@field wall table the time of day
---@field avg fun(s: reeve.Facts, gauge: string, seconds: number): number?
---@field min fun(s: reeve.Facts, gauge: string, seconds: number): number?
---@field max fun(s: reeve.Facts, gauge: string, seconds: number): number?
---@field rate fun(s: reeve.Facts, counter: string, seconds: number): number?
---@field series fun(s: reeve.Facts, gauge: string, step: integer, n: integer): number[]?
---@field rand fun(s: reeve.Facts): number

---@class reeve.ProcessFacts
---@field id integer never used twice
---@field pid integer of the kernel
---@field generation integer of the service when it was started
---@field state string starting, idle, busy, leaving or draining
---@field age number seconds
---@field idle_for? number seconds
---@field busy_for? number seconds
---@field clients? integer it has now
---@field served? integer clients, ever
---@field available integer clients it can still take
---@field rss? integer memory, bytes
---@field private? integer memory that is its own, bytes
---@field cpu? number share of one cpu
---@field jitter number from 0 to 1, always the same for this process
