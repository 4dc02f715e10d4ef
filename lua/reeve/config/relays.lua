--- relays: listeners with ssl or haproxy of services whose processes can do neither (contracts systemd and inetd). Such
-- a listener goes to a service NAME-tls that is made for it: reeve-tls(8) takes the connections, does TLS or takes the
-- PROXY header off, and connects to the processes over a unix socket that only it may use.

local service = require "reeve.config.service"

local M = {}

local KNOWS = { reeve = true, dovecot = true } -- these get the flags and do it themselves
local OWNER_ONLY = 384                         -- 0600

local function problem(told, name, code, message, hint, severity)
  local value = name and told.reading.values[name]
  if value then return told.reading:problem("value", { value.key }, code, message, hint, severity) end
  told.reading:problem("call", {}, code, message, hint, severity)
end

--- A list of absolute paths; Dovecot's "</path" is taken, too.
local function paths(plan, list)
  local all = {}
  for i, word in ipairs(list) do all[i] = plan:absolute((word:gsub("^<", ""))) end
  return all
end

--- The words of ssl_cert or ssl_key: the listener's own or the global ones.
local function words(plan, told, name)
  local value = told.reading.values[name]
  if value == nil then value = plan.values[name] end
  return value and paths(plan, value.list) or {}
end

local VERDICTS = {
  bad = { "certificate", nil },
  ["not now"] = { "certificate-time", "renew it; at a start and at a reload this is a warning" },
  unreadable = { "unreadable", "root can read it, you cannot, so it was not looked at", "warning" },
}

--- Says what is wrong with a pair. An expired certificate must not keep a machine from starting.
local function check_pair(plan, told, certificate, key)
  local check = plan.opts.certificate
  if not check then return end
  local verdict, sentence = check(certificate .. "\0" .. key)
  if verdict == "good" then return end
  local row = VERDICTS[verdict] or VERDICTS.bad
  local severity = row[3] or verdict == "not now" and not plan.opts.is_check and "warning" or nil
  local what = verdict == "unreadable" and sentence or ("%s and %s: %s"):format(certificate, key, sentence)
  if sentence:find("^/") then what = sentence end
  problem(told, told.reading.values.ssl_cert and "ssl_cert", row[1], ("%s: %s"):format(told.what, what), row[2],
    severity)
end

--- The pairs of a listener: { { certificate, key }, … } | nil: something is wrong
local function pairs_of(plan, told)
  local certificates, keys = words(plan, told, "ssl_cert"), words(plan, told, "ssl_key")
  if #certificates == 0 then
    return problem(told, "ssl", "no-certificate", ("%s has ssl = true, but there is no ssl_cert"):format(told.what),
      "write ssl_cert and ssl_key, here or in settings { }")
  end
  if #certificates ~= #keys then
    return problem(told, told.reading.values.ssl_key and "ssl_key", "no-key",
      ("%s: %d of ssl_cert, %d of ssl_key; each certificate has one key"):format(told.what, #certificates, #keys))
  end
  local list = {}
  for i, certificate in ipairs(certificates) do
    check_pair(plan, told, certificate, keys[i])
    list[i] = { certificate, keys[i] }
  end
  return list
end

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
  for _, pair in ipairs(listener.ssl and pairs_of(plan, told) or {}) do
    for _, word in ipairs { "--certificate", file(pair[1]), file(pair[2]) } do argv[#argv + 1] = word end
  end
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
        problem(plan.told[listener], nil, "relay-name", ("listeners '%s' and '%s' of service '%s' cannot be told apart")
          :format(known[path], listener.name, from.name), "name one of them otherwise")
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

local function make(plan, from, name, at)
  local argv, files = { plan:beside "reeve-tls" }, {}
  local taken = take(plan, from, argv, files)
  local made = service.resolve(plan, { name = name, at = at, listeners = taken, options = {
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
  for _, listener in ipairs(one.listeners) do
    local told = plan.told[listener]
    for _, name in ipairs(told and { "ssl_cert", "ssl_key", "send_proxy" } or {}) do
      local why = KNOWS[one.settings.contract] and ("contract \"%s\" does TLS and PROXY by itself"):format(
        one.settings.contract) or not is_relayed(listener) and "it has neither ssl nor haproxy"
        or name ~= "send_proxy" and not listener.ssl and "it has no ssl"
      if why and told.reading.values[name] then
        problem(told, name, "no-effect", ("%s of %s has no effect: %s"):format(name, told.what, why), nil, "warning")
      end
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

--- Adds the relays to the services.
---@param plan table of effective.lua
---@param services table[]
function M.add(plan, services)
  local taken = {}
  for _, one in ipairs(services) do taken[one.name] = true end
  for i = 1, #services do
    local one = services[i]
    check_effects(plan, one)
    if needs_relay(one) then
      local name = one.name .. "-tls"
      if one.settings.contract == "plain" then
        plan.script:problem(one.said_at, "call", nil, "relay-plain",
          ("service '%s': contract \"plain\" takes no connections, so nobody can do TLS or PROXY for it")
            :format(one.name),
          "write contract = \"systemd\" or \"inetd\"")
      elseif taken[name] then
        plan.script:problem(one.said_at, "call", nil, "relay-taken",
          ("service '%s' needs a service '%s' for its TLS or PROXY headers, but that name is taken"):format(one.name,
            name),
          "rename the other one")
      else
        services[#services + 1] = make(plan, one, name, one.said_at)
      end
    end
  end
end

return M
