--- A small fixed world for the control socket's specs: two services, strict facts, a control with
-- every outgoing frame and order kept.

local M = {}

-- facts raise on unknown fields and on writing, as reeve.facts does
local function strict(name, fields, absent)
  for _, k in ipairs(absent or {}) do absent[k] = true end
  return setmetatable({}, {
    __index = function(_, k)
      local v = fields[k]
      if v ~= nil or (absent and absent[k]) then return v end
      error(("unknown field '%s' of %s"):format(tostring(k), name), 2)
    end,
    __newindex = function() error(name .. " is read-only", 2) end,
    __pairs = function() return next, fields end,
    __metatable = false,
  })
end

local UNKNOWN = { "idle_for", "busy_for", "rss", "private", "cpu", "clients", "served", "idle", "busy", "waiting",
  "last_failure", "stopped", "draining", "starting", "avail" }

function M.process(fields) return strict("process", fields, { table.unpack(UNKNOWN) }) end

local function services()
  local web = {
    name = "web", type = "", contract = "reeve", generation = 3, live = 3, starting = 0, idle = 1, busy = 2,
    avail = 1, draining = 0, clients = 7, waiting = 0, starts = 12, exits = 9, start_failures = 1, crashes = 2,
    dropped = 0, now = 100.5, throttled_until = 0, stopped = false,
    settings = strict("settings", { process_limit = 50, client_limit = 4 }),
    processes = {
      M.process { id = 7, pid = 107, generation = 3, state = "busy", clients = 4, served = 90, age = 61.25,
        busy_for = 3.5, rss = 4096000, private = 1024000, cpu = 0.5 },
      M.process { id = 9, pid = 109, generation = 3, state = "idle", clients = 0, served = 12, age = 30.0,
        idle_for = 2.0 },
    },
    last_exits = { { id = 5, ok = false, asked = false, stage = "serving", code = 0, signal = 11, age = 12.5,
      served = 3, clients_lost = 1, text = "killed by SIGSEGV" } },
  }
  web.rate = function(_, counter, seconds) return counter == "served" and seconds / 4 or error "unknown counter" end
  local job = {
    name = "job", type = "startup", contract = "plain", generation = 3, live = 1, starting = 0, draining = 0,
    avail = 1, starts = 4, exits = 3, start_failures = 3, crashes = 0, dropped = 0, now = 100.5,
    throttled_until = 104.0, stopped = false,
    last_failure = "exec job: ENOENT",
    settings = strict("settings", { process_limit = 1, client_limit = 1 }), processes = {}, last_exits = {},
  }
  return web, job
end

local WHY = {
  web = { policies = { { name = "min_avail", state = "active", why = "keep 2 ready" },
    { name = "breaker", state = "quarantined", why = "5 fails", failure = "conf.lua:3: boom" } } },
  job = { policies = { { name = "throttle", state = "active" } } },
}

local PLAN = {
  services = {
    { name = "web", settings = { description = "the site", process_limit = "50", client_limit = "4",
      idle_kill = "60000" },
      listeners = { { kind = "inet", name = "http", address = "127.0.0.1", port = 8080 },
        { kind = "unix", name = "web.sock", path = "/run/x/web.sock" } } },
    { name = "job", settings = { process_limit = "1" }, listeners = {} },
  },
}

-- The master answers `sync` at once; the other orders are kept.
local function fake_order(orders, synced)
  return setmetatable({}, { __index = function(_, name)
    return function(fields)
      if name == "sync" then return synced(fields.seq) end
      fields.order = name
      orders[#orders + 1] = fields
    end
  end })
end

-- guard.call as the engine's, without a real clock: a chunk that calls deadline() passes it
local function guard_call(_, f, ...)
  local r = table.pack(pcall(f, ...))
  if r[1] then return table.unpack(r, 1, r.n) end
  local kind = tostring(r[2]):find "deadline" and "deadline" or "runtime"
  return false, r[2], kind
end

--- Makes the world: { control, frames, orders, closed, facts = {web, job}, say(...), ... }.
function M.new(opts)
  opts = opts or {}
  local web, job = services()
  local w = { frames = {}, orders = {}, closed = {}, log = {}, operated = {}, now = 1000, behind = 0,
    facts = { web = web, job = job } }
  local control = require "reeve.control"
  w.host = {
    services = {
      web = strict("service", web, { "last_failure" }),
      job = strict("service", job, { table.unpack(UNKNOWN) }),
    },
    why = function(_, name) return WHY[name] end,
    operator = function(_, name, verb) w.operated[#w.operated + 1] = verb .. " " .. name end,
    replace = function(_, name, policy)
      if policy == "no" then return nil, "that is none" end
      w.operated[#w.operated + 1] = "policy " .. name
      return true
    end,
  }
  w.control = control.new {
    host = w.host, plan = PLAN, order = fake_order(w.orders, function(seq) w.control:synced(seq) end),
    role_of = opts.role_of or require "reeve.roles".of(opts.control, 0),
    send = function(session, bytes) w.frames[#w.frames + 1] = { session = session, bytes = bytes } end,
    close = function(session) w.closed[#w.closed + 1] = session end,
    guard = { call = guard_call }, now = function() return w.now end, wall = function() return { sec = 3661 } end,
    behind = function() return w.behind end,
    words = function() return { only = function(list) return list end } end,
    sandbox = { console_env = function(api)
      api.deadline = function() error "deadline of 2000 ms exceeded" end
      return setmetatable(api, { __index = { pairs = pairs, error = error, setmetatable = setmetatable } })
    end },
    about = function()
      return { version = "0.1.0", generation = 3, master_pid = 11, engine_pid = 12 }
    end,
    log = setmetatable({}, { __index = function(_, level)
      return function(...) w.log[#w.log + 1] = level .. " " .. string.format(...) end
    end }),
    tail = opts.tail,
    spec = { settings = require "reeve.spec".settings,
      print = function(_, name, canonical) return name == "idle_kill" and "60s" or canonical end,
      parse = require "reeve.spec".parse },
  }
  return setmetatable(w, { __index = M })
end

--- Sends a verb with its words on session 1, id 1; connects first when needed.
function M:say(...)
  if not self.control.sessions[1] then self.control:connect(1, { uid = 0, gid = 0, pid = 99 }) end
  self.frames = {}
  self.control:frame(1, "verb", 1, table.concat({ ... }, "\0"))
  return self:answer()
end

--- What was sent since: stdout, stderr, exit code (nil: not done yet).
function M:answer(id)
  local out, err, code = {}, {}, nil
  for _, f in ipairs(self.frames) do
    local verb, of, length, payload = f.bytes:match "^(%l+) (%d+) (%d+)\n(.*)$"
    assert(verb and #payload == tonumber(length), "a frame of a wrong length: " .. f.bytes:sub(1, 80))
    if tonumber(of) == (id or 1) then
      assert(not code, "a frame after done")
      if verb == "out" then out[#out + 1] = payload end
      if verb == "err" then err[#err + 1] = payload end
      if verb == "done" then code = tonumber(payload) end
    end
  end
  return table.concat(out), table.concat(err), code
end

return M
