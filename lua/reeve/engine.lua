--- engine: the trusted top of the policy engine. C calls the functions of the table returned here
-- (docs/HOUSE.md); it greets the master, loads the config, gives up its privileges and then hands
-- every report to the policies. An error here ends the process, and the master starts another.

local M = {}

local guard = require "reeve.guard"
local lock = require "reeve.lock"
local log = require "reeve.log"
local memory = require "reeve.memory"
local time = require "reeve.time"
local wire = require "reeve.wire"

local answers = require "reeve.answers"
local openings = require "reeve.doors"
local plans = require "reeve.plan"
local roles = require "reeve.roles"
local sandbox = require "reeve.sandbox"

local EX_USAGE, EX_SOFTWARE, EX_IOERR, EX_CONFIG = 64, 70, 74, 78
local RECORD_EVERY_MS = 100 -- between two sums of the policies' tables in the recording
local SAVE_SHARE = 20 -- saving takes at most one part in this many of a processor
local TEXT_MAX = 60000 -- of one message

local arg             -- how we were called
local world           -- the recorder of everything asked outside
local plan, host, control, sampler
local on = {}         -- what to do with each report of wire.def
local constructors    -- of policies, by name
local recorder, events
local fds = {}        -- the control socket and the recording, until `begin`
local begun = {}      -- what `begin` said
local saved = { due = 0, recorded = 0, text = nil }

-- ---- the world, as the config may ask about it

local function doors() return openings.new(world, arg.lua_dir) end

-- ---- loading

local function say_lines(say, text)
  for line in text:gmatch "[^\n]+" do say("%s", line) end
end

local function refuse_plan(config, problems)
  local stays = begun.generation > 0 and ("generation %d stays in force"):format(begun.generation) or ""
  local text, errors = config.format(problems, "text", stays), 0
  for _, problem in ipairs(problems) do
    if problem.severity == "error" then errors = errors + 1 end
  end
  if #text > TEXT_MAX then text = text:sub(1, TEXT_MAX) .. "\n... (more than fits)\n" end
  wire.order.plan_failed { errors = math.max(errors, 1), text = (text:gsub("%z", "?")) }
  return EX_CONFIG
end

-- A dovecot.conf that Dovecot's programs would refuse is none to reload: those that run go on. At a start it is said.
local function dovecot_conf(found)
  if world.replays or found.globals.doveadm ~= "1" then return nil end
  return require "reeve.compat.doveconf".complaint(found, begun.generation > 0 and "error" or "warning")
end

local function load_plan()
  local config, opts = require "reeve.config", doors()
  opts.file, opts.base_dir, opts.daemon = arg.config, arg.base_dir, arg.daemon
  local found, notes = config.load(opts)
  if not found then return refuse_plan(config, notes) end
  local complaint = dovecot_conf(found)
  if complaint and complaint.severity == "error" then return refuse_plan(config, { complaint }) end
  if complaint then say_lines(log.warn, config.format({ complaint }, "line")) end
  plan = found
  constructors = openings.built_ins(opts)
  sandbox.config_is_read()
  if notes and #notes > 0 and not world.replays then say_lines(log.warn, config.format(notes, "text")) end
  local uid, gid = plans.engine_ids(plan, opts.names)
  plans.send(plan, wire.order)
  wire.order.plan_end {
    services = #plan.services, engine_uid = uid, engine_gid = gid, bundle = memory.bundle(world:pack()),
  }
end

function on.welcome(m)
  if m.hash ~= wire.hash then
    log.error "the master is of another build: restart the daemon to use this one"
    return EX_SOFTWARE
  end
  begun.generation = m.generation
  if m.has_bundle then return nil end
  world = answers.new()
  return load_plan()
end

function on.bundle(m)
  world = answers.unpack(memory.read(m.fd))
  return load_plan()
end

-- ---- locking

-- After this a file cannot be opened, and trying would at best fail.
local function forget_the_disk()
  package.searchers = { package.searchers[1], function(name)
    error(("module '%s' was not loaded before lock-down"):format(name), 0)
  end }
  _G.io, _G.dofile, _G.loadfile = nil, nil, nil
  rawset(package, "loadlib", nil)
  _G.os = { time = os.time, date = os.date, clock = os.clock }
end

function on.plan_taken(m)
  require "reeve.control".preload()
  if plan.globals.doveadm == "1" then require "reeve.compat.doveadm" end
  lock.enter { uid = m.uid, gid = m.gid, file_most = math.tointeger(tonumber(plan.globals.record)) }
  forget_the_disk()
  wire.order.locked { pid = lock.pid() }
  wire.flush()
  wire.patient(false)
end

-- ---- running

function on.state(m) memory.state_attach(m.fd) end

function on.tail(m) memory.tail_attach(m.fd) end

function on.control(m) fds.control = m.fd end

function on.doveadm(m) fds.doveadm = m.fd end

local function recording_size() return math.tointeger(tonumber(plan.globals.record)) or 0 end

function on.recording(m)
  if recorder then recorder:take_file(m.fd, recording_size()) else fds.recording = m.fd end
end

-- st of the policies, and the one that killed the last engine
local function remember(resumed, blame)
  local text, why = memory.state_load()
  if text then
    local ok, good, wrong = pcall(host.restore, host, text)
    if not ok then good, wrong = nil, good end
    if not good then log.error("the policies' tables of before are not used: %s", tostring(wrong)) end
  elseif why then
    log.error("the policies' tables of before are lost: %s", why)
  end
  local mark = memory.last_mark()
  if mark and resumed and blame then -- killed from outside, it may have been any policy's turn
    log.warn("policy %s was running when the engine died", mark)
    host:quarantine(mark, "it was running when the engine died")
  end
  memory.mark ""
end

local function about()
  return {
    version = arg.version, generation = begun.generation, master_pid = begun.master_pid,
    engine_pid = lock.pid(),
  }
end

-- Every policy's word and the combinators, for the admin who tries another policy.
local function console_words()
  local words = require "reeve.policywords".new(function() end)
  for name, constructor in pairs(constructors) do words[name] = words[name] or constructor end
  return words
end

-- How the daemon was started, for who evaluates another config in its place; environment: what services inherit.
local function how_started()
  local environment = {}
  for name in plan.globals.import_environment:gmatch "%f[^%s\0][^=%s]+%f[%s\0]" do
    environment[name] = world:ask("getenv", name, function() return nil end) or false
  end
  return { uid = world:ask "uid", gid = world:ask "gid", base_dir = arg.base_dir, daemon = arg.daemon,
    environment = environment }
end

local function open_console()
  local socket, controls = require "reeve.socket", require "reeve.control"
  control = controls.new {
    host = host, plan = plan, send = socket.send, close = socket.close, order = wire.order, log = log,
    role_of = roles.of(plan.control, world:ask("uid")), guard = guard, sandbox = sandbox,
    spec = require "reeve.spec", about = about, words = console_words, now = time.now, wall = time.wall,
    behind = socket.behind, unix = time.unix, tail = memory.tail, started = how_started(),
  }
  if fds.control then socket.listen(fds.control) end
  fds.control = nil
end

local doveadm -- who answers at the socket of Dovecot's own master, where the config has doveadm = true

local function open_doveadm()
  if not fds.doveadm then return end
  local socket = require "reeve.socket"
  doveadm = require "reeve.compat.doveadm".new {
    host = host, plan = plan, order = wire.order, send = socket.send, close = socket.close, log = log,
    role_of = roles.of(plan.control, world:ask("uid")), ask = function(_, f) control:once_known(f) end,
  }
  socket.lines(fds.doveadm)
  fds.doveadm = nil
end

-- What block G of a recording says: all that a replay needs to have the same config and policies.
local function generation_text()
  return require "reeve.state".encode { config = arg.config, base_dir = arg.base_dir, lua_dir = arg.lua_dir,
    version = arg.version, generation = begun.generation, schema = recorder.schema, bundle = world:pack() }
end

-- Events for those who ask for them. It hears of reports before the host's mirror does.
local function new_happenings()
  local services = host.world.services
  return require "reeve.happenings".new {
    wanted = function() return control ~= nil and control:wants_events() end,
    name_of = function(svc) return services[svc] and services[svc].name or "?" end,
    process = function(svc, id) return services[svc] and services[svc].processes[id] end,
    stopped = function(svc) if services[svc] and services[svc].counted then return services[svc].n.stopped end end,
    service_of = function(id)
      for svc, service in ipairs(services) do
        if service.processes[id] then return svc end
      end
      return "?"
    end,
  }
end

-- Whoever comes after the policies have begun finds them recorded.
local function start_recorder()
  recorder:begin(host)
  events = new_happenings()
  recorder.on_decision = function(decision) events:decision(decision) end
  host.tap = require "reeve.taps" { events, recorder }
  if fds.recording then recorder:take_file(fds.recording, recording_size()) end
  fds.recording = nil
end

local function new_recorder()
  local record = require "reeve.record"
  return record.new { recorder = require "reeve.recorder", schema = record.schema(wire.report, wire.types), log = log,
    unix = time.unix, generation = generation_text }
end

local function write_state(text, now)
  if now >= saved.recorded + RECORD_EVERY_MS then
    recorder:saved(text, now)
    saved.recorded = now
  end
  if text == saved.text then return end
  local ok, why = memory.state_save(text)
  if not ok then log.error("the policies' tables are not saved: %s", why) end
  saved.text = text
end

-- At once, unless it costs too much: a killed engine, or one that a reload replaces, loses next to nothing.
local function save(now)
  if now < saved.due and not host.urgent then return end
  local before = os.clock()
  write_state(host:save(), now)
  saved.due = now + math.ceil((os.clock() - before) * 1000 * SAVE_SHARE)
end

-- The one timer: the policies' next wish, the next look at /proc, the save that is due, or a watch of the console.
local function schedule()
  local at = sampler:next_wake()
  for _, other in ipairs { host.unsaved and saved.due or 0, host:next_wake() or 0, control:next_wake() or 0 } do
    if other > 0 and other < at then at = other end
  end
  time.wake(math.max(1, math.ceil(at)))
end

local function deliver_events()
  events:deliver(recorder.turned_at, function(event) control:event(event) end)
end

local function after_policies(now)
  deliver_events()
  if host.unsaved then save(now) end
  control:turn(now)
  schedule()
end

function on.begin(m)
  begun.generation, begun.master_pid = m.generation, m.master_pid
  recorder = new_recorder()
  host = require "reeve.policyhost".new {
    order = recorder:watch(wire.order), guard = guard, log = log, now = time.now, wall = time.wall,
    spec = require "reeve.spec",
    policies = openings.finder(constructors),
    seed = m.generation, mark = memory.mark,
  }
  host:define(plan)
  remember(m.resumed, m.blame)
  host:report("begin", m)
  start_recorder()
  sampler = require "reeve.sampler".new { host = host, proc = require "reeve.proc", now = m.now }
  open_console()
  open_doveadm()
  schedule()
end

function on.ping(m)
  wire.order.pong { seq = m.seq }
end

local FOR_THE_HOST = { "pool", "process", "said", "awaits", "demand", "limit", "exit", "start_failed", "fork_failed",
  "resync" }
for _, name in ipairs(FOR_THE_HOST) do
  on[name] = function(m) host:report(name, m) end
end

function on.turn(m)
  host:turn(m.now)
  after_policies(m.now)
end

function on.synced(m)
  host:at(m.now)
  control:synced(m.seq)
  M.on_timer() -- a verb may have left something to do at once
end

function on.reload_done(m) control:reload_done(m) end

function on.upgrade_done(m) control:upgrade_done(m) end

function on.service_done(m) control:service_done(m) end

function on.stopping(m) control:stopping(m) end

-- For as long as doveadm is here (the master sees to it that it is not for long) this engine stays, and does nothing
-- but answer it: policies, recording and console are the newer one's.
local function stay_for_doveadm()
  require "reeve.socket".deaf()
  control:close_all()
  recorder:close()
  M.on_timer = function() end
end

function on.retired(m)
  if control and control.retired then control:retired(m) end
  if not doveadm or not doveadm:retired() or control.ending then return 0 end
  return stay_for_doveadm()
end

-- ---- what C calls

--- A report of the master. An integer ends the process with it.
function M.report(name, msg) return on[name](msg) end

--- The time asked for with time.wake has come.
function M.on_timer()
  if not host then return end
  local now = time.now()
  sampler:work(now)
  local due = host:next_wake()
  if due and due > 0 and due <= now then
    host:timer(now)
    deliver_events()
  end
  if host.unsaved then save(now) end
  control:turn(now)
  schedule()
end

function M.on_connect(session, peer) control:connect(session, peer) end

function M.on_frame(session, verb, id, payload)
  control:frame(session, verb, id, payload)
  schedule()
end

function M.on_close(session) control:closed(session) end

function M.on_line_connect(session, peer) doveadm:connect(session, peer) end

function M.on_line(session, text) doveadm:line(session, text) end

function M.on_line_close(session)
  if not doveadm:closed(session) and doveadm.is_retired then return 0 end
  return nil
end

-- Both ways: a report without a handler, and a handler without a report.
local function check_handlers()
  for name in pairs(wire.report) do
    assert(on[name], ("wire.def has REPORT(%s), but lua/reeve/engine.lua has no on.%s"):format(name, name))
  end
  for name in pairs(on) do
    assert(wire.report[name], ("lua/reeve/engine.lua has on.%s, but wire.def has no REPORT of it"):format(name))
  end
end

-- ("text"):method() of chunks that are not ours is the sandbox's.
local function seal_strings()
  sandbox.seal_strings { "@" .. arg.lua_dir .. "/", "@/usr/share/lua/", "@/usr/local/share/lua/" }
end

local function serve()
  check_handlers()
  local needed = { "dkjson", "reeve.config", "reeve.policyhost", "reeve.control", "reeve.proc", "reeve.sampler",
    "reeve.record", "reeve.happenings", "reeve.taps" }
  for _, name in ipairs(needed) do require(name) end
  package.path = arg.lua_dir .. "/?.lua"
  seal_strings()
  wire.hello()
end

-- ---- verbs without a running instance

local OF_VERB <const> = { pastwhy = "why", pastevents = "events", planfile = "plan" }

local function context()
  world = answers.new()
  local here = doors()
  here.mkdir = require "reeve.file".mkdir
  return {
    out = function(text) io.stdout:write(text) end,
    err = function(text) io.stderr:write(text) end,
    verb = OF_VERB[arg.verb] or arg.verb, width = arg.width, color = arg.color, json = false,
    spec = require "reeve.spec", here = here,
    version = arg.version, lua_dir = arg.lua_dir, err_is_terminal = arg.err_is_terminal,
  }
end

local function run_verb()
  local name = "reeve.verbs." .. arg.verb
  if not arg.verb:find "^%l+$" or not package.searchpath(name, package.path) then
    io.stderr:write(("reeve-engine: there is no verb '%s' to be run here\n"):format(arg.verb))
    return EX_USAGE
  end
  local ctx = context()
  seal_strings()
  for _, word in ipairs(arg.args) do ctx.json = ctx.json or word == "--json" end
  return require(name)(ctx, arg.args)
end

local function run_script()
  local f, wrong = loadfile(arg.script, "t")
  if not f then
    io.stderr:write(("reeve-engine: %s\n"):format(wrong))
    return EX_USAGE
  end
  return f(table.unpack(arg.args)) or 0
end

--- Mode serve: greets. Mode here: runs a verb or a script and returns its exit code.
function M.main(options)
  arg = options
  if arg.mode == "serve" then return serve() end
  local code = arg.script and run_script() or run_verb()
  local ok, why = io.stdout:flush()
  if ok or code ~= 0 then return code end
  io.stderr:write(("reeve: cannot write: %s\n"):format(why))
  return EX_IOERR
end

return M
