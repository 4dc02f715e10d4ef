--- advice: what the documentation of services advises, as warnings. Nothing here makes a config wrong.

local M = {}

local NEVER = math.maxinteger
local FOR_OTHERS <const> = 2 -- the mode bit that lets others connect

-- one service = what a service of this config is, resolved: type, process_limit, … as numbers or texts
local function facts(said, resolved, reading)
  local s = resolved.settings
  return { name = said.name, type = s.type, listeners = resolved.listeners, said = said,
    process_limit = tonumber(s.process_limit), process_min_avail = tonumber(s.process_min_avail),
    service_count = tonumber(s.service_count), client_limit = tonumber(s.client_limit),
    idle_kill = tonumber(s.idle_kill), written = reading.values }
end

local RULES = {}

function RULES.auth_worker(plan, s, warn)
  local most = plan:number "auth_worker_max_count"
  if s.name ~= "auth-worker" or s.process_limit > most then return end
  warn("process_limit", ("process_limit %d is not above auth_worker_max_count %d: auth waits for workers that may "
    .. "not start"):format(s.process_limit, most), ("write process_limit = %d"):format(most + 5))
end

function RULES.shrinking(_, s, warn)
  if s.service_count == 0 or s.process_min_avail == 0 or s.process_min_avail ~= s.process_limit then return end
  warn("service_count", ("service_count %d with process_limit = process_min_avail: processes that have served their "
    .. "count keep their place until the last client leaves, and none can take over"):format(s.service_count),
    "write service_count = 0, or a process_limit above process_min_avail")
end

function RULES.only_one(_, s, warn)
  local said = s.written.process_limit
  local n = said and tonumber(said.canonical)
  if s.type ~= "anvil" and s.type ~= "log" or not n or n <= 1 then return end
  warn("process_limit", ("process_limit %d of type %s is not used: one process must know everything"):format(n,
    s.type), "write process_limit = 1")
end

function RULES.anvil_stays(_, s, warn)
  if s.type ~= "anvil" or s.idle_kill == NEVER then return end
  warn("idle_kill", "type anvil loses what it knows when it ends for being idle", "write idle_kill = \"never\"")
end

local KEPT = {
  config = "it hands out the whole configuration, with its secrets",
  dict = "its clients may look up and change everything of everybody",
  ["dict-async"] = "its clients may look up and change everything of everybody",
  ipc = "its clients may command every other process",
}

local function why_kept(s, listener)
  local file = listener.name:match "[^/]*$"
  if file:find "^auth%-master$" or s.name == "auth" and file:find "%-master$" then
    return "it answers for every user without a password"
  end
  return s.type == "config" and KEPT.config or KEPT[s.name]
end

function RULES.open_to_others(_, s, warn)
  for _, listener in ipairs(s.listeners) do
    local why = listener.kind == "unix" and listener.mode & FOR_OTHERS ~= 0 and why_kept(s, listener)
    if why then
      warn(nil, ("unix_listener '%s' (mode %04o) is open to everybody: %s"):format(listener.name, listener.mode, why),
        "write mode = \"0600\", or \"0660\" and the group of those who need it")
    end
  end
end

local ORDER = { "auth_worker", "shrinking", "only_one", "anvil_stays", "open_to_others" }

--- Adds the warnings for one service.
---@param plan table of effective.lua
---@param said table what the config said
---@param resolved table the plan's service
---@param reading table its judge.read
function M.give(plan, said, resolved, reading)
  local s = facts(said, resolved, reading)
  local function warn(name, sentence, hint)
    local value = name and reading.values[name]
    local message = ("service '%s': %s"):format(said.name, sentence)
    if value then return value.reading:problem("value", { value.key }, "advice", message, hint, "warning") end
    plan.script:problem(said.at, "call", nil, "advice", message, hint, "warning")
  end
  for _, rule in ipairs(ORDER) do RULES[rule](plan, s, warn) end
end

return M
