--- Evaluating a chunk of the console or of `reeve eval` in the live engine.
--
-- Expression first; actions are queued and sent only when the whole chunk went well.

local print = require "reeve.print"
local view = require "reeve.view"

local M = {}

local CHUNK_MAX = 64 * 1024
local DEADLINE_MS = 2000
local VERBS = { start = 0, stop = 1, restart = 2, drain = 3, reset = 4 } -- enum service_verb of src/wire/wire.h

M.SERVICE_VERBS = VERBS

local function line_of(message) return tonumber(message:match "^%[?[^:]*:(%d+):") or 1 end

-- Which of two syntax errors to show: the statement's, unless the expression form got further.
local function further(expression, statement)
  local a, b = line_of(expression), line_of(statement)
  local at_end = expression:find "near <eof>$" and not statement:find "near <eof>$"
  return (a > b or (a == b and at_end)) and expression or statement
end

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
  local f, first = load("return " .. text, "=console", "t", env)
  if f then return f end
  local g, second = load(text, "=console", "t", env)
  if g then return g end
  return nil, further(first, second)
end

-- `services.web`: reads facts, and its five methods queue an order.
local function service_object(session, name)
  local facts = session.host.services[name]
  local object = {}
  local function index(_, key)
    if VERBS[key] then
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
    __newindex = function() error("services." .. name .. " is read-only", 2) end,
    __metatable = false,
  })
end

local function api_of(session, sandbox)
  local services = {}
  for _, name in ipairs(view.names(session)) do
    if session.host.services[name] then services[name] = service_object(session, name) end
  end
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
  -- objects are facts behind a metatable; people see them as the record of `reeve status`
  session.view = function(t)
    local name = session.objects[t]
    return name and view.service(session, name) or nil
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
    local _, svc = view.definition(self, action.service)
    job.order.service_do { svc = svc, verb = VERBS[action.verb] }
    job.audit("%s %s", action.verb, action.service)
  end
end

local function show(self, job, results)
  local options = { width = job.width, color = job.color, view = self.view }
  for i = 2, results.n do
    job.out(job.json and print.json(results[i], options) .. "\n" or print.result(results[i], options))
  end
end

--- Evaluates and prints. job = { out, err, json, width, color, order, audit }.
---@param job table
---@param text string
---@return integer exit code
function M:run(job, text)
  local f, wrong = M.compile(text, self.env)
  if not f then return fail(job, wrong) end
  self.job, self.queue = job, {}
  local results = table.pack(self.guard.call(DEADLINE_MS, f))
  if not results[1] then return fail(job, results[2], results[3]) end
  if results.n > 1 then pcall(function() self.env._ = results[2] end) end -- a convenience: may be refused
  show(self, job, results)
  apply(self, job)
  return 0
end

return M
