--- Actions: what a chunk may do to a service: services.web:stop(). Asked for while a chunk runs, done when it has ended
-- well, each after the one before it.
--
-- A row: the least role that may; `check(...)` -> fields | nil, sentence, where the action takes arguments;
-- `text(name, fields)`, for people and the log; `destroys`: the console asks first; `run(ctx, name, fields)` -> done |
-- nil, sentence, else the action is one of reeve.operate's verbs, which the master answers.

local operate = require "reeve.operate"
local spec = require "reeve.spec"

local M = {}

local function nothing(...)
  if select("#", ...) > 0 then return nil, "it takes no arguments" end
  return {}
end

local function plain(verb)
  return function(name) return verb .. " " .. name end
end

local ACTIONS = {
  start = { role = "operator" },
  stop = { role = "operator", destroys = true },
  restart = { role = "operator" },
  drain = { role = "operator" },
  reset = { role = "operator" },
}

for verb, row in pairs(ACTIONS) do row.check, row.text = nothing, plain(verb) end

local function is_count(n) return n == nil or (math.type(n) == "integer" and n >= 0) end

ACTIONS.scale = {
  role = "operator",
  check = function(least, most, time)
    if not is_count(least) or not is_count(most) or (least and most and least > most) then
      return nil, "it takes a floor and a ceiling, whole numbers or nil, and perhaps a time: scale(4, 12, \"2h\")"
    end
    if time == nil then return { at_least = least, at_most = most } end
    local ms, sentence = spec.parse("service", "stop_timeout", tostring(time))
    if not ms then return nil, sentence end
    return { at_least = least, at_most = most, ms = tonumber(ms), time = time }
  end,
  text = function(name, f)
    if not f.at_least and not f.at_most then return ("scale %s: auto"):format(name) end
    return ("scale %s: %s..%s%s"):format(name, f.at_least or "", f.at_most or "", f.time and " for " .. f.time or "")
  end,
  run = function(ctx, name, f)
    local s = ctx.host.services[name]
    if f.at_least and f.at_least > s.settings.process_limit then
      return nil, ("%d is above process_limit, %d"):format(f.at_least, s.settings.process_limit)
    end
    local bounds = (f.at_least or f.at_most) and { at_least = f.at_least, at_most = f.at_most,
      ["until"] = f.ms and s.now + f.ms / 1000 or nil } or nil
    operate.scale(ctx, name, bounds)
    return true
  end,
}

local function is_policy(value) return value == nil or type(value) == "function" or type(value) == "table" end

ACTIONS.policy = {
  role = "admin",
  check = function(...)
    local value = ...
    if select("#", ...) ~= 1 or not is_policy(value) then
      return nil, "it takes one policy: a function, a table of hooks, a list, or nil for the config's"
    end
    return { policy = value }
  end,
  text = function(name, fields)
    return (fields.policy == nil and "policy of %s: the config's again" or "policy of %s: changed"):format(name)
  end,
  run = function(ctx, name, fields) return ctx.host:replace(name, fields.policy) end,
}

--- The rows by name.
M.ROWS = ACTIONS

--- Whether there is an action of this name.
function M.row(verb) return ACTIONS[verb] end

--- Does one. Returns true when it is done, a ticket that `service_done` will name, or nil and a sentence.
---@param ctx table of a job
---@param action { verb: string, service: string, fields: table }
function M.run(ctx, action)
  local row = ACTIONS[action.verb]
  if row.run then return row.run(ctx, action.service, action.fields) end
  local ticket = ctx.ticket()
  operate.service(ctx, ctx.order, action.service, action.verb, ticket)
  return ticket
end

--- For people: "stop web".
function M.text(action) return ACTIONS[action.verb].text(action.service, action.fields) end

return M
