---@meta
--- What a policy reads and votes, for editors (lua-language-server). This file is never run; its fields are those of
--- reeve.api, which help and reeve-policy(7) are made of.

--- What a policy knows of its service: `s`.
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
---@field last_exits reeve.Exit[] the last five exits, newest first
---@field throttled_until number no start before this time of now, after failed starts
---@field hold_ms integer how long no process will be started
---@field boot_mean? number seconds from start to ready, on average
---@field service_mean? number seconds a client stays, on average
---@field service_cv2? number how much that varies: variance / mean squared
---@field private_mean? number memory of a process that is its own, bytes, on average
---@field settings table<string, any> the settings in force
---@field processes reeve.Process[] its processes, by id
---@field standing reeve.Vote the votes of all policies, met
---@field override? reeve.Override what an operator has set by hand
---@field services table<string, reeve.Facts> the other services
---@field host reeve.Host the machine
---@field now number seconds, of a clock that only goes forward
---@field wall reeve.Wall the time of day
---@field avg fun(self, gauge: reeve.Gauge, seconds: number): number? average over a window, up to 600 s
---@field min fun(self, gauge: reeve.Gauge, seconds: number): number? the least of a window
---@field max fun(self, gauge: reeve.Gauge, seconds: number): number? the most of a window
---@field rate fun(self, counter: reeve.Counter, seconds: number): number? per second
---@field rand fun(self): number from 0 to 1, the same in a replay

--- One process: `p`.
---@class reeve.Process
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

--- How a process ended.
---@class reeve.Exit
---@field id integer of the process
---@field ok boolean status 0
---@field asked boolean by us
---@field stage string startup, serving or draining
---@field code integer exit status
---@field signal integer that killed it; 0: none
---@field age number seconds it lived
---@field served integer clients
---@field clients_lost integer that it had at its end
---@field text string all that in words
---@field generation integer of the process
---@field at number when, on the clock of now

--- The machine: s.host.
---@class reeve.Host
---@field mem_total? integer bytes
---@field mem_avail? integer bytes
---@field psi_full? number pressure on memory
---@field psi_cpu? number pressure on the cpus
---@field load? number of one minute
---@field ncpu? integer cpus

--- The time of day: s.wall.
---@class reeve.Wall
---@field unix integer seconds since 1970
---@field sec integer seconds since local midnight
---@field wday integer 1 is Monday
---@field zone string of the time

--- What an operator has set by hand: s.override.
---@class reeve.Override
---@field at_least? integer floor
---@field at_most? integer ceiling
---@field until? number when it ends, on the clock of now

--- What a policy returns; every field may be left out.
---@class reeve.Vote
---@field at_least? integer floor on live processes
---@field spare? integer floor on processes that can take a client
---@field at_most? integer ceiling on live processes
---@field on_demand? boolean start one process per waiting client
---@field shrink_to? integer idle processes beyond this may go
---@field burst? integer most starts in one step
---@field hold? number no start before this time
---@field throttle? table { first, most }: delays after failed starts
---@field retire? table { [id] = deadline or false }: take no more clients, finish, end
---@field kill? table { [id] = true }: now
---@field mode? string normal, stress or shed
---@field wake? number ask again at this time
---@field why? string for people

---@alias reeve.Gauge "live"|"idle"|"busy"|"avail"|"waiting"|"clients"|"draining"
---@alias reeve.Counter "arrivals"|"starts"|"start_failures"|"exits"|"crashes"|"served"|"dropped"

---@alias reeve.EventKind
---| "start"
---| "stop"
---| "spawn"
---| "ready"
---| "status"
---| "demand"
---| "limit"
---| "exit"
---| "start_failed"
---| "fork_failed"
---| "sample"
---| "pressure"
---| "tick"
---| "reload"
---| "operator"

--- Why a policy is asked. An exit event has the fields of reeve.Exit, too.
---@class reeve.Event: reeve.Exit
---@field kind reeve.EventKind

--- A policy: a function, or a table of hooks by the kind of event.
---@alias reeve.PolicyFunction fun(s: reeve.Facts, ev: reeve.Event, st: table): reeve.Vote?

--- The daemon's log.
---@class reeve.Log
---@field debug fun(format: string, ...: any)
---@field info fun(format: string, ...: any)
---@field warn fun(format: string, ...: any)
---@field error fun(format: string, ...: any)
log = {}

-- ---- the shipped policies, as words of a config

--- the idle server maintenance of Apache httpd's prefork MPM. Use it as `only { apache_prefork {...}
---@param options? table
---@return reeve.Policy
function apache_prefork(options) end

--- a crash loop is not fed. Closed -> open (no starts; the delay doubles, with jitter) -> canary (one
---@param options? table
---@return reeve.Policy
function breaker(options) end

--- shares processes and memory out between services, as ceilings. Use it as settings { policy = budget {...} }.
---@param options? table
---@return reeve.Policy
function budget(options) end

--- the fewest processes with which at most a share `miss` of clients waits longer than `target`.
---@param options? table
---@return reeve.Policy
function erlang(options) end

--- php-fpm's pm = dynamic. Use it as `only { fpm_dynamic {...} }`.
---@param options? table
---@return reeve.Policy
function fpm_dynamic(options) end

--- php-fpm's pm = ondemand. Use it as `only { fpm_ondemand {...} }`.
---@param options? table
---@return reeve.Policy
function fpm_ondemand(options) end

--- php-fpm's pm = static: max_children processes, always. Use it as `only { fpm_static {...} }`.
---@param options? table
---@return reeve.Policy
function fpm_static(options) end

--- a floor by the clock, raised early so that it is warm on the hour. (KEDA's cron scaler, as a floor only: it
---@param options? table
---@return reeve.Policy
function hours(options) end

--- kill processes that have been busy for too long.
---@param options? table
---@return reeve.Policy
function hung(options) end

--- the recommended default for busy pools: `policy = hybrid {}`.
---@param options? table
---@return reeve.Policy
function hybrid(options) end

--- let the surplus of idle processes go. Built in; the setting idle_kill is the interval.
---@param options? table
---@return reeve.Policy
function idle_kill(options) end

--- Knative's pod autoscaler (KPA) for processes. Use it as `only { knative {...} }`.
---@param options? table
---@return reeve.Policy
function knative(options) end

--- replace processes that have served many clients, one at a time.
---@param options? table
---@return reeve.Policy
function max_requests(options) end

--- replace processes that have grown fat, one at a time; shed idle ones while the machine is short of memory.
---@param options? table
---@return reeve.Policy
function memory(options) end

--- keep process_min_avail processes able to take clients. Built in.
---@param options? table
---@return reeve.Policy
function min_avail(options) end

--- a client waits and no process has room: start one for each client that waits. Built in.
---@param options? table
---@return reeve.Policy
function on_demand(options) end

--- replace the processes of an older generation, in batches, new ones up before old ones go. Built in.
---@param options? table
---@return reeve.Policy
function rolling(options) end

--- how long starts wait after a failed one. Built in.
---@param options? table
---@return reeve.Policy
function throttle(options) end

--- uWSGI's cheaper-algo = backlog. Use it as `only { uwsgi_backlog {...} }`.
---@param options? table
---@return reeve.Policy
function uwsgi_backlog(options) end

--- uWSGI's cheaper-algo = busyness. Use it as `only { uwsgi_busyness {...} }`.
---@param options? table
---@return reeve.Policy
function uwsgi_busyness(options) end

--- uWSGI's cheaper-algo = spare. Use it as `only { uwsgi_spare {...} }`.
---@param options? table
---@return reeve.Policy
function uwsgi_spare(options) end
