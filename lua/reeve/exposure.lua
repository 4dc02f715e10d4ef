--- exposure: what the processes of a service may still do, as a list of findings with weights. Pure.
--
-- Each check is a row: the setting that would forbid it, its weight, and what it says of a service. A check whose
-- setting this build does not have is left out, so that nobody is told to write what does not exist.

local M = {}

M.FINDING = { "setting", "exposed", "weight", "text", "hint" }

local OTHERS_WRITE <const> = 2 -- of a file's mode
local LOOPBACK = { ["127.0.0.1"] = true, ["::1"] = true, localhost = true }

local function is_root(user) return user == "root" or user == "#0" or user == "0" end

local UNSET = { [""] = true, ["0"] = true, ["-1"] = true, ["false"] = true }

local function is_set(value) return value ~= nil and not UNSET[value] end

local function is_limited(value) return is_set(value) and value ~= "never" and value ~= "unlimited" end

-- the limit of that name among "core=0 nofile=4096", or nil
local function limit_of(settings, name)
  return (" " .. (settings.rlimits or "")):match(" " .. name .. "=(%S+)")
end

local function users_of(about, user)
  local names = {}
  for _, other in ipairs(about.services) do
    if other.name ~= about.service.name and other.settings.user == user then names[#names + 1] = other.name end
  end
  return names
end

local function open_paths(service)
  local names = {}
  for _, l in ipairs(service.listeners or {}) do
    if l.kind ~= "inet" and (l.mode or 0) & OTHERS_WRITE ~= 0 then names[#names + 1] = l.name or l.path end
  end
  return names
end

local function open_ports(service)
  local names = {}
  for _, l in ipairs(service.listeners or {}) do
    if l.kind == "inet" and not LOOPBACK[l.address] then names[#names + 1] = ("%s:%d"):format(l.address, l.port) end
  end
  return names
end

-- A check that names what it found; nothing found is good.
local function listed(good, bad, hint)
  return function(names)
    if #names == 0 then return false, good end
    return true, bad:format(table.concat(names, ", ")), hint
  end
end

-- setting, weight, look(settings, about) -> exposed, text, hint
local CHECKS = {
  { "user", 3.0, function(s, about)
    if is_root(s.user) then return true, "it runs as root", "user = \"…\": anybody but root" end
    local shown = (about.service.shown or {}).user or s.user
    return false, is_set(s.user) and ("it runs as user %s"):format(shown) or "it runs as the daemon's own user"
  end },
  { "user", 0.5, function(s, about)
    return listed("no other service runs as its user", "it may signal and trace processes of %s: the same user",
      "a user of its own")(is_set(s.user) and users_of(about, s.user) or {})
  end },
  { "drop_priv_before_exec", 1.5, function(s)
    if is_root(s.user) then return true, "and stays root to its end", "user = \"…\"" end
    if s.drop_priv_before_exec == "false" then
      return true, "the program starts as root and gives that up by itself", "drop_priv_before_exec = true"
    end
    return false, "the program never has more privileges than its user"
  end },
  { "no_new_privs", 1.0, function(s)
    if is_set(s.no_new_privs) then return false, "set-user-id programs give it nothing" end
    return true, "a set-user-id program can give it more privileges", "no_new_privs = true"
  end },
  { "capabilities", 1.0, function(s)
    if is_set(s.capabilities) then return false, ("its capabilities are %s"):format(s.capabilities) end
    if not is_root(s.user) then return false, "it has no capabilities" end
    return true, "it has every capability of root", "capabilities = { … }: those that it needs"
  end },
  { "chroot", 1.0, function(s)
    if is_set(s.chroot) then return false, ("it sees %s only"):format(s.chroot) end
    if is_set(s.landlock) then return false, "it opens only what landlock lists" end
    return true, "it sees the whole file system", "chroot = \"…\", or landlock"
  end },
  { "seccomp", 1.0, function(s)
    if is_set(s.seccomp) then return false, "its system calls are filtered" end
    return true, "it may use every system call", "seccomp"
  end },
  { "isolate", 0.5, function(s)
    if is_set(s.isolate) then return false, ("it has %s of its own"):format(s.isolate) end
    return true, "it shares /tmp, devices and the network with everybody", "isolate = { \"tmp\", \"dev\" }"
  end },
  { "privileged_group", 0.5, function(s)
    local groups = is_set(s.privileged_group) and s.privileged_group or s.extra_groups
    if not is_set(groups) then return false, "it has no groups but its own" end
    return true, ("it has the rights of the groups %s"):format(groups), "no extra_groups, no privileged_group"
  end },
  { "vsz_limit", 0.5, function(s)
    if is_limited(s.vsz_limit) or is_limited(s.memory_max) then return false, "its memory is limited" end
    return true, "it may use all memory", "vsz_limit = \"…\""
  end },
  { "rlimits", 0.3, function(s)
    if limit_of(s, "nproc") or is_limited(s.tasks_max) then return false, "the number of its processes is limited" end
    return true, "it may start any number of processes", "rlimits = { nproc = … }"
  end },
  { "rlimits", 0.2, function(s)
    if limit_of(s, "core") == "0" then return false, "it leaves no core files" end
    return true, "a crash may leave its memory in a core file", "rlimits = { core = 0 }"
  end },
  { "umask", 0.2, function(s)
    local mask = tonumber(s.umask or "0", 8) or 0
    if mask & OTHERS_WRITE ~= 0 then return false, "others cannot write its files" end
    return true, "files that it makes may be writable by everybody", "umask = \"0077\""
  end },
  { "mode", 0.3, function(_, about)
    return listed("its unix sockets are for some only", "everybody on this machine may connect to %s",
      "mode = \"0660\" and a group")(open_paths(about.service))
  end },
  { "address", 0.5, function(_, about)
    return listed("it cannot be reached from other machines", "other machines can reach it at %s",
      "address = \"127.0.0.1\", where that is enough")(open_ports(about.service))
  end },
}

local function known_settings(spec)
  local names = {}
  for _, row in ipairs(spec.settings) do names[row.name] = true end
  return names
end

--- The findings about a service, the worst first, and its exposure from 0 (tight) to 10.
---@param service table of a plan
---@param services table[] all of the plan
---@param spec table reeve.spec
---@return table[] findings, number exposure
function M.of(service, services, spec)
  local known, list, sum, all = known_settings(spec), {}, 0, 0
  local about = { service = service, services = services }
  for i, check in ipairs(CHECKS) do
    local setting, weight, look = check[1], check[2], check[3]
    if known[setting] then
      local exposed, text, hint = look(service.settings, about)
      list[#list + 1] = { setting = setting, exposed = exposed, weight = weight, text = text, hint = hint, at = i }
      all, sum = all + weight, sum + (exposed and weight or 0)
    end
  end
  table.sort(list, function(a, b)
    if a.exposed ~= b.exposed then return a.exposed end
    if a.weight ~= b.weight then return a.weight > b.weight end
    return a.at < b.at
  end)
  return list, math.floor(sum / all * 100 + 0.5) / 10
end

--- In a word.
function M.verdict(exposure)
  return exposure <= 2.5 and "tight" or exposure <= 5 and "medium" or "exposed"
end

return M
