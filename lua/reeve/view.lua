--- The documented listings of a running instance: facts as records with stable field names.
-- `reeve status --json`, `reeve ps --json` and their tables are made from these.

local print = require "reeve.print"
local reasons = require "reeve.reasons"
local suggest = require "reeve.suggest"

local M = {}

M.SERVICE = {
  "name", "type", "contract", "live", "starting", "idle", "busy", "avail", "draining", "clients", "waiting",
  "process_limit", "client_limit", "starts", "exits", "start_failures", "crashes", "dropped", "hold_ms",
  "last_failure", "waits_for", "policies",
}
M.POLICY = { "name", "state", "why" }
M.ILL = { failing = true, quarantined = true }
M.PROCESS = {
  "service", "id", "pid", "generation", "state", "clients", "served", "age", "idle_for", "busy_for", "rss",
  "private", "cpu", "status",
}
M.EXIT = { "id", "ok", "asked", "stage", "code", "signal", "age", "served", "clients_lost", "text" }

M.LOG = { "time", "level", "pid", "text" }

-- A fact, or nil where this service has none: unknown ones raise, by contract of reeve.facts.
local function fact(s, name)
  local ok, v = pcall(function() return s[name] end)
  if ok then return v end
  return nil
end
M.fact = fact

--- Names of the services, in the order of the config.
---@return string[]
function M.names(ctx)
  local names = {}
  for _, service in ipairs(ctx.plan.services) do names[#names + 1] = service.name end
  return names
end

--- The definition of a service and its number on the wire.
function M.definition(ctx, name)
  for svc, service in ipairs(ctx.plan.services) do
    if service.name == name then return service, svc end
  end
  return nil
end

--- The sentence about a service that does not exist.
function M.unknown(ctx, name)
  local names = M.names(ctx)
  local meant = suggest.nearest(name, names)
  if meant then return ("no service '%s'; did you mean '%s'?"):format(name, meant) end
  return ("no service '%s'; there are: %s"):format(name, #names > 0 and table.concat(names, ", ") or "none")
end

--- The policies of a service: a list of {name, state, why}. state: "active", "replaced" (a built-in
-- where `only` rules), "failing" or "quarantined"; of the last two, why is the failure.
function M.policies(ctx, name)
  local list = {}
  for i, p in ipairs((ctx.host:why(name) or {}).policies or {}) do
    local why = M.ILL[p.state] and p.failure or p.why
    list[i] = print.record(M.POLICY, { name = p.name, state = p.state, why = why })
  end
  return list
end

local function setting(s, name)
  local settings = fact(s, "settings")
  return settings and fact(settings, name)
end

--- How long no process is started after failed starts.
function M.hold_ms(s)
  local till, now = fact(s, "throttled_until"), fact(s, "now")
  if not till or not now then return nil end
  return math.max(0, math.floor((till - now) * 1000 + 0.5))
end

-- What is no fact of the service but comes from elsewhere: asking for it would cost a search for what was meant.
local ELSEWHERE = { name = true, hold_ms = true, process_limit = true, client_limit = true, policies = true }

--- A service as `status --json` shows it.
function M.service(ctx, name)
  local s = ctx.host.services[name]
  local values = {}
  for _, field in ipairs(M.SERVICE) do
    if not ELSEWHERE[field] then values[field] = fact(s, field) end
  end
  values.name = name
  values.hold_ms = M.hold_ms(s)
  values.process_limit = setting(s, "process_limit")
  values.client_limit = setting(s, "client_limit")
  values.policies = M.policies(ctx, name)
  return print.record(M.SERVICE, values)
end

local function is(v) return v ~= nil and v ~= print.null end

M.GOOD = "ok"

-- the first policy that is not well; one that was taken out with another only where there is no other
local function ill_policy(r)
  local with
  for _, p in ipairs(r.policies) do
    local is_with = M.ILL[p.state] and is(p.why) and p.why:sub(1, #reasons.WITH) == reasons.WITH
    if M.ILL[p.state] and not is_with then return p end
    with = with or is_with and p
  end
  return with or nil
end

--- One word or more on how a service is: what an operator should see first. r: a record of M.service.
function M.state(r, stopped)
  local ill = ill_policy(r)
  if stopped then return "stopped" end
  if is(r.waits_for) then return "waits for " .. r.waits_for end
  if is(r.hold_ms) and r.hold_ms > 0 then
    return ("throttled %.1f s%s"):format(r.hold_ms / 1000, is(r.last_failure) and ": " .. r.last_failure or "")
  end
  if ill then return ("policy %s %s"):format(ill.name, ill.state) end
  if is(r.waiting) and r.waiting > 0 and is(r.process_limit) and r.live >= r.process_limit then
    return "at process_limit, clients wait"
  end
  return M.GOOD
end

local BRIEF = {
  "name", "live", "starting", "idle", "busy", "avail", "draining", "clients", "waiting", "process_limit", "starts",
  "crashes", "hold_ms",
}

--- Every service in a line, for the console.
function M.brief(ctx)
  local list = {}
  for i, name in ipairs(M.names(ctx)) do list[i] = print.record(BRIEF, M.service(ctx, name)) end
  return list
end

--- The processes of a service as `ps --json` shows them, by id.
function M.processes(ctx, name)
  local list = {}
  for i, p in ipairs(fact(ctx.host.services[name], "processes") or {}) do
    local values = { service = name }
    for _, field in ipairs(M.PROCESS) do
      if field ~= "service" then values[field] = fact(p, field) end
    end
    -- nobody knows whether a process without status messages is idle
    if values.state == "idle" and values.clients == nil then values.state = "up" end
    list[i] = print.record(M.PROCESS, values)
  end
  return list
end

--- The last exits of a service, newest first.
function M.exits(ctx, name)
  local list = {}
  for i, e in ipairs(fact(ctx.host.services[name], "last_exits") or {}) do list[i] = print.record(M.EXIT, e) end
  return list
end

-- one field of the log process's lines (escape_tabs of src/log/escape.c)
local TABS = { ["0"] = "\0", ["1"] = "\1", t = "\t", r = "\r", n = "\n" }

--- The last lines that a service wrote to its log, oldest first; nil: nobody keeps them. What the file has is foreign.
function M.log(ctx, name)
  local text = ctx.tail and ctx.tail(name)
  if not text then return nil end
  local list = {}
  for time, level, pid, said in text:gmatch "([^\t\n]*)\t([^\t\n]*)\t([^\t\n]*)\t([^\n]*)\n" do
    list[#list + 1] = print.record(M.LOG, { time = tonumber(time), level = print.plain(level),
      pid = pid ~= "0" and math.tointeger(tonumber(pid)) or nil, text = print.plain((said:gsub("\1(.)", TABS))) })
  end
  return list
end

return M
