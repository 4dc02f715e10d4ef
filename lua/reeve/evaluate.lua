--- Evaluating a chunk of the console or of `reeve eval` in the live engine.
--
-- Expression first; actions are queued and sent only when the whole chunk went well.

local operate = require "reeve.operate"
local print = require "reeve.print"
local view = require "reeve.view"

local M = {}

local CHUNK_MAX = 64 * 1024
local DEADLINE_MS = 2000

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

-- `services.web`: reads facts, and its five methods queue an order.
local function service_object(session, name)
  local facts = session.host.services[name]
  local object = {}
  local function index(_, key)
    if operate.VERBS[key] then
      return function()
        table.insert(session.queue, { service = name, verb = key })
        return ("queued: %s %s"):format(key, name)
      end
    end
    local v = facts[key]
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
  return copy
end

local function api_of(session, sandbox)
  local services = {}
  for _, name in ipairs(view.names(session)) do
    if session.host.services[name] then services[name] = service_object(session, name) end
  end
  session.services = services
  session.env = sandbox.console_env {
    services = services,
    print = function(...)
      local parts = table.pack(...)
      for i = 1, parts.n do
        local v = parts[i]
        parts[i] = type(v) == "string" and print.plain(v) or print.value(v, { view = session.view })
      end
      session.job.out(table.concat(parts, "\t", 1, parts.n) .. "\n")
    end,
  }
end

--- A session of evaluations: globals stay from one to the next.
---@param opts { host: table, plan: table, guard: table, sandbox: table }
function M.new(opts)
  local session = { host = opts.host, plan = opts.plan, guard = opts.guard, queue = {}, objects = {} }
  session.view = function(t)
    local name = session.objects[t]
    return name and view.service(session, name) or content(t)
  end
  api_of(session, opts.sandbox)
  return setmetatable(session, { __index = M })
end

local EXIT = { runtime = 1, memory = 1, deadline = 75, cancelled = 130 }

local function fail(job, message, kind)
  job.err("error: " .. print.plain(tostring(message)) .. "\n")
  return EXIT[kind] or 1
end

-- Output of a chunk that failed half-way stays; its actions do not.
local function apply(self, job)
  for _, action in ipairs(self.queue) do
    operate.service(self, job.order, action.service, action.verb)
    job.audit("%s %s", action.verb, action.service)
  end
end

-- The results as texts, a list.
local function texts_of(self, job, results)
  local options, texts = { width = job.width, color = job.color, view = self.view }, {}
  for i = 1, results.n do
    local v = results[i]
    if v == self.services and not job.json then v = view.brief(self) end
    texts[i] = job.json and print.json(v, options) .. "\n" or print.result(v, options)
  end
  return texts
end

--- Evaluates and prints. job = { out, err, json, width, color, order, audit }.
---@param job table
---@param text string
---@return integer exit code
function M:run(job, text)
  local f, wrong = M.compile(text, self.env)
  if not f then return fail(job, wrong) end
  self.job, self.queue = job, {}
  local ok, texts, kind = self.guard.call(DEADLINE_MS, function()
    local results = table.pack(f())
    if results.n > 0 then self.env._ = results[1] end
    return texts_of(self, job, results)
  end)
  if not ok then return fail(job, texts, kind) end
  for _, line in ipairs(texts) do job.out(line) end
  apply(self, job)
  return 0
end

return M
