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
---@field ssl_min_protocol? "TLSv1.2"|"TLSv1.3" the oldest TLS that reeve-tls(8) speaks
---@field ssl_cipher_list? string ciphers of TLS 1.2, the best first
---@field ssl_ca? reeve.Words PEM files of the authorities whose clients' certificates are good
---@field ssl_verify_client_cert? boolean|"required" clients may, or must, show a certificate
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
---@field doveadm? boolean
---@field stats_writer_socket_path? string
---@field stop_timeout? reeve.Duration
---@field policy? reeve.Policy|function|table policies between services: budget { processes = 600 }
---@field fork_budget? reeve.Count starts of processes a second; 0: no limit
---@field state_dir? string directory of the recording
---@field record? { size: reeve.Size }|false ring file of what policies were told and decided; false: none
---@field control? reeve.Control who may talk to the daemon, and the file of its socket

---@class reeve.Control
---@field admins? reeve.Words users and @groups; root and the daemon's own user are admins anyway
---@field operators? reeve.Words may start, stop, scale, reload
---@field observers? reeve.Words may look
---@field mode? reeve.Mode of <base_dir>/control; unset: "0600", with a group "0660", with lists "0666"
---@field user? reeve.Id
---@field group? reeve.Id

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
---@field ssl_min_protocol? "TLSv1.2"|"TLSv1.3"
---@field ssl_cipher_list? string
---@field ssl_ca? reeve.Words
---@field ssl_verify_client_cert? boolean|"required"
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

-- ---- what policies see and say (docs/POLICIES.md)

---@alias reeve.EventKind
---| "start" # the service begins; a tick follows
---| "stop" # an operator stopped it
---| "reload" # a new config, or a new engine; a tick follows
---| "exit" # a process has gone
---| "start_failed" # a process failed before exec
---| "fork_failed" # the kernel gave no process
---| "spawn" # a process was started
---| "ready" # it has come up
---| "status" # something has changed; once a turn
---| "demand" # a client waits and nobody is available
---| "limit" # process_limit is reached and clients wait
---| "sample" # memory of the processes was read: each second (cpu: every 5 s)
---| "pressure" # memory of the machine got short, or is no longer
---| "tick" # the `wake` of a vote came due
---| "operator" # somebody did something by hand

--- Why a policy is asked. Which fields there are depends on the kind.
---@class reeve.Event
---@field kind reeve.EventKind
---@field id? integer exit, spawn, ready: the process
---@field ok? boolean exit: status 0
---@field asked? boolean exit: by us
---@field stage? "startup"|"serving"|"draining" exit
---@field code? integer exit: the status
---@field signal? integer exit: 0 without one
---@field age? number exit: seconds
---@field served? integer exit: clients in its life
---@field clients_lost? integer exit: clients it had
---@field text? string exit, start_failed: for people
---@field generation? integer exit: of the process
---@field at? number exit: s.now of it
---@field step? string start_failed: such as "chroot"
---@field errno? integer start_failed, fork_failed
---@field waiting? integer demand, limit: clients
---@field short? boolean pressure: whether memory is short now
---@field psi_full? number pressure
---@field mem_avail? integer pressure
---@field verb? "start"|"stop"|"restart"|"drain"|"reset"|"scale" operator
---@field at_least? integer operator, scale
---@field at_most? integer operator, scale
---@field until? number operator, scale: s.now of its end

--- One process. Nil where nobody knows: clients of contract systemd or plain, memory before the first second.
---@class reeve.Process
---@field id integer never used again
---@field pid integer
---@field generation integer
---@field state "starting"|"idle"|"busy"|"leaving"|"draining"
---@field age number seconds
---@field idle_for? number seconds; 0 when it is not idle
---@field busy_for? number seconds; 0 when it is not busy
---@field clients? integer it has now
---@field served? integer clients in its life
---@field available integer clients it can still take
---@field rss? integer bytes
---@field private? integer bytes that it shares with nobody (resident - shared)
---@field cpu? number share of one processor in the last 5 s: 0.5 is half of one
---@field status? string STATUS= of sd_notify
---@field jitter number drawn once, from 0 to 1: so that those that began together need not end together

---@class reeve.Host
---@field mem_total? integer bytes
---@field mem_avail? integer bytes
---@field psi_full? number percent of the last 10 s in which all stood still for want of memory
---@field psi_cpu? number percent of the last 10 s in which somebody waited for a processor
---@field load? number of the last minute
---@field ncpu? integer

---@class reeve.Wall
---@field unix integer seconds since 1970
---@field sec integer seconds since local midnight
---@field wday integer 1 is Monday, 7 Sunday
---@field zone string such as "CET"

---@class reeve.Override
---@field at_least? integer
---@field at_most? integer
---@field until? number s.now of its end

---@alias reeve.Gauge "live"|"idle"|"busy"|"avail"|"waiting"|"clients"|"draining"
---@alias reeve.Counter "arrivals"|"starts"|"start_failures"|"exits"|"crashes"|"served"|"dropped"

--- What is true of a service, for policies, `reeve eval` and the console; read-only. Seconds and bytes; nil: nobody
-- knows. Reading a field that is none is an error.
---@class reeve.Facts
---@field name string
---@field type string
---@field contract string
---@field generation integer raised when its processes must be replaced
---@field settings table<string, any> every setting of the service, numbers in seconds and bytes, never = math.huge
---@field now number seconds, of a clock that never goes back
---@field wall reeve.Wall
---@field stopped boolean by an operator
---@field live integer starting, idle, busy and leaving
---@field starting integer
---@field idle? integer
---@field busy? integer
---@field leaving integer asked to go while idle, not gone yet
---@field draining integer finish their clients and take no more; not live
---@field avail integer able to take another client, starting ones included
---@field old integer live ones of an older generation
---@field clients? integer being served
---@field waiting integer clients in the queues of the listeners, when somebody looked last
---@field wait_oldest number seconds since the queue was last empty
---@field arrivals? integer counted for ever, as all up to dropped
---@field starts integer
---@field start_failures integer
---@field exits integer
---@field crashes integer
---@field served? integer
---@field dropped integer waiting clients that were closed
---@field service_mean? number seconds that a client stays
---@field service_cv2? number squared coefficient of variation of that
---@field boot_mean? number seconds from start to the first status
---@field private_mean? number bytes that a process shares with nobody
---@field processes reeve.Process[] by id
---@field host reeve.Host
---@field services table<string, reeve.Facts> all services of the plan
---@field override? reeve.Override what an operator set by hand
---@field standing reeve.Vote the meet of all votes at the last turn
---@field hold_ms integer how long no process is started
---@field throttled_until number s.now until which failed starts hold starts back
---@field limited_at number|nil s.now when process_limit was last in the way of waiting clients
---@field last_failure? string
---@field waits_for? string the service (`after`, `requires`) that it waits for
---@field last_exits reeve.Event[] five, newest first
local Facts = {}

--- The mean of a gauge over the last seconds (600 at most). Nil: not known.
---@param gauge reeve.Gauge
---@param seconds number
---@return number|nil
function Facts:avg(gauge, seconds) end

---@param gauge reeve.Gauge
---@param seconds number
---@return number|nil
function Facts:min(gauge, seconds) end

---@param gauge reeve.Gauge
---@param seconds number
---@return number|nil
function Facts:max(gauge, seconds) end

--- How many a second, over the last seconds.
---@param counter reeve.Counter
---@param seconds number
---@return number|nil
function Facts:rate(counter, seconds) end

--- The most in each of the last n steps, oldest first.
---@param gauge reeve.Gauge
---@param step number seconds
---@param n integer
---@return number[]|nil
function Facts:series(gauge, step, n) end

--- From 0 to 1: the same in each run with the same seed.
---@return number
function Facts:rand() end

--- What a policy between services sees (settings { policy = ... }).
---@class reeve.AllFacts
---@field now number
---@field wall reeve.Wall
---@field host reeve.Host
---@field services table<string, reeve.Facts>
---@field rand fun(): number

---@class reeve.Throttle
---@field first? number seconds
---@field most? number seconds

--- A few bounds on a pool, each optional. Stands until the policy votes again; nil leaves it, {} withdraws it.
---@class reeve.Vote
---@field at_least? number floor on live processes; the highest of all votes counts
---@field spare? number floor on processes able to take another client; the highest counts
---@field at_most? number ceiling: no growth beyond, idle ones beyond it go; the lowest counts
---@field on_demand? boolean a client waits and nobody is available: start one process for each
---@field shrink_to? number permission: idle ones beyond it may go, longest idle first; the highest counts
---@field burst? number at most so many starts in one step
---@field hold? number no start before this time of s.now, 60 s ahead at most
---@field throttle? reeve.Throttle delays after failed starts; the longest count
---@field retire? table<integer, number|false> { [p.id] = deadline }: finish the clients and go; false: no deadline
---@field kill? table<integer, true> { [p.id] = true }: now
---@field mode? "normal"|"stress"|"shed" REEVE_MODE of new processes, mode_signal to living ones; shed closes who waits
---@field wake? number ask again by this time of s.now
---@field why? string|string[] for `reeve why`, the log and the console

---@alias reeve.PolicyFunction fun(s: reeve.Facts, ev: reeve.Event, st: table): reeve.Vote|nil

--- A table of hooks: those of events, by their kind, are asked at that event alone. Each has a standing vote.
---@class reeve.Hooks
---@field min_avail? fun(s: reeve.Facts): number|nil votes spare = n; asked at every event and each second
---@field idle_kill? fun(s: reeve.Facts, p: reeve.Process): boolean asked for each idle process once a second
---@field run? reeve.PolicyFunction asked at the events of `on`, or at all
---@field on? reeve.EventKind[]
---@field only_while? string a fact: asked only while it is above 0, and in the turn that finds it back at 0
---@field name? string for `reeve why`
---@field version? number of the shape of st
---@field migrate? fun(old: table, version: number): table another version's st in the present shape
---@field global? boolean decides between services: for settings { policy = ... }
---@field only? boolean instead of the built-ins
---@field start? reeve.PolicyFunction
---@field stop? reeve.PolicyFunction
---@field reload? reeve.PolicyFunction
---@field exit? reeve.PolicyFunction
---@field start_failed? reeve.PolicyFunction
---@field fork_failed? reeve.PolicyFunction
---@field spawn? reeve.PolicyFunction
---@field ready? reeve.PolicyFunction
---@field status? reeve.PolicyFunction
---@field demand? reeve.PolicyFunction
---@field limit? reeve.PolicyFunction
---@field sample? reeve.PolicyFunction
---@field pressure? reeve.PolicyFunction
---@field tick? reeve.PolicyFunction
---@field operator? reeve.PolicyFunction
---@field [integer] reeve.AnyPolicy

---@alias reeve.AnyPolicy reeve.PolicyFunction|reeve.Hooks|reeve.Policy|false

--- p is asked only with `tick`, that often; its votes stand in between.
---@param seconds number
---@param policy reeve.AnyPolicy
---@return reeve.Policy
function every(seconds, policy) end

--- The highest floor of p in the last seconds is its shrink_to: nothing shrinks that was wanted a moment ago.
---@param seconds number
---@param policy reeve.AnyPolicy
---@return reeve.Policy
function settle(seconds, policy) end

--- p is always asked, and counts while the predicate holds.
---@param predicate fun(s: reeve.Facts, ev: reeve.Event): boolean
---@param policy reeve.AnyPolicy
---@return reeve.Policy
function when(predicate, policy) end

--- p is asked and shown, and does not count: a dry run in production.
---@param policy reeve.AnyPolicy
---@return reeve.Policy
function shadow(policy) end

--- Both are asked and logged; in a share of the time, by slots of 60 s, the new one counts, else the old one.
---@param new reeve.AnyPolicy
---@param old reeve.AnyPolicy
---@param share number from 0 to 1
---@return reeve.Policy
function canary(new, old, share) end

-- ---- the shipped policies (docs/POLICIES.md says which one to take)

--- Keeps process_min_avail processes able to take clients. Built in.
---@return reeve.Policy
function min_avail() end

--- Starts a process for each client that waits while nobody has room. Built in.
---@return reeve.Policy
function on_demand() end

---@class reeve.IdleKillOptions
---@field style? "2.3" the rule of Dovecot before 2.3.21: each process by its own timer

--- Lets the surplus of idle processes go, by the setting idle_kill. Built in.
---@param options? reeve.IdleKillOptions
---@return reeve.Policy
function idle_kill(options) end

---@class reeve.ThrottleOptions
---@field first? number seconds (default 2)
---@field most? number seconds (default 60)

--- How long starts wait after a failed one: doubled at each. Built in.
---@param options? reeve.ThrottleOptions
---@return reeve.Policy
function throttle(options) end

---@class reeve.RollingOptions
---@field batch? number share of the pool that is replaced at a time, to 1 (default 0.25)

--- Replaces processes of an older generation in batches, new ones up before old ones go. Built in.
---@param options? reeve.RollingOptions
---@return reeve.Policy
function rolling(options) end

---@class reeve.HybridOptions
---@field settle? number seconds that what was wanted stays (default 60)
---@field erlang? reeve.ErlangOptions
---@field breaker? reeve.BreakerOptions
---@field memory? reeve.MemoryOptions

--- The recommended default for busy pools: min_avail, erlang, settle, breaker and memory.
---@param options? reeve.HybridOptions
---@return reeve.Policy
function hybrid(options) end

---@class reeve.ErlangOptions
---@field target? number seconds a client may wait (default 0.2)
---@field miss? number share of clients that may wait longer (default 0.01)
---@field stable? number seconds of the long window (default 60)
---@field fast? number seconds of the short window (default 6)

--- The fewest processes with which few clients wait longer than `target`. It only raises: wrap it in settle(60, …).
---@param options? reeve.ErlangOptions
---@return reeve.Policy
function erlang(options) end

---@class reeve.BreakerOptions
---@field fails? number failures within `window` that open it (default 5)
---@field window? number seconds (default 30)
---@field ratio? number and crashes above this share of the clients served (default 0.5)
---@field base? number seconds of the first delay (default 1)
---@field max? number seconds of the longest (default 60)
---@field bake? number seconds until one process has proved a generation (default 10)
---@field bake_served? number or so many clients served by it (default 20)
---@field forgive? number seconds after which the delay is `base` again (default 600)

--- A crash loop is not fed: no starts for a while, then one process that must prove itself.
---@param options? reeve.BreakerOptions
---@return reeve.Policy
function breaker(options) end

---@class reeve.MemoryOptions
---@field soft? integer|string bytes of its own (or "250M") above which an idle one goes; unset: growth × the smallest
---@field hard? integer|string above which a busy one goes, too; unset: 2 × soft
---@field growth? number times the smallest process (default 2.5)
---@field ahead? number seconds: more go when memory will be short by then, as fast as they grow (default 40)
---@field check? number seconds between looks (default 5)
---@field grace? number seconds that a busy one may finish (default 30)
---@field psi? number percent of full pressure that is too much (default 10)
---@field reserve? number share of all memory below which it is short (default 0.08)
---@field cooldown? number seconds between two sheddings (default 15)

--- Replaces processes that have grown fat, one at a time; sheds idle ones while the machine is short of memory.
---@param options? reeve.MemoryOptions
---@return reeve.Policy
function memory(options) end

---@class reeve.MaxRequestsOptions
---@field n? number clients (default 1000)
---@field jitter? number up to this share more, drawn once for each process (default 0.1)
---@field [1] number|nil n

--- Replaces processes that have served n clients, one at a time: max_requests { n = 5000 } or { 5000 }.
---@param options? reeve.MaxRequestsOptions
---@return reeve.Policy
function max_requests(options) end

---@class reeve.HungOptions
---@field after? number seconds (default 300)
---@field backlog? integer only while at least so many clients wait (default 0)
---@field [1] number|nil after

--- Kills processes that have been busy for too long: hung { after = 300 } or { 300 }. With client_limit = 1.
---@param options? reeve.HungOptions
---@return reeve.Policy
function hung(options) end

---@class reeve.HoursRule
---@field days? string digits, 1 is Monday; unset: every day
---@field from number hour of local time, may have a fraction
---@field to number hour; before `from`: of the next morning
---@field floor number processes

---@class reeve.HoursOptions
---@field lead? number seconds before the hour, so that all is warm then (default 120)
---@field [integer] reeve.HoursRule

--- A floor by the clock: hours { { days = "12345", from = 8, to = 18, floor = 20 }, lead = 120 }
---@param options reeve.HoursOptions
---@return reeve.Policy
function hours(options) end

---@class reeve.BudgetOptions
---@field processes? integer of all services; this, mem, or both
---@field mem? integer|string bytes, or "24G"
---@field reserve? table<string, integer> processes that others cannot take, by service
---@field weight? table<string, number> by service; without: 1

--- Shares processes and memory out between services: settings { policy = budget { processes = 600 } }
---@param options reeve.BudgetOptions
---@return reeve.Policy
function budget(options) end

---@class reeve.FpmStaticOptions
---@field max_children? integer unset: process_limit

--- php-fpm's pm = static, in only { }.
---@param options? reeve.FpmStaticOptions
---@return reeve.Policy
function fpm_static(options) end

---@class reeve.FpmDynamicOptions
---@field min_spare? integer fewest idle ones (default 1)
---@field max_spare? integer most idle ones (default 3)
---@field start_servers? integer unset: the middle of both
---@field max_children? integer unset: process_limit

--- php-fpm's pm = dynamic, in only { }.
---@param options? reeve.FpmDynamicOptions
---@return reeve.Policy
function fpm_dynamic(options) end

---@class reeve.FpmOndemandOptions
---@field process_idle_timeout? number seconds (default 10)
---@field max_children? integer unset: process_limit

--- php-fpm's pm = ondemand, in only { }.
---@param options? reeve.FpmOndemandOptions
---@return reeve.Policy
function fpm_ondemand(options) end

---@class reeve.ApachePreforkOptions
---@field min_spare? integer fewest idle ones (default 5)
---@field max_spare? integer most idle ones (default 10)
---@field start_servers? integer (default 5)
---@field max_workers? integer unset: process_limit

--- The idle server maintenance of Apache httpd's prefork, in only { }.
---@param options? reeve.ApachePreforkOptions
---@return reeve.Policy
function apache_prefork(options) end

---@class reeve.UwsgiSpareOptions
---@field cheaper? integer fewest workers (default 1)
---@field initial? integer unset: cheaper
---@field step? integer workers at a time (default 1)
---@field overload? integer seconds with nobody idle (default 3)
---@field workers? integer unset: process_limit

--- uWSGI's cheaper-algo = spare, in only { }.
---@param options? reeve.UwsgiSpareOptions
---@return reeve.Policy
function uwsgi_spare(options) end

---@class reeve.UwsgiBacklogOptions
---@field cheaper? integer fewest workers (default 1)
---@field initial? integer unset: cheaper
---@field step? integer workers at a time (default 1)
---@field overload? integer clients in the queue (default 3)
---@field workers? integer unset: process_limit

--- uWSGI's cheaper-algo = backlog, in only { }.
---@param options? reeve.UwsgiBacklogOptions
---@return reeve.Policy
function uwsgi_backlog(options) end

---@class reeve.UwsgiBusynessOptions
---@field cheaper? integer fewest workers (default 1)
---@field initial? integer unset: cheaper
---@field step? integer workers at a time (default 1)
---@field overload? integer seconds of a window (default 3)
---@field max? number percent busy above which it grows (default 50)
---@field min? number percent busy below which it shrinks (default 25)
---@field multiplier? number windows before one goes, at first (default 10)
---@field penalty? number how much that grows when the pool flaps (default 2)
---@field backlog_alert? number clients that wait (default 33)
---@field backlog_nonzero? number seconds for which some have waited (default 60)
---@field workers? integer unset: process_limit

--- uWSGI's cheaper-algo = busyness, in only { }.
---@param options? reeve.UwsgiBusynessOptions
---@return reeve.Policy
function uwsgi_busyness(options) end

---@class reeve.KnativeOptions
---@field target? number clients of a process; unset: 0.7 × client_limit
---@field stable? number seconds of the long window (default 60)
---@field panic? number seconds of the short window (default 6)
---@field threshold? number times what is ready, from where it panics (default 2)
---@field scale_down_delay? number seconds (default 0)
---@field grace? number seconds that the last process stays (default 30)

--- Knative's pod autoscaler for processes, in only { }.
---@param options? reeve.KnativeOptions
---@return reeve.Policy
function knative(options) end

--- The log of the daemon; formats as string.format.
log = {}
---@param format string
function log.debug(format, ...) end
---@param format string
function log.info(format, ...) end
---@param format string
function log.warn(format, ...) end
---@param format string
function log.error(format, ...) end
