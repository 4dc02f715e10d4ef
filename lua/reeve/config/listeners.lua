--- listeners: of one service, resolved for the plan. The order of the result is that of the file
-- descriptors a process gets: unix sockets, fifos, inet sockets.

local judge = require "reeve.config.judge"

local M = {}

local SCOPES = { inet = "inet_listener", unix = "unix_listener", fifo = "fifo_listener" }
local ORDER = { unix = 1, fifo = 2, inet = 3 }
local LONGEST_PATH = 107 -- sun_path has 108 bytes with the end

local function is_literal(address)
  return address:find("^[%d.]+$") or address:find(":", 1, true)
end

--- The addresses that a word stands for: list | nil, sentence
local function addresses_of(plan, word)
  word = word:match "^%[(.*)%]$" or word
  if word == "*" then return { "0.0.0.0" } end
  if word == "::" then return { "::" } end
  local lookup = plan.names.addresses
  if not lookup then
    if is_literal(word) then return { word } end
    return nil, "host names cannot be looked up here"
  end
  local list, sentence = lookup(word)
  return list, sentence and sentence:gsub("^the address of '.-': ", "")
end

local function taken(plan, said, message, first, why)
  plan.script:problem(said.at, "name", nil, "duplicate-listener",
    ("%s is already taken by %s '%s' at %s%s"):format(message, first.word, first.name,
      plan.script:cite(first.at, "call"), why or ""))
end

local function claim(plan, key, said, message)
  local first = plan.claims[key]
  if first then return taken(plan, said, message, first) end
  plan.claims[key] = said
  return true
end

local EVERY = { ["0.0.0.0"] = true, ["::"] = true }

--- The kernel gives a port to every address or to single ones, unless it may share it out.
local function claim_port(plan, listener, said)
  local address, port = listener.address, listener.port
  local message = ("port %d of %s"):format(port, address)
  if not claim(plan, ("%s:%d"):format(address, port), said, message) then return end
  local family = address:find(":", 1, true) and "::" or "0.0.0.0"
  local mine, others = ("one of %s:%d"):format(family, port), ("every of %s:%d"):format(family, port)
  if EVERY[address] then mine, others = others, mine end
  local other = plan.claims[others]
  if other and not listener.reuse_port then
    taken(plan, said, message, other, (": %s is every address"):format(family))
  end
  plan.claims[mine] = plan.claims[mine] or said
end

local function number(plan, scope, values, name)
  local value = values[name]
  return tonumber(value and value.canonical or plan.schema:default(scope, name))
end

local function inet(plan, service, said, reading, enabled)
  local values = reading.values
  if values.port == nil then
    return plan.script:problem(said.at, "call", nil, "missing", ("inet_listener '%s' has no port"):format(said.name),
      "write port = 80, or port = 0 to disable it")
  end
  if values.port == false or values.address == false then return end
  local port = number(plan, "inet_listener", values, "port")
  if plan:text "ssl" == "false" and number(plan, "inet_listener", values, "ssl") == 1 then return end
  local words = values.address and values.address.list or plan.listen
  if port == 0 or not enabled then return end
  for _, word in ipairs(words) do
    local list, sentence = addresses_of(plan, word)
    if not list then
      local part = values.address and "value" or "call"
      reading:problem(part, { values.address and values.address.key }, "address",
        ("address '%s' of %s: %s"):format(word, reading.what, sentence or "unknown host"))
    end
    for _, address in ipairs(list or {}) do
      local name = values.name and values.name.canonical or said.name
      local listener = {
        kind = "inet", name = name, address = address, port = port,
        ssl = number(plan, "inet_listener", values, "ssl") == 1,
        haproxy = number(plan, "inet_listener", values, "haproxy") == 1,
        reuse_port = number(plan, "inet_listener", values, "reuse_port") == 1,
      }
      claim_port(plan, listener, said)
      plan.told[listener] = { reading = reading, what = ("%s of service '%s'"):format(reading.what, service.name),
        send_proxy = number(plan, "inet_listener", values, "send_proxy") == 1 }
      table.insert(service.listeners, listener)
    end
  end
end

--- The absolute path of a unix or fifo listener, or nil (the problem has been added).
local function path_of(plan, said, reading)
  local value = reading.values.path
  if value == false then return nil end
  local path = value and value.canonical or said.name
  local part, where = value and "value" or "name", value and { value.key } or nil
  local function refuse(code, sentence, hint, severity)
    reading:problem(part, where, code, ("%s: %s"):format(reading.what, sentence), hint, severity)
  end
  if path == "" then return refuse("path", "the path is empty") end
  if ("/" .. path .. "/"):find("/../", 1, true) then
    return refuse("path", ("'%s' has .. in it"):format(path), "write the path without ..")
  end
  if path:sub(1, #plan.base_dir + 1) == plan.base_dir .. "/" then
    local rest = path:sub(#plan.base_dir + 2):gsub("^/+", "")
    refuse("base-dir-prefix", ("'%s' begins with base_dir, where relative paths start anyway"):format(path),
      ("write \"%s\""):format(rest), "warning")
  end
  if path:sub(1, 1) ~= "/" then path = plan.base_dir .. "/" .. path end
  local steps
  path = path:gsub("/+", "/")
  repeat path, steps = path:gsub("/%./", "/") until steps == 0
  if #path > LONGEST_PATH and said.kind == "unix" then
    return refuse("path",
      ("the path is too long for a unix socket: %d bytes, at most %d"):format(#path, LONGEST_PATH),
      "choose a shorter path or base_dir")
  end
  return path
end

local function on_path(plan, service, said, reading, enabled)
  local values = reading.values
  local path = path_of(plan, said, reading)
  local uid = plan:id(reading, "user")
  local gid = plan:id(reading, "group")
  if uid and plan.uid ~= 0 and uid ~= plan.uid and uid ~= -1 then
    reading:problem("value", { values.user.key }, "needs-root",
      ("user of %s: only root can give a socket to another user"):format(reading.what),
      "start Reeve as root or leave it out")
  end
  if not path or values.mode == false then return end
  local mode = number(plan, "unix_listener", values, "mode")
  if mode == 0 or not enabled then return end
  claim(plan, path, said, ("'%s'"):format(path))
  table.insert(service.listeners,
    { kind = said.kind, path = path, name = said.name, mode = mode, uid = uid or -1, gid = gid or -1 })
end

--- Resolves the listeners `records` into service.listeners. A service that is not enabled has its
-- listeners checked, but they take no path or port from others.
function M.resolve(plan, service, records, enabled)
  service.listeners = {}
  for _, said in ipairs(records) do
    local scope = SCOPES[said.kind]
    local reading = judge.read(plan.script, scope == "fifo_listener" and "unix_listener" or scope,
      ("%s '%s'"):format(said.word, said.name), said, plan.variables)
    local resolve = said.kind == "inet" and inet or on_path
    resolve(plan, service, said, reading, enabled)
  end
  local place = {}
  for i, listener in ipairs(service.listeners) do place[listener] = i end
  table.sort(service.listeners, function(a, b)
    if a.kind ~= b.kind then return ORDER[a.kind] < ORDER[b.kind] end
    return place[a] < place[b]
  end)
end

return M
