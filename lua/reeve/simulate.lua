--- Simulating: a trace (reeve.trace) played in virtual time against the production pool (src/pool/pool.c, through
-- reeve.sim) and the production policy host, with the reports that the master sends, at its pace.
--
--   result = simulate.run { trace = t, services = { { name = "imap", settings = {...}, policy = p } }, seed = 1 }
--
-- options of run:
--   trace      reeve.trace.new(...)
--   services   as config.load gives them: name, settings = { name = canonical }, policy. Their policies are run, so
--              each run needs fresh ones where a policy keeps something outside its `st`. The first is the one that
--              records without a service are about
--   policy     the policy between services, as settings { policy = … } of a config gives it
--   seed       an integer (1): of the trace's chance, the model's and s:rand(); the same seed gives the same run
--   policies   name -> constructor | nil, sentence: where the built-in policies come from
--   wall       function(now ms) -> {unix, sec, wday, zone}; without it the trace begins on a Monday at 00:00
--   decisions  function(line): the decision log (reeve.decisions): a line for each vote that changed and each order
--   progress   function(share of the duration): called each second of virtual time
--   log        function(level, text): what policies and the host log
--   guard      reeve.guard, where there is one: a policy that never returns ends the run with a sentence
--
-- A result is { trace = name, seed, duration, services = { report, ... } } in the order of `services`; the fields of a
-- report are in reeve.sim.report. Raises what the trace raises and what is a bug; a policy that fails costs its vote,
-- as in production, and is counted (`failures`).
local decisionlog = require "reeve.sim.decisionlog"
local machine = require "reeve.sim.machine"
local policyhost = require "reeve.policyhost"
local report = require "reeve.sim.report"
local rng = require "reeve.rng"
local sim = require "reeve.sim"
local spec = require "reeve.spec"
local trace = require "reeve.trace"

local simulate = {}

local AHEAD <const> = 512          -- clients that are fed before they come
local CHASE_MOST <const> = 10000   -- turns in one instant: more is a policy and a pool that chase each other
local SLICE_MS <const> = 10000     -- of processor time for a second of virtual time

-- Monday 00:00 at the beginning of time.
local function monday(now)
  local seconds = now // 1000
  return { unix = seconds, sec = seconds % 86400, wday = seconds // 86400 % 7 + 1, zone = "UTC" }
end

---- the guard inside: no deadline of its own (it would depend on the machine), an error as the real one tells it

local function answer(ok, ...)
  if ok then return true, ... end
  return false, (...), "runtime", ""
end

local GUARD = { call = function(_, f, ...) return answer(pcall(f, ...)) end }

---- orders of the host

local function order_table(run)
  local world, order = run.world, {}
  function order.standing(msg) world:standing(msg.svc, msg) end
  function order.retire(msg) world:retire(msg.process, msg.deadline) end
  function order.kill(msg) world:kill(msg.process) end
  function order.quarantine(msg) table.insert(run.reports[msg.svc].quarantined, msg.text) end
  return setmetatable(order, { __index = function() return function() end end }) -- others are no business of a pool
end

---- making a run

local function whole(settings, name) return math.tointeger(tonumber(settings[name])) end

local function add_service(run, i, definition)
  local settings = definition.settings
  if settings.contract ~= "reeve" and settings.contract ~= "dovecot" then
    error(("service %s has contract = %q: its processes do not say how many clients they have, so there is nothing to "
      .. "simulate"):format(definition.name, settings.contract), 0)
  end
  run.world:limits(i, { process_limit = whole(settings, "process_limit"),
    client_limit = whole(settings, "client_limit"), service_count = whole(settings, "service_count"),
    target_ms = math.ceil(run.trace.target * 1000) })
  run.models[i] = setmetatable({}, { __index = run.trace.model })
  run.numbers[definition.name] = i
  run.reports[i] = report.new(definition.name, run.trace.duration)
  simulate.set_model(run, i, {})
end

--- The model of service i changes: `fields` of trace.MODEL.
function simulate.set_model(run, i, fields)
  local model, all = run.models[i], {}
  for name in pairs(trace.MODEL) do
    if fields[name] ~= nil then model[name] = fields[name] end
    all[name] = model[name]
  end
  for _, name in ipairs { "cpus", "backlog", "retries" } do all[name] = math.floor(math.min(all[name], 4294967295)) end
  run.world:model(i, all)
  if fields.mem_total then machine.total(run, fields.mem_total) end
end

local function logger(run, sink)
  local function write(level)
    return function(format, ...)
      if level == "error" then run.failures = run.failures + 1 end
      if sink then sink(level, format:format(...)) end
    end
  end
  return { debug = write "debug", info = write "info", warn = write "warn", error = write "error" }
end

local function new_host(run, options)
  local log, order = options.decisions and decisionlog.new(options.decisions), order_table(run)
  local host = policyhost.new { order = log and log.watch(order) or order, guard = GUARD, spec = spec,
    log = logger(run, options.log), seed = options.seed or 1, wall = options.wall or monday,
    now = function() return 0 end, mark = options.guard and function(text) run.mark = text end or nil,
    policies = options.policies }
  host.tap = log or host.tap
  return host
end

local function new_run(options)
  local seed, services = options.seed or 1, options.services
  local generator = { state = rng.seed("trace", seed) }
  local run = { trace = options.trace, seed = seed, now = 0, models = {}, numbers = {}, reports = {}, failures = 0,
    progress = options.progress, stop = math.floor(options.trace.duration * 1e6), turns = 0, second = 1000000 }
  run.next_record = run.trace.records(function() return rng.next(generator) end)
  run.world = sim.new(rng.seed("world", seed), #services)
  machine.total(run, run.trace.model.mem_total)
  for i, definition in ipairs(services) do add_service(run, i, definition) end
  run.host = new_host(run, options)
  run.host:define { services = services, policy = options.policy }
  run.host:report("begin", { generation = 1, now = 0, master_pid = 1, resumed = false })
  machine.sample(run)
  run.world:report_all()
  return run
end

---- records

local function service_of(run, record)
  if record.service == nil then return 1 end
  return run.numbers[record.service]
end

-- What is not a client happens between two stretches of time.
local happens = {}

function happens.crash(run, i, record) run.world:crash(i, record.n or 1) end
function happens.model(run, i, record) simulate.set_model(run, i, record) end
function happens.reload(run, i) run.world:renew(i) end
function happens.host(run, _, record) machine.tenants(run, record) end

function happens.operator(run, i, record)
  local verb, name = record.verb, run.reports[i].name
  if verb == "stop" or verb == "start" then run.world:stop(i, verb == "stop") end
  if verb == "reset" or verb == "start" or verb == "restart" then run.world:reset(i) end
  if verb == "restart" then run.world:renew(i) end
  if verb == "scale" then
    run.host:override(name, { at_least = record.at_least, at_most = record.at_most, ["until"] = record["until"] })
  else
    run.host:operator(name, verb)
  end
end

local function pull(run)
  local record = run.next_record()
  if not record then
    run.ended = true
    return nil
  end
  if not record.at or record.at < (run.last_at or 0) then
    error(("trace %s: a record at %s after one at %s: times must not fall"):format(run.trace.name,
      tostring(record.at), tostring(run.last_at)), 0)
  end
  run.last_at = record.at
  return record
end

local function feed_client(run, i, c)
  local stay = c.stay
  if not (type(stay) == "number" and stay >= 0) then
    error(("trace %s: a client at %g with stay = %s: seconds are wanted"):format(run.trace.name, c.at,
      tostring(stay)), 0)
  end
  run.world:client(i, c.at, stay, c.patience or run.models[i].patience, c.leak or -1, c.crash, c.hostile)
end

local function copy_of(run, record)
  local good, sentence = trace.check_record(record)
  if not good then error(("trace %s: %s"):format(run.trace.name, sentence), 0) end
  local copy = {}
  for name, value in pairs(record) do copy[name] = value end
  return copy
end

-- Feeds clients up to the next other record. Sets run.fed, up to when (us) time may pass.
local function feed(run)
  for _ = 1, AHEAD do
    local record = pull(run)
    if not record then
      run.fed = run.stop
      return
    end
    local i = service_of(run, record)
    if record.kind == "client" then
      if i then feed_client(run, i, record) end
    elseif i or record.kind == "host" then
      run.special, run.fed = copy_of(run, record), math.floor(record.at * 1e6 + 0.5)
      return
    end
  end
  run.fed = math.floor(run.last_at * 1e6 + 0.5)
end

---- time

local function deliver(run, timer)
  local host, world, now = run.host, run.world, run.now // 1000
  while true do
    local name, msg = world:report()
    if not name then break end
    if name == "exit" then
      msg.text = msg.signal > 0 and "killed by signal " .. msg.signal or msg.ok and "ended" or "exited with status 1"
    end
    host:report(name, msg)
  end
  if timer then host:timer(now) else host:report("turn", { now = now }); host:turn(now) end
  run.turns = run.turns + 1
end

-- Nothing may go on for ever in one instant.
local function check_progress(run)
  if run.now ~= run.last_instant then
    run.last_instant, run.rounds = run.now, 0
    return
  end
  run.rounds = run.rounds + 1
  if run.rounds > CHASE_MOST then
    error(("policies and pool chase each other at %.3f s"):format(run.now / 1e6), 0)
  end
end

local function each_second(run)
  machine.sample(run)
  for i, into in ipairs(run.reports) do into:second(run.world, i) end
  if run.progress then run.progress(run.now / run.stop) end
  run.second = run.second + 1000000
end

local function special(run)
  local record = run.special
  run.special = nil
  happens[record.kind](run, service_of(run, record), record)
end

-- Time passes to the next thing that is to be done here, and it is done.
local function stretch(run)
  if not run.special and not run.ended and run.now >= (run.fed or 0) then feed(run) end
  local wake = run.host:next_wake() * 1000
  local horizon = math.min(run.second, run.stop, run.fed)
  if wake > 0 and wake < horizon then horizon = math.max(wake, run.now) end
  local news, now = run.world:run(horizon)
  run.now = now
  check_progress(run)
  if news then
    deliver(run)
  elseif wake > 0 and wake <= now then
    deliver(run, true)
  end
  if now >= run.second then each_second(run) end
  if run.special and now >= run.fed and not news then special(run) end
end

local function to_second(run, second)
  while run.now < second and run.now < run.stop do stretch(run) end
end

--- See the top of the file.
function simulate.run(options)
  local run = new_run(options)
  while run.now < run.stop do
    if options.guard then
      local ok, message, kind = options.guard.call(SLICE_MS, to_second, run, run.second)
      if not ok and kind == "deadline" then
        message = ("policy %s does not come to an end at %.3f s of the trace"):format(run.mark, run.now / 1e6)
      end
      if not ok then error(message, 0) end
    else
      to_second(run, run.second)
    end
  end
  local result = { trace = run.trace.name, seed = run.seed, duration = run.trace.duration, turns = run.turns,
    services = run.reports }
  for i, into in ipairs(run.reports) do into:finish(run, i) end
  return result
end

return simulate
