--- difference: what a reload with another plan would change, said by the rules of the master (src/master/commit.c,
-- which does it; tests/e2e/plan_spec.lua holds the two to each other). For who compares a file with an instance.

local plans = require "reeve.plan"
local state = require "reeve.state"

local M = {}

local RANK = { same = 0, live = 1, resize = 2, renew = 3, restart = 4 }
local WORDS = { [0] = "keep", "live", "resize", "renew", "renew" }

local function same_list(a, b)
  if #a ~= #b then return false end
  for i, text in ipairs(a) do
    if text ~= b[i] then return false end
  end
  return true
end

-- Whether the records that stand at the same place have the same of these fields.
local function agree(a, b, fields)
  for i = 1, math.min(#a, #b) do
    for _, field in ipairs(fields) do
      if a[i][field] ~= b[i][field] then return false end
    end
  end
  return true
end

local function same_records(a, b, fields) return #a == #b and agree(a, b, fields) end

local PLACE = { "kind", "name", "address", "port", "path", "ssl", "haproxy" }
local OWNER = { "mode", "uid", "gid" }
local FILE = { "name", "path" } -- whether what is in it is the same, only the master sees

-- What the definition consists of beside its settings, in the order in which the master names it.
local function other_parts(old, new)
  return {
    { "executable", same_list(old.argv, new.argv) },
    { "env", same_list(old.env, new.env) },
    { "listeners", same_records(old.listeners, new.listeners, PLACE) },
    { "open_files", same_records(old.open_files or {}, new.open_files or {}, FILE) },
  }
end

local function differs(row, old, new)
  return plans.is_sent(row) and tostring(old[row.name] or "") ~= tostring(new[row.name] or "")
end

local function settings_change(spec, old, new, names)
  local most = 0
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" and differs(row, old, new) then
      most = math.max(most, RANK[row.change])
      names[#names + 1] = row.name
    end
  end
  return most
end

local function add(names, name)
  for _, have in ipairs(names) do
    if have:find(name, 1, true) then return end
  end
  names[#names + 1] = name
end

local function service_change(spec, old, new, names)
  local because = settings_change(spec, old.settings, new.settings, names)
  local most, parts = because, other_parts(old, new)
  if most < RANK.live and not agree(old.listeners, new.listeners, OWNER) then
    names[#names + 1], most = "owner or mode of a listener", RANK.live
  end
  for _, part in ipairs(parts) do
    if not part[2] then
      add(names, part[1])
      most = RANK.renew
    end
  end
  -- an anvil that is replaced forgets everybody: only what it must be replaced for
  local must = because ~= RANK.renew or not parts[1][2] or not parts[3][2]
  if new.settings.type == "anvil" and most == RANK.renew and not must then return RANK.live end
  return most
end

-- Dovecot's programs are told to read dovecot.conf again by every reload.
local function rereads(old, new)
  local type = new.settings.type
  return old.globals.doveadm == "1" and new.settings.contract == "dovecot" and type ~= "anvil" and type ~= "log"
end

local function by_name(services)
  local found = {}
  for _, service in ipairs(services) do found[service.name] = service end
  return found
end

-- ---- what is in force, as text for who compares

local PARTS = { "name", "settings", "argv", "env", "listeners", "open_files" }
local MARK <const> = "reeve plan 1\n"

local function copy(v)
  if type(v) ~= "table" then return v end
  local out = {}
  for key, value in next, v do out[key] = copy(value) end
  return out
end

--- What `of` needs of the plan in force. started: how the daemon was (uid, gid, base_dir, daemon); stopped(name):
-- by an operator.
---@return string
function M.pack(plan, started, stopped, generation)
  local services = {}
  for i, service in ipairs(plan.services) do
    local parts = { stopped = stopped(service.name) and true or nil }
    for _, part in ipairs(PARTS) do parts[part] = copy(service[part]) end
    services[i] = parts
  end
  return MARK .. assert(state.encode({ globals = copy(plan.globals), services = services, started = started,
    generation = generation }, "plan"))
end

--- The same as a table | nil: not of this version.
function M.unpack(text)
  if text:sub(1, #MARK) ~= MARK then return nil end
  return (state.decode(text:sub(#MARK + 1)))
end

-- ---- comparing

--- The global setting that forbids a reload from one plan to the other, or nil. Plans as those of reeve.config:
-- globals, and services with name, settings, argv, env, listeners, open_files; `stopped`: by an operator.
function M.forbidden(spec, old, new)
  for _, row in ipairs(spec.settings) do
    if row.scope == "global" and row.change == "restart" and differs(row, old.globals, new.globals) then
      return row.name
    end
  end
end

--- What changes: a list of { change, service, because = {names}, stopped }, in the order the master tells it.
function M.of(spec, old, new)
  local list, had, has = {}, by_name(old.services), by_name(new.services)
  for _, service in ipairs(old.services) do
    if not has[service.name] then list[#list + 1] = { change = "stop", service = service.name, because = {} } end
  end
  for _, service in ipairs(new.services) do
    local before, because = had[service.name], {}
    local change = before and service_change(spec, before, service, because)
    if before and change < RANK.renew and rereads(old, service) then
      because[#because + 1], change = "dovecot.conf is read again", RANK.renew
    end
    list[#list + 1] = { change = before and WORDS[change] or "start", service = service.name, because = because,
      stopped = before and before.stopped or false }
  end
  return list
end

--- The same as text, a line each.
function M.text(list)
  local lines = {}
  for i, c in ipairs(list) do
    local because = #c.because > 0 and (" (%s)"):format(table.concat(c.because, ", ")) or ""
    lines[i] = ("%-6s %s%s%s"):format(c.change, c.service, because, c.stopped and ", stopped" or "")
  end
  return table.concat(lines, "\n")
end

return M
