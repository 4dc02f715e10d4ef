--- Sessions on the control socket: what a client asks and what it is told.
--
-- Frames are described in docs/HOUSE.md. C accepts, reads and bounds them; here is what they mean. One request is a
-- job (reeve.job).

local complete = require "reeve.complete"
local console = require "reeve.console"
local jobs = require "reeve.job"
local print = require "reeve.print"
local roles = require "reeve.roles"

local M = {}
M.__index = M

local JOBS_MAX = 16 -- waiting, in one session
local STRANGERS_MOST = 8 -- connected at a time

-- every LIVE row of src/cli/verbs.def, and the least role that may
local VERBS = {
  events = "observer",
  status = "observer",
  ps = "observer",
  why = "observer",
  security = "observer",
  top = "observer",
  config = "observer",
  service = "operator",
  reload = "operator",
  plan = "operator",
  stop = "operator",
  upgrade = "admin",
  ["reopen-logs"] = "operator",
  eval = "observer", -- its actions need what they say
}
M.VERBS = VERBS

--- Loads everything a client can ask for. To be called before lock-down: later no file can be read.
function M.preload()
  for name in pairs(VERBS) do require("reeve.verbs." .. name) end
end

local silent = setmetatable({}, { __index = function() return function() end end })

--- opts: host, plan, send(session, bytes), close(session), order, role_of(peer) -> role | nil, sentence;
-- guard and sandbox (default: the engine's), log, spec, about() -> { version, generation, master_pid,
-- engine_pid, degraded }, words() -> the words of policies, now() -> ms, wall(), behind(session) -> bytes not yet sent,
-- tail(service) -> the last log lines, as reeve.memory has them, started = { uid, gid, base_dir, daemon, environment }.
function M.new(opts)
  local self = setmetatable({ sessions = {}, strangers = {}, tickets = 0, asked = 0, questions = {} }, M)
  for _, name in ipairs { "host", "plan", "send", "close", "order", "role_of", "spec", "words", "wall" } do
    self[name] = opts[name]
  end
  self.guard = opts.guard or require "reeve.guard"
  self.sandbox = opts.sandbox or require "reeve.sandbox"
  self.log = opts.log or silent
  self.about = opts.about or function() return {} end
  self.now = opts.now or function() return 0 end
  self.behind = opts.behind or function() return 0 end
  self.tail = opts.tail or function() end
  self.started = opts.started or {}
  self.unix = opts.unix or function() return os.time() * 1000 end
  return self
end

local send, finish, step = jobs.frame, jobs.finish, jobs.step

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function refuse(self, session, id, code, sentence)
  send(self, session, "err", id, "reeve: " .. sentence .. "\n")
  send(self, session, "done", id, ("%d"):format(code))
end

-- A new job, or nil: it was refused.
local function new_job(self, session, id, name, least)
  if not roles.may(session.role, least) then
    return refuse(self, session, id, 77, ("%s needs the role %s; yours is %s"):format(name, least, session.role))
  end
  if session.jobs[id] then
    return refuse(self, session, id, 64, ("the id %d is in use by a verb that has not ended"):format(id))
  end
  if count(session.jobs) >= JOBS_MAX then
    return refuse(self, session, id, 75, ("%d verbs of this session are waiting already"):format(JOBS_MAX))
  end
  local job = { session = session, id = id, name = name, sent = 0, json = session.json }
  session.jobs[id] = job
  return job
end

-- Verbs that only look are not worth a line in the log; chunks are logged where they are evaluated.
local function start(self, session, id, name, args)
  local least = VERBS[name]
  if not least then
    return refuse(self, session, id, 64, ("this daemon knows no verb '%s'"):format(print.plain(name)))
  end
  local job = new_job(self, session, id, name, least)
  if not job then return end
  if roles.RANK[least] > roles.RANK.observer then jobs.audit(self, session, "%s %s", name, table.concat(args, " ")) end
  step(self, job, require("reeve.verbs." .. name), jobs.context(self, job), args)
end

-- ---- frames

local frames = {}

-- lines name=value -> table
local function pairs_of(payload)
  local values = {}
  for name, value in payload:sub(1, 4096):gmatch "([%w_]+)=([^\n]*)" do values[name] = value end
  return values
end

function frames.hello(self, session, id, payload)
  local said, about, names = pairs_of(payload), self.about(), {}
  if said.proto and said.proto ~= "1" then
    return refuse(self, session, id, 76, ("this daemon speaks protocol 1, not %s"):format(print.plain(said.proto)))
  end
  session.width = math.min(math.tointeger(tonumber(said.width)) or 0, 10000)
  session.progress = math.min(math.tointeger(tonumber(said.progress)) or 0, 10000)
  session.color, session.json, session.asks = said.color == "1", said.json == "1", said.asks == "1"
  for _, service in ipairs(self.plan.services) do names[#names + 1] = service.name end
  send(self, session, "hello", id, ("version=%s\ngeneration=%s\nrole=%s\nservices=%s\n"):format(
    about.version or "?", about.generation or "?", session.role, table.concat(names, " ")))
end

function frames.verb(self, session, id, payload)
  local words = {}
  for word in (payload .. "\0"):gmatch "([^\0]*)\0" do words[#words + 1] = word end
  start(self, session, id, table.remove(words, 1), words)
end

function frames.eval(self, session, id, payload) start(self, session, id, "eval", { "--", payload }) end

-- What reeve.console may ask of the sessions.
local function console_doors(self, session, job)
  return {
    verb = function(name, args)
      session.jobs[job.id] = nil -- the verb takes its place, and its id
      start(self, session, job.id, name, args)
      job.finished = true
      return 0
    end,
    verbs = VERBS, session = session, now = self.now,
    keep = function(text) send(self, session, "keep", job.id, text) end,
  }
end

function frames.line(self, session, id, payload)
  local job = new_job(self, session, id, "console", "observer")
  if job then step(self, job, console.line, jobs.context(self, job), console_doors(self, session, job), payload) end
end

function frames.complete(self, session, id, payload)
  send(self, session, "words", id, complete.answer(jobs.evaluator(self, session), VERBS, self.guard, payload))
end

function frames.cancel(self, session, _, payload)
  local job = session.jobs[math.tointeger(tonumber(payload)) or -1]
  if job then finish(self, job, 130) end
end

function frames.answer(self, session, id, payload)
  local job = session.jobs[id]
  if job and job.what == "answer" then step(self, job, job.resume, payload == "yes") end
end

-- ---- what the engine calls

-- Who may say nothing is told so when he asks; one who only sits there must not keep others out.
local function bound_strangers(self, number)
  local strangers = self.strangers
  strangers[#strangers + 1] = number
  if #strangers <= STRANGERS_MOST then return end
  local oldest = table.remove(strangers, 1)
  local session = self.sessions[oldest]
  if session and not session.role then
    self.sessions[oldest] = nil
    self.close(oldest)
  end
end

--- A client has connected. peer = { uid, gid, pid }.
function M:connect(number, peer)
  local role, why = self.role_of(peer)
  self.sessions[number] = { number = number, peer = peer, role = role, why = why, jobs = {}, width = 0 }
  self.log.info("control %d: connect uid %d pid %d role %s", number, peer.uid or -1, peer.pid or -1, role or "none")
  if not role then bound_strangers(self, number) end
end

-- What looks at the pools is answered with what was true when it was asked: the master's reports are paced.
local LOOKS = { verb = true, eval = true, line = true }

local function handle(self, session, handler, id, payload)
  local ok, trace = xpcall(handler, debug.traceback, self, session, id, payload)
  if ok then return end
  self.log.error("control: a bug in the frame: %s", trace)
  refuse(self, session, id, 70, ("a bug in the daemon: %s"):format(print.plain(tostring(trace):match "^[^\n]*")))
end

local function question(self, q)
  self.asked = self.asked + 1
  q.seq = self.asked
  self.questions[#self.questions + 1] = q
  self.order.sync { seq = q.seq }
end

--- Calls f once everything that has changed by now is known, or when this engine is retired first.
function M:once_known(f) question(self, { answer = f }) end

local function ask_first(self, session, handler, id, payload)
  question(self, { session = session, id = id, answer = function()
    if self.sessions[session.number] == session then handle(self, session, handler, id, payload) end
  end })
end

--- Report synced: the questions up to `seq` can be answered.
function M:synced(seq)
  while self.questions[1] and self.questions[1].seq <= seq do
    table.remove(self.questions, 1).answer()
  end
end

--- A whole frame has come.
function M:frame(number, verb, id, payload)
  local session = self.sessions[number]
  if not session then return end
  if not session.role then
    refuse(self, session, id, 77, session.why or "you may not talk to this daemon")
    self.sessions[number] = nil
    return self.close(number)
  end
  local handler = frames[verb]
  if not handler then
    return refuse(self, session, id, 64, ("this daemon knows no frame '%s'"):format(print.plain(verb)))
  end
  if LOOKS[verb] then return ask_first(self, session, handler, id, payload) end
  handle(self, session, handler, id, payload)
end

--- The client is gone: nobody waits for its verbs any more.
function M:closed(number)
  if self.sessions[number] then self.log.debug("control %d: closed", number) end
  self.sessions[number] = nil
end

-- every job that waits for `what`, oldest session first
local function waiting(self, what)
  local list = {}
  for _, session in pairs(self.sessions) do
    for _, job in pairs(session.jobs) do
      if job.what == what or (what == "ticket" and math.type(job.what) == "integer") then list[#list + 1] = job end
    end
  end
  table.sort(list, function(a, b)
    if a.session.number ~= b.session.number then return a.session.number < b.session.number end
    return a.id < b.id
  end)
  return list
end

local function wake(self, what, msg)
  for _, job in ipairs(waiting(self, what)) do step(self, job, job.resume, msg) end
end

--- Report reload_done: its ticket's verb can answer.
function M:reload_done(msg) wake(self, msg.ticket, msg) end

--- Report upgrade_done: the same.
function M:upgrade_done(msg) wake(self, msg.ticket, msg) end

--- Report service_done: the same.
function M:service_done(msg) wake(self, msg.ticket, msg) end

--- Report stopping: the daemon is ending.
function M:stopping(msg)
  self.ending = true
  wake(self, "stopping", msg)
end

-- Nothing was done about it: the client asks the new engine.
local function send_on(self, session, id)
  send(self, session, "again", id, "")
end

local IN_BETWEEN <const> = "reeve: %s: the daemon was reloaded meanwhile and goes on with it; see `reeve ps`\n"

-- `afresh`: nothing of it was done, or it has no end.
local function pass_on(self, job, afresh)
  if afresh then
    job.finished, job.session.jobs[job.id] = true, nil
    return send_on(self, job.session, job.id)
  end
  if job.parting then
    jobs.text(self, job, "out", job.parting)
    return finish(self, job, 0)
  end
  jobs.text(self, job, "err", IN_BETWEEN:format(job.name))
  finish(self, job, 75)
end

--- Report retired: a newer engine works, or the daemon has ended. Whatever the master has not answered by now it has
-- not done, and the newer engine is asked for it.
function M:retired(msg)
  if self.ending then
    wake(self, "ticket", { ok = false, generation = msg.generation, text = "the daemon is ending" })
    return
  end
  for _, q in ipairs(self.questions) do
    if not q.session then q.answer()
    elseif self.sessions[q.session.number] == q.session then send_on(self, q.session, q.id) end
  end
  self.questions = {}
  for _, job in ipairs(waiting(self, "ticket")) do pass_on(self, job, not job.applied) end
  for _, job in ipairs(waiting(self, "event")) do pass_on(self, job, true) end
  for _, what in ipairs { "turn", "answer" } do
    for _, job in ipairs(waiting(self, what)) do pass_on(self, job, job.streams) end
  end
end

--- Lets go of everybody, once what is said was sent: they come to the newer engine.
function M:close_all()
  for number in pairs(self.sessions) do self.close(number) end
  self.sessions = {}
end

--- Whether somebody wants to know of events (reeve.happenings), so that they need to be made.
function M:wants_events() return next(self.sessions) ~= nil and #waiting(self, "event") > 0 end

--- An event.
function M:event(event) wake(self, "event", event) end

--- End of a turn: verbs that watch the pools look again. To be called after host:turn.
function M:turn(now)
  if next(self.sessions) then wake(self, "turn", { now = now }) end
end

--- When `turn` is to be called though nothing happened, in ms; nil: not at all.
function M:next_wake()
  local soonest
  for _, session in pairs(self.sessions) do
    for _, job in pairs(session.jobs) do
      if job.due and job.what == "turn" and (not soonest or job.due < soonest) then soonest = job.due end
    end
  end
  return soonest
end

return M
