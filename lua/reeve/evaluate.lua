--- Evaluating chunks of one session, of the console or of `reeve eval`, in the live engine.
--
-- Expression first; actions are queued and done only when the whole chunk went well (reeve.actions).

local actions = require "reeve.actions"
local api = require "reeve.api"
local formats = require "reeve.formats"
local print = require "reeve.print"
local suggest = require "reeve.suggest"
local view = require "reeve.view"

local M = {}

local CHUNK_MAX = 64 * 1024
local ACTIONS_MAX = 1000
local DEADLINE_MS = 2000
local HISTORY = 9 -- _1 to _9

local function line_of(message) return tonumber(message:match "^%[?[^:]*:(%d+):") or 1 end

-- Which of two syntax errors to show: the statement's, unless the expression form got further.
local function further(expression, statement)
  local a, b = line_of(expression), line_of(statement)
  local at_end = expression:find "near <eof>$" and not statement:find "near <eof>$"
  return (a > b or (a == b and at_end)) and expression or statement
end

local function drop(_, ...) return ... end

--- Compiles a chunk, as an expression if it is one.
---@param text string
---@param env table
---@return function|nil
---@return string|nil sentence
function M.compile(text, env)
  if #text > CHUNK_MAX then
    return nil, ("the chunk has %d bytes; at most %d are taken"):format(#text, CHUNK_MAX)
  end
  text = text:gsub("^%s*=", "")
  -- "nil, " makes a lone call no tail call, which would hide the chunk from the error's position
  local f, first = load("return nil, " .. text, "=console", "t", env)
  if f then return function() return drop(f()) end end
  local g, second = load(text, "=console", "t", env)
  if g then return g end
  return nil, further(first, second)
end

-- ---- what a chunk sees

-- services.web:stop(): checked at once, done later. It is called last by what the chunk calls, so that level 2 is the
-- chunk's line.
local function queue(session, verb, name, ...)
  local row, ctx = actions.row(verb), session.ctx
  if not ctx then error(verb .. ": only a line of the console can do this, not what it left behind", 2) end
  if not ctx.may(row.role) then
    session.denied = ("%s needs the role %s; yours is %s"):format(verb, row.role, session.who.role)
    error(session.denied, 2)
  end
  local fields, sentence = row.check(...)
  if not fields then error(("%s of %s: %s"):format(verb, name, sentence), 2) end
  if #session.queue >= ACTIONS_MAX then error(("more than %d actions in a chunk"):format(ACTIONS_MAX), 2) end
  local action = { service = name, verb = verb, fields = fields }
  table.insert(session.queue, action)
  return ("queued: %s"):format(actions.text(action))
end

local function read_fact(facts, key) return facts[key] end

-- `services.web`: reads facts, and its methods queue actions.
local function service_object(session, name)
  local facts = session.host.services[name]
  local object = {}
  local function index(_, key)
    if actions.row(key) then
      return function(_, ...) return queue(session, key, name, ...) end
    end
    local known, v = pcall(read_fact, facts, key)
    if not known then error((v:gsub("^[^:]*:%d+: ", "")), 2) end
    if type(v) ~= "function" then return v end
    return function(_, ...) return v(facts, ...) end
  end
  session.objects[object] = name
  return setmetatable(object, {
    __index = index,
    __pairs = function() return pairs(facts) end,
    __newindex = function() error("services." .. name .. " is read-only", 2) end,
    __metatable = false,
  })
end

-- Facts are empty tables in front of a metatable: what pairs() shows of them. That may be code of the
-- chunk, so values are printed under its deadline.
local function content(t)
  local meta = debug.getmetatable(t)
  if not meta or type(rawget(meta, "__pairs")) ~= "function" then return nil end
  local copy = {}
  for k, v in pairs(t) do copy[k] = v end
  return print.ordered(copy, api.order_of(copy))
end

local function all_services(session)
  local services = {}
  for _, name in ipairs(view.names(session)) do
    if session.host.services[name] then services[name] = service_object(session, name) end
  end
  return setmetatable(services, { __metatable = false, __index = function(_, key)
    error(("there is no service '%s'%s"):format(tostring(key), suggest.hint(key, session.host.services)), 2)
  end })
end

-- print() of a chunk goes to its client; of a policy that a chunk has left behind, to the log.
local function printer(session)
  return function(...)
    local texts = table.pack(...)
    for i = 1, texts.n do
      local v = texts[i]
      texts[i] = type(v) == "string" and print.plain(v) or print.value(v, { view = session.view })
    end
    local line = table.concat(texts, "\t", 1, texts.n)
    if session.ctx then session.ctx.out(line .. "\n") else session.log.info("%s", line) end
  end
end

-- The engine answers pings only between evaluations: never more than half of engine_timeout.
local function longest(plan)
  local timeout = plan.globals and math.tointeger(tonumber(plan.globals.engine_timeout))
  return timeout and timeout // 2 or 5000
end

--- The evaluations of one session: globals stay from one to the next. opts: host, plan, guard, sandbox, session (of
-- reeve.control), words() -> more names (of policies), log.
function M.new(opts)
  local session = { host = opts.host, plan = opts.plan, guard = opts.guard, queue = {}, objects = {}, results = {},
    who = opts.session, log = opts.log, format = "table", dry = false, longest = longest(opts.plan) }
  session.deadline = math.min(DEADLINE_MS, session.longest)
  session.view = function(t)
    local name = session.objects[t]
    return name and view.service(session, name) or content(t)
  end
  session.api = opts.words and opts.words() or {}
  session.services = all_services(session)
  session.api.services, session.api.print = session.services, printer(session)
  session.env = opts.sandbox.console_env(session.api)
  return setmetatable(session, { __index = M })
end

-- ---- running one

local EXIT = { runtime = 1, memory = 1, deadline = 75, cancelled = 130 }

local function fail(self, ctx, message, kind)
  local denied = kind == "runtime" and self.denied and message:find(self.denied, 1, true)
  ctx.err(print.style("error: " .. print.plain(tostring(message)), "31", ctx.color) .. "\n")
  return denied and 77 or EXIT[kind] or 1
end

-- _ and _1: the last result; _2 to _9: those before.
local function remember(self, result)
  table.insert(self.results, 1, { result })
  self.results[HISTORY + 1] = nil
  self.env._ = result
  for i, kept in ipairs(self.results) do self.env["_" .. i] = kept[1] end
end

-- The results as texts, a list.
local function texts_of(self, ctx, results)
  local format = ctx.json and formats.json or formats[self.format]
  local raw = ctx.json or self.format == "json"
  local options, texts = { width = ctx.width, color = ctx.color, view = self.view }, {}
  for i = 1, results.n do
    local v = results[i]
    if v == self.services and not raw then v = view.brief(self) end
    texts[i] = format(v, options)
  end
  return texts
end

local function call(self, ctx, ms, f)
  if self.guard.evaluate then return self.guard.evaluate(self.who.number, ctx.id, ms, f) end
  return self.guard.call(ms, f)
end

--- Runs a chunk. Returns its results as texts, or nil and an exit code after the error was said. What it wants done
-- is in self.queue.
function M:results_of(ctx, text, ms)
  self.queue, self.denied = {}, nil
  local f, wrong = M.compile(text, self.env)
  if not f then return nil, fail(self, ctx, wrong) end
  self.ctx = ctx
  local ok, texts, kind = call(self, ctx, ms, function()
    local results = table.pack(f())
    if results.n > 0 then remember(self, results[1]) end
    return texts_of(self, ctx, results)
  end)
  self.ctx = nil
  if ok then return texts end
  self.queue = {}
  return nil, fail(self, ctx, texts, kind)
end

local function list_of(queued, indent)
  local lines = {}
  for i, action in ipairs(queued) do lines[i] = indent .. actions.text(action) .. "\n" end
  return table.concat(lines)
end

-- One after the other; the first that fails ends it.
local function apply(ctx, queued, i, after)
  local action = queued[i]
  if not action then return after() end
  local done, sentence = actions.run(ctx, action)
  local function go_on(msg)
    if not msg.ok then
      ctx.err(("error: %s: %s\n"):format(actions.text(action), print.plain(msg.text)))
      return 71
    end
    ctx.applied()
    ctx.audit("done: %s", actions.text(action))
    ctx.out(("done: %s\n"):format(actions.text(action)))
    return apply(ctx, queued, i + 1, after)
  end
  if math.type(done) == "integer" then return ctx.wait(done, go_on) end
  return go_on { ok = done, text = sentence }
end

local function destroys(queued)
  for _, action in ipairs(queued) do
    if actions.row(action.verb).destroys then return true end
  end
  return false
end

local function confirmed(ctx, queued, after)
  if not ctx.asks or not destroys(queued) then return apply(ctx, queued, 1, after) end
  return ctx.ask(list_of(queued, "  ") .. "Do this?", function(yes)
    if yes then return apply(ctx, queued, 1, after) end
    ctx.err "nothing was done\n"
    return 1
  end)
end

--- Evaluates, prints, and does what was asked for. ctx: of a job (reeve.job). `after()` -> exit code goes on when all
-- went well.
---@param text string
---@return integer|table exit code, or what ctx.wait returned
function M:run(ctx, text, after)
  after = after or function() return 0 end
  ctx.audit("eval %s", text)
  local texts, code = self:results_of(ctx, text, self.deadline)
  if not texts then return code end
  for _, line in ipairs(texts) do ctx.out(line) end
  local queued = self.queue
  self.queue = {}
  if self.dry and #queued > 0 then
    ctx.out("dry, not done:\n" .. list_of(queued, "  "))
    return after()
  end
  return confirmed(ctx, queued, after)
end

return M
