--- A job: one verb or line that a client of the control socket asked for, from its words to its exit code. What it
-- writes is bounded, a bug in it costs its caller an answer ("exit 70"), never the engine.

local evaluate = require "reeve.evaluate"
local print = require "reeve.print"
local roles = require "reeve.roles"

local M = {}

local OUT_MAX = 3 * 1024 * 1024 -- of one job: C closes a session that is 4 MiB behind
local BEHIND_MAX = 1024 * 1024 -- of a stream: beyond, it drops what it would say
local PIECE = 64 * 1024
local SAID_MAX = 4096
local WAITING = {} -- what ctx.wait returns

--- Sends a frame of the session.
function M.frame(self, session, verb, id, text)
  self.send(session.number, ("%s %d %d\n"):format(verb, id, #text) .. text)
end

local function send_pieces(self, job, verb, text)
  for at = 1, #text, PIECE do M.frame(self, job.session, verb, job.id, text:sub(at, at + PIECE - 1)) end
end

--- Text for the person. More than 3 MiB of it end the job.
function M.text(self, job, verb, text)
  text = tostring(text)
  local most = verb == "err" and OUT_MAX + PIECE or OUT_MAX -- so that what is wrong can always be said
  if job.sent + #text > most then error("more than 3 MiB of output: ask for less", 0) end
  job.sent = job.sent + #text
  send_pieces(self, job, verb, text)
end

-- Text of a stream without an end: what a slow reader cannot take is left out and counted.
local function stream(self, job, text)
  job.streams = true
  if self.behind(job.session.number) + #text > BEHIND_MAX then
    job.dropped = (job.dropped or 0) + 1
    return false
  end
  if job.dropped then
    send_pieces(self, job, "err", ("(%d outputs were dropped: they are not read fast enough)\n"):format(job.dropped))
    job.dropped = nil
  end
  send_pieces(self, job, "out", text)
  return true
end

--- The end of a job.
function M.finish(self, job, code)
  if job.finished then return end
  job.finished = true
  job.session.jobs[job.id] = nil
  M.frame(self, job.session, "done", job.id, ("%d"):format(code))
end

local function broken(self, job, trace)
  self.log.error("control: a bug in the verb %s: %s", job.name, trace)
  local line = tostring(trace):match "^[^\n]*"
  job.sent = 0 -- the sentence always has room
  M.text(self, job, "err", ("reeve: %s: %s\n"):format(job.name, print.plain(line)))
  M.finish(self, job, 70)
end

--- Runs a piece of a job: a number ends it, anything else leaves it waiting.
function M.step(self, job, f, ...)
  local ok, code = xpcall(f, debug.traceback, ...)
  if not ok then
    broken(self, job, code)
  elseif math.type(code) == "integer" then
    M.finish(self, job, code)
  elseif not job.what then
    broken(self, job, ("verb %s returned %s instead of an exit code"):format(job.name, tostring(code)))
  end
end

--- A line of the audit log: who did what.
function M.audit(self, session, format, ...)
  local peer = session.peer
  local text = format:format(...)
  if #text > SAID_MAX then text = text:sub(1, SAID_MAX) .. "..." end
  text = print.plain(text):gsub("[\t\n]", { ["\t"] = "\\t", ["\n"] = "\\n" })
  self.log.info("control %d (uid %d, pid %d): %s", session.number, peer.uid or -1, peer.pid or -1, text)
end

--- Where chunks of a session are evaluated; made when the first comes.
function M.evaluator(self, session)
  session.evaluator = session.evaluator or evaluate.new { host = self.host, plan = self.plan, guard = self.guard,
    sandbox = self.sandbox, session = session, words = self.words, log = self.log }
  return session.evaluator
end

--- What a verb gets; see docs/HOUSE.md.
function M.context(self, job)
  local session = job.session
  local ctx = {
    json = job.json, width = session.width, progress = session.progress, color = session.color, id = job.id,
    asks = session.asks,
    host = self.host, plan = self.plan, spec = self.spec, order = self.order, about = self.about, wall = self.wall,
    unix = self.unix, guard = self.guard, sandbox = self.sandbox, tail = self.tail, started = self.started,
  }
  function ctx.out(text) M.text(self, job, "out", text) end
  function ctx.err(text) M.text(self, job, "err", text) end
  --- Output without an end: false when it was dropped because the client is behind.
  function ctx.stream(text) return stream(self, job, text) end
  function ctx.audit(...) M.audit(self, session, ...) end
  function ctx.may(least) return roles.may(session.role, least) end
  --- Evaluates a chunk; `after()` goes on where it went well and its actions were carried out.
  function ctx.evaluate(text, after) return M.evaluator(self, session):run(ctx, text, after) end
  function ctx.evaluator() return M.evaluator(self, session) end
  --- Something was done that must not be done twice: a newer engine is not asked for the whole again. parting: all
  -- is well when this engine leaves, and the person is told so; nil: 75, that the daemon was reloaded
  function ctx.applied(parting) job.applied, job.parting = true, parting end
  function ctx.ticket()
    self.tickets = self.tickets % 0x7fffffff + 1
    return self.tickets
  end
  --- `return ctx.wait(what, f)`: f(msg) is called at each happening until it returns an exit code.
  -- what: a ticket (its reload_done or service_done), "stopping", "turn" (every turn of the engine), "event"
  -- (reeve.happenings), "answer".
  function ctx.wait(what, f)
    job.what, job.resume = what, f
    return WAITING
  end
  --- `return ctx.wait_until(due, f)`: as wait "turn", and f() is called when now() has come to `due` (ms) too.
  function ctx.wait_until(due, f)
    job.due = due
    return ctx.wait("turn", f)
  end
  --- `return ctx.ask(text, f)`: the person is asked, f(yes) is called with the answer.
  function ctx.ask(text, f)
    M.frame(self, session, "ask", job.id, text)
    return ctx.wait("answer", f)
  end
  return ctx
end

return M
