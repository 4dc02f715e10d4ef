--- sequence: after and requires between services: that the names exist, and that nobody waits for himself.

local M = {}

local function problem(plan, service, name, code, message, hint, severity)
  local value = service.written and service.written[name]
  if value then return value.reading:problem("value", { value.key }, code, message, hint, severity) end
  plan.script:problem(service.said_at, "call", nil, code, message, hint, severity)
end

-- The names that are services of the plan. One that a missing protocol leaves out is nothing to wait for.
local function existing(plan, service, name, by_name, known)
  local list = {}
  for word in service.settings[name]:gmatch "%S+" do
    if by_name[word] then
      list[#list + 1] = word
    elseif not known[word] then
      local hint = require "reeve.suggest".hint(word, by_name)
      problem(plan, service, name, "unknown-service",
        ("%s of service '%s': there is no service '%s'%s"):format(name, service.name, word, hint))
    elseif name == "requires" then
      problem(plan, service, name, "disabled-service",
        ("requires of service '%s': service '%s' is left out, its protocol is not in protocols"):format(service.name,
        word), "enable the protocol, or write after")
    end
  end
  return list
end

local function names_of(service)
  local list = {}
  for _, name in ipairs { "after", "requires" } do
    for word in service.settings[name]:gmatch "%S+" do list[#list + 1] = word end
  end
  return list
end

-- Depth first; `path` is the way here. Returns the cycle as a list of names.
local function find_cycle(name, by_name, seen, path)
  if seen[name] == "done" then return nil end
  path[#path + 1] = name
  if seen[name] then
    local first = 1
    while path[first] ~= name do first = first + 1 end
    return table.move(path, first, #path, 1, {})
  end
  seen[name] = "open"
  for _, next_name in ipairs(names_of(by_name[name])) do
    local cycle = find_cycle(next_name, by_name, seen, path)
    if cycle then return cycle end
  end
  path[#path], seen[name] = nil, "done"
  return nil
end

--- Looks at all services together; names that are not there leave the settings.
---@param plan table of effective.lua
---@param services table[]
function M.check(plan, services)
  local by_name, known = {}, {}
  for _, service in ipairs(services) do by_name[service.name] = service end
  for _, said in ipairs(plan.script.services) do known[said.name] = true end
  for _, service in ipairs(services) do
    for _, name in ipairs { "after", "requires" } do
      service.settings[name] = table.concat(existing(plan, service, name, by_name, known), " ")
    end
  end
  local seen = {}
  for _, service in ipairs(services) do
    local cycle = find_cycle(service.name, by_name, seen, {})
    if cycle then
      local first = by_name[cycle[1]]
      return problem(plan, first, first.settings.after:find "%S" and "after" or "requires", "cycle",
        ("service '%s' waits for itself: %s"):format(first.name, table.concat(cycle, " after ")),
        "take one of them out")
    end
  end
end

return M
