--- relays: listeners with ssl or haproxy of services whose processes can do neither (contracts systemd and inetd). Such
-- a listener goes to a service NAME-tls that is made for it: reeve-tls(8) takes the connections, does TLS or takes the
-- PROXY header off, and connects to the processes over a unix socket that only it may use. A `service "NAME-tls"`
-- without an executable in the config is about that service.

local judge = require "reeve.config.judge"
local service = require "reeve.config.service"
local tls = require "reeve.config.tls"

local M = {}

local KNOWS = { reeve = true, dovecot = true } -- these get the flags and do it themselves
local OWNER_ONLY = 384                         -- 0600

--- Names for open_files, one for each file: NAME of a path.
local function opened(files)
  local names, n = {}, 0
  return function(path)
    if not names[path] then
      n = n + 1
      names[path] = ("FILE_%d"):format(n)
      files[names[path]] = path
    end
    return names[path]
  end
end

local function socket_of(plan, name, listener)
  return ("%s/relay/%s/%s"):format(plan.base_dir, name, (listener.name:gsub("[^%w_.-]", "_")))
end

--- The words for one listener.
local function add_words(plan, argv, file, listener, path)
  local told = plan.told[listener]
  for _, word in ipairs { "--listener", listener.name, "--to", path } do argv[#argv + 1] = word end
  if told.send_proxy then argv[#argv + 1] = "--send-proxy" end
  if listener.ssl then tls.add(plan, told, argv, file) end
end

local function is_relayed(listener)
  return listener.kind == "inet" and (listener.ssl or listener.haproxy)
end

--- Takes the listeners out of `from` -> list, and puts the sockets of the relay in their place.
local function take(plan, from, argv, files)
  local taken, left, known, file = {}, {}, {}, opened(files)
  for _, listener in ipairs(from.listeners) do
    if not is_relayed(listener) then
      left[#left + 1] = listener
    else
      local path = socket_of(plan, from.name, listener)
      taken[#taken + 1] = listener
      if not known[path] then
        known[path] = listener.name
        add_words(plan, argv, file, listener, path)
        table.insert(left, 1, { kind = "unix", name = path:sub(#plan.base_dir + 2), path = path, mode = OWNER_ONLY,
          uid = -1, gid = -1 })
      elseif known[path] ~= listener.name then
        tls.problem(plan.told[listener], nil, "relay-name",
          ("listeners '%s' and '%s' of service '%s' cannot be told apart"):format(known[path], listener.name,
            from.name), "name one of them otherwise")
      end
    end
  end
  from.listeners = left
  return taken
end

local function number(one, name) return math.tointeger(tonumber(one.settings[name])) end

--- How many processes the relay may need: each has room for default_client_limit.
local function process_limit(plan, from)
  local each = from.settings.contract == "inetd" and from.settings.wait ~= "1" and 1 or number(from, "client_limit")
  local clients = math.min(number(from, "process_limit") * each, 1000000)
  return math.min(clients // plan:number "default_client_limit" + 2, 1000)
end

--- The service NAME-tls: what the config says about it, over what Reeve makes of it.
local function make(plan, from, name)
  local argv, files = { plan:beside "reeve-tls" }, {}
  local said = plan.about_relays[name] or { at = from.said_at, options = {} }
  local made = service.resolve(plan, { name = name, at = said.at, options = said.options, reading = said.reading,
    listeners = take(plan, from, argv, files), made = {
      executable = argv, description = "TLS and PROXY headers for service " .. from.name, open_files = files,
      user = plan.uid == 0 and plan:text "default_login_user" or nil, no_new_privs = true,
      process_limit = process_limit(plan, from), process_min_avail = math.min(number(from, "process_min_avail"), 1),
      vsz_limit = plan:number "default_vsz_limit" > 0 and "1G" or 0 } })
  for _, listener in ipairs(from.listeners) do
    if made and listener.path and listener.path:find(plan.base_dir .. "/relay/", 1, true) then
      listener.uid = math.tointeger(tonumber(made.settings.user))
    end
  end
  return made
end

--- What was written about a listener and has no effect.
local function check_effects(plan, one)
  local function look(listener, told, name)
    local why = KNOWS[one.settings.contract] and ("contract \"%s\" does TLS and PROXY by itself"):format(
      one.settings.contract) or not is_relayed(listener) and "it has neither ssl nor haproxy"
      or name ~= "send_proxy" and not listener.ssl and "it has no ssl"
    if why and told.reading.values[name] then
      tls.problem(told, name, "no-effect", ("%s of %s has no effect: %s"):format(name, told.what, why), nil, "warning")
    end
  end
  for _, listener in ipairs(one.listeners) do
    local told = plan.told[listener]
    if told then
      look(listener, told, "send_proxy")
      for _, name in ipairs(tls.SETTINGS) do look(listener, told, name) end
    end
  end
end

local function needs_relay(one)
  if KNOWS[one.settings.contract] then return false end
  for _, listener in ipairs(one.listeners) do
    if is_relayed(listener) then return true end
  end
  return false
end

-- What makes the service a relay is Reeve's to say.
local NOT_YOURS = { "contract", "type", "protocol", "open_files", "chroot", "drop_priv_before_exec", "wait", "ready" }

--- Is what a config says about a service about a relay? Then it is kept until its relay is made.
---@param plan table of effective.lua
---@param said table of the script: { name, options, at }
function M.is_about_relay(plan, said)
  local base = said.name:match "^(.+)%-tls$"
  local known = false
  for _, other in ipairs(base and plan.script.services or {}) do known = known or other.name == base end
  if not known then return false end
  local what = ("service '%s'"):format(said.name)
  said.reading = judge.read(plan.script, "service", what, said, plan.variables)
  if said.reading.values.executable ~= nil then return false end
  plan.about_relays[said.name] = plan.about_relays[said.name] or said
  for _, name in ipairs(NOT_YOURS) do
    local value = said.reading.values[name]
    if value then
      said.reading:problem("value", { value.key }, "relay-setting", ("%s of %s: this is reeve-tls for service '%s', "
        .. "whose %s cannot be chosen"):format(name, what, base, name), "leave it out; see reeve-tls(8)")
    end
  end
  for _, listener in ipairs(said.reading.listeners) do
    plan.script:problem(listener.at, "call", nil, "relay-listener", ("%s '%s' of %s: its listeners are those of '%s'")
      :format(listener.word, listener.name, what, base), ("write it in service '%s'"):format(base))
  end
  return true
end

--- A `service "NAME-tls"` for which nothing was made, although NAME is enabled.
local function check_used(plan, services, made)
  for _, one in ipairs(services) do
    local said = plan.about_relays[one.name .. "-tls"]
    if said and not made[said.name] and plan:text "ssl" ~= "false" then
      plan.script:problem(said.at, "call", nil, "no-effect",
        ("service '%s' has no effect: no listener of '%s' needs reeve-tls"):format(said.name, one.name),
        "write ssl = true in the listener, or an executable for a service of your own", "warning")
    end
  end
end

--- The relay of one service -> a service | nil
local function relay_of(plan, one, taken)
  local name = one.name .. "-tls"
  if one.settings.contract == "plain" then
    plan.script:problem(one.said_at, "call", nil, "relay-plain",
      ("service '%s': contract \"plain\" takes no connections, so nobody can do TLS or PROXY for it"):format(one.name),
      "write contract = \"systemd\" or \"inetd\"")
  elseif taken[name] then
    plan.script:problem(one.said_at, "call", nil, "relay-taken",
      ("service '%s' needs a service '%s' for its TLS or PROXY headers, but that name is taken"):format(one.name, name),
      ("rename the other one; without an executable, service \"%s\" { … } is about this one"):format(name))
  else
    return make(plan, one, name)
  end
end

--- Adds the relays to the services.
---@param plan table
---@param services table[]
function M.add(plan, services)
  local taken, made = {}, {}
  for _, one in ipairs(services) do taken[one.name] = true end
  for i = 1, #services do
    local one = services[i]
    check_effects(plan, one)
    local relay = needs_relay(one) and relay_of(plan, one, taken)
    if relay then
      services[#services + 1] = relay
      made[relay.name] = true
    end
  end
  check_used(plan, services, made)
end

return M
