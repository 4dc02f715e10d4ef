--- Sessions on the control socket: what a client asks and what it is told.
--
-- Frames are described in docs/HOUSE.md. C accepts, reads and bounds them; here is what they mean.
-- A bug in a verb costs its caller an answer ("exit 70"), never the engine.

local evaluate = require "reeve.evaluate"
local print = require "reeve.print"

local M = {}
M.__index = M

local OUT_MAX = 3 * 1024 * 1024 -- of one verb: C closes a session that is 4 MiB behind
local PIECE = 64 * 1024
local JOBS_MAX = 16 -- waiting, in one session
local SAID_MAX = 4096
local WAITING = {} -- what ctx.wait returns

local RANK = { observer = 1, operator = 2, admin = 3 }

-- every LIVE row of src/cli/verbs.def, and the least role that may
local VERBS = {
  status = "observer",
  ps = "observer",
  security = "observer",
  top = "observer",
  config = "observer",
  service = "operator",
  reload = "operator",
  plan = "operator",
  stop = "operator",
  ["reopen-logs"] = "operator",
  eval = "operator",
}
M.VERBS = VERBS

--- Loads everything a client can ask for. To be called before lock-down: later no file can be read.
function M.preload()
  for name in pairs(VERBS) do require("reeve.verbs." .. name) end
end

--- The roles of this version: root and the daemon's own user may do everything, nobody else anything.
---@param own_uid integer the uid the daemon was started by
---@return fun(peer: { uid: integer }): string|nil, string|nil
function M.owner_only(own_uid)
  return function(peer)
    if peer.uid == 0 or peer.uid == own_uid then return "admin" end
    return nil, ("uid %d may not talk to this daemon: only root%s may"):format(peer.uid,
      own_uid == 0 and "" or (" and uid %d"):format(own_uid))
  end
end

local silent = setmetatable({}, { __index = function() return function() end end })

--- opts: host, plan, send(session, bytes), close(session), order, role_of(peer) -> role | nil, sentence;
-- guard and sandbox (default: the engine's), log, spec, about() -> { version, generation, master_pid,
-- engine_pid, degraded }; tail(service) -> the last log lines, as reeve.memory has them.
function M.new(opts)
  local self = setmetatable({ sessions = {}, tickets = 0, asked = 0, questions = {} }, M)
  for _, name in ipairs { "host", "plan", "send", "close", "order", "role_of", "spec" } do self[name] = opts[name] end
  self.guard = opts.guard or require "reeve.guard"
  self.sandbox = opts.sandbox or require "reeve.sandbox"
  self.log = opts.log or silent
  self.about = opts.about or function() return {} end
  self.tail = opts.tail or function() end
  return self
end

local function send(self, session, verb, id, text)
  self.send(session.number, ("%s %d %d\n"):format(verb, id, #text) .. text)
end

-- ---- jobs: one verb that a client asked for

local function send_text(self, job, verb, text)
  text = tostring(text)
  job.sent = job.sent + #text
  if job.sent > OUT_MAX then error("more than 3 MiB of output: ask for less", 0) end
  for at = 1, #text, PIECE do send(self, job.session, verb, job.id, text:sub(at, at + PIECE - 1)) end
end

local function finish(self, job, code)
  if job.finished then return end
  job.finished = true
  job.session.jobs[job.id] = nil
  send(self, job.session, "done", job.id, ("%d"):format(code))
end

local function broken(self, job, trace)
  self.log.error("control: a bug in the verb %s: %s", job.name, trace)
  local line = tostring(trace):match "^[^\n]*"
  job.sent = 0 -- the sentence always has room
  send_text(self, job, "err", ("reeve: %s: %s\n"):format(job.name, print.plain(line)))
  finish(self, job, 70)
end

-- Runs a piece of a verb: a number ends the job, anything else leaves it waiting.
local function step(self, job, f, ...)
  local ok, code = xpcall(f, debug.traceback, ...)
  if not ok then
    broken(self, job, code)
  elseif math.type(code) == "integer" then
    finish(self, job, code)
  elseif not job.what then
    broken(self, job, ("verb %s returned %s instead of an exit code"):format(job.name, tostring(code)))
  end
end

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function audit(self, job, format, ...)
  local peer = job.session.peer
  local text = format:format(...):sub(1, SAID_MAX)
  self.log.info("control %d (uid %d, pid %d): %s", job.session.number, peer.uid or -1, peer.pid or -1, text)
end

local function evaluator(self, session)
  session.evaluator = session.evaluator
    or evaluate.new { host = self.host, plan = self.plan, guard = self.guard, sandbox = self.sandbox }
  return session.evaluator
end

-- what a verb gets; see docs/HOUSE.md
local function context(self, job)
  local ctx = {
    json = job.json, width = job.session.width, color = job.session.color,
    host = self.host, plan = self.plan, spec = self.spec, order = self.order, about = self.about,
    tail = self.tail,
  }
  function ctx.out(text) send_text(self, job, "out", text) end
  function ctx.err(text) send_text(self, job, "err", text) end
  function ctx.audit(...) audit(self, job, ...) end
  function ctx.evaluate(text) return evaluator(self, job.session):run(ctx, text) end
  function ctx.ticket()
    self.tickets = self.tickets % 0x7fffffff + 1
    return self.tickets
  end
  --- `return ctx.wait(what, f)`: f(msg) is called at each happening until it returns an exit code.
  -- what: a ticket (its reload_done), "stopping", or "turn" (every turn of the engine).
  function ctx.wait(what, f)
    job.what, job.resume = what, f
    return WAITING
  end
  return ctx
end

local function refuse(self, session, id, code, sentence)
  send(self, session, "err", id, "reeve: " .. sentence .. "\n")
  send(self, session, "done", id, ("%d"):format(code))
end

local function start(self, session, id, name, args)
  local least = VERBS[name]
  if not least then
    return refuse(self, session, id, 64, ("this daemon knows no verb '%s'"):format(print.plain(name)))
  end
  if RANK[session.role] < RANK[least] then
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
  if RANK[least] > RANK.observer then audit(self, job, "%s %s", name, table.concat(args, " ")) end
  step(self, job, require("reeve.verbs." .. name), context(self, job), args)
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
  session.color, session.json = said.color == "1", said.json == "1"
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

function frames.cancel(self, session, _, payload)
  local job = session.jobs[math.tointeger(tonumber(payload)) or -1]
  if job then finish(self, job, 130) end
end

-- ---- what the engine calls

--- A client has connected. peer = { uid, gid, pid }.
function M:connect(number, peer)
  local role, why = self.role_of(peer)
  self.sessions[number] = { number = number, peer = peer, role = role, why = why, jobs = {}, width = 0 }
  self.log.info("control %d: connect uid %d pid %d role %s", number, peer.uid or -1, peer.pid or -1, role or "none")
end

-- What looks at the pools is answered with what was true when it was asked: the master's reports are paced.
local LOOKS = { verb = true, eval = true }

local function handle(self, session, handler, id, payload)
  local ok, trace = xpcall(handler, debug.traceback, self, session, id, payload)
  if ok then return end
  self.log.error("control: a bug in the frame: %s", trace)
  refuse(self, session, id, 70, ("a bug in the daemon: %s"):format(print.plain(tostring(trace):match "^[^\n]*")))
end

--- Calls f once everything that has changed by now is known (never, when this engine is retired first).
function M:once_known(f)
  self.asked = self.asked + 1
  self.questions[#self.questions + 1] = { seq = self.asked, answer = f }
  self.order.sync { seq = self.asked }
end

local function ask_first(self, session, handler, id, payload)
  self:once_known(function()
    if self.sessions[session.number] == session then handle(self, session, handler, id, payload) end
  end)
  local question = self.questions[#self.questions]
  question.session, question.id = session, id
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
function M:closed(number) self.sessions[number] = nil end

-- every job that waits for `what`, oldest session first
local function waiting(self, what)
  local jobs = {}
  for _, session in pairs(self.sessions) do
    for _, job in pairs(session.jobs) do
      if job.what == what or (what == "ticket" and math.type(job.what) == "integer") then jobs[#jobs + 1] = job end
    end
  end
  table.sort(jobs, function(a, b)
    if a.session.number ~= b.session.number then return a.session.number < b.session.number end
    return a.id < b.id
  end)
  return jobs
end

local function wake(self, what, msg)
  for _, job in ipairs(waiting(self, what)) do step(self, job, job.resume, msg) end
end

--- Report reload_done: its ticket's verb can answer.
function M:reload_done(msg) wake(self, msg.ticket, msg) end

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

--- Report retired: a newer engine works, or the daemon has ended. Whatever the master has not answered by now it has
-- not done, and the newer engine is asked for it.
function M:retired(msg)
  if self.ending then
    wake(self, "ticket", { ok = false, generation = msg.generation, text = "the daemon is ending" })
    return
  end
  for _, q in ipairs(self.questions) do
    if q.session and self.sessions[q.session.number] == q.session then send_on(self, q.session, q.id) end
  end
  self.questions = {}
  for _, job in ipairs(waiting(self, "ticket")) do
    job.finished, job.session.jobs[job.id] = true, nil
    send_on(self, job.session, job.id)
  end
  for _, job in ipairs(waiting(self, "turn")) do
    send_text(self, job, "err", IN_BETWEEN:format(job.name))
    finish(self, job, 75)
  end
end

--- End of a turn: verbs that watch the pools look again. To be called after host:turn.
function M:turn(now)
  if next(self.sessions) then wake(self, "turn", { now = now }) end
end

return M
