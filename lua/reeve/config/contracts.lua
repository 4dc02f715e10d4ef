--- contracts: what a service's contract can and cannot have: wait, ready, alive and what has no effect with it.

local M = {}

local REPORTS = { reeve = true, dovecot = true }

--- Whether processes of this contract send status messages.
function M.reports(contract) return REPORTS[contract] == true end

local function accepts(self) return self:text "contract" == "inetd" and self:text "wait" ~= "1" end
M.accepts = accepts

local function refuse(self, name, message, hint)
  self:problem(name, "contract", ("%s of %s: %s"):format(name, self.what, message), hint)
end

-- Not of a value that is the default: `reeve config --lua` writes all of them.
local function no_effect(self, name, why, hint)
  if not self.values[name] then return end
  local text, global = self:text(name), "default_" .. name
  if name == "client_limit" and accepts(self) and text == "1" then return end -- what it is anyway
  if text == self.plan.schema:default("service", name) then return end
  if self.plan.schema:row("global", global) and text == self.plan:text(global) then return end
  self:problem(name, "no-effect", ("%s of %s has no effect: %s"):format(name, self.what, why), hint, "warning")
end

---- places

local PLACES = 'write "tcp:127.0.0.1:8080" or "unix:PATH"'

local function tcp_place(self, name, text)
  local host, port = text:match "^(.+):(%d+)$"
  if not host or tonumber(port) < 1 or tonumber(port) > 65535 then
    return refuse(self, name, ("'tcp:%s' has no port from 1 to 65535"):format(text), PLACES)
  end
  host = host:match "^%[(.*)%]$" or host
  if not host:find "^[%d.]+$" and not host:find(":", 1, true) then
    local lookup = self.plan.names.addresses
    local list, why = nil, "host names cannot be looked up here"
    if lookup then list, why = lookup(host) end
    if not list or not list[1] then return refuse(self, name, ("'%s': %s"):format(host, why or "unknown host")) end
    host = list[1]
  end
  return ("tcp:%s:%s"):format(host:find(":", 1, true) and "[" .. host .. "]" or host, port)
end

-- The place in the form that the master reads; "" when it is wrong (the problem has been added).
local function place(self, name, text)
  local kind, rest = text:match "^(%a+):(.+)$"
  if kind == "tcp" then return tcp_place(self, name, rest) or "" end
  if kind == "unix" then return "unix:" .. self.plan:absolute(rest) end
  refuse(self, name, ("'%s' is no place"):format(text), PLACES)
  return ""
end

function M.alive(self)
  local text = self:text "alive"
  return text ~= "" and place(self, "alive", text) or ""
end

local WORDS = { [""] = true, status = true, notify = true, fd = true }

local function ready_text(self)
  local text = self:text "ready"
  if WORDS[text] then return text end
  local path = text:match "^pidfile:(.+)$"
  if path then return "pidfile:" .. self.plan:absolute(path) end
  if text == "tcp" or text == "unix" or text == "pidfile" then
    local example = ({ tcp = "tcp:127.0.0.1:8080", unix = "unix:web.sock", pidfile = "pidfile:/run/web.pid" })[text]
    refuse(self, "ready", ("'%s' names no place; Reeve's own listeners answer always"):format(text),
      ('write ready = "%s"'):format(example))
    return ""
  end
  return place(self, "ready", text)
end

function M.ready(self)
  if not self.values.ready then return "" end
  local text, contract = ready_text(self), self:text "contract"
  local why
  if M.reports(contract) and not (text == "" or text == "status") then
    why = ("contract \"%s\" reports by its status messages"):format(contract)
  elseif not M.reports(contract) and text == "status" then
    why = ("contract \"%s\" has no status messages"):format(contract)
  elseif accepts(self) and text ~= "" then
    why = "with contract \"inetd\" and wait = false a process has its client from the start"
  end
  if not why then return text end
  refuse(self, "ready", why, "leave it out")
  return ""
end

---- what must and what cannot be

local function answers_always(self, out, name)
  local text = out.settings[name]
  for _, l in ipairs(out.listeners) do
    local there = l.kind == "unix" and "unix:" .. l.path or l.kind == "inet"
      and ("tcp:%s:%d"):format(l.address:find(":", 1, true) and "[" .. l.address .. "]" or l.address, l.port)
    if there == text then
      refuse(self, name,
        ("'%s' is a listener of the service itself: Reeve holds it, so it answers always"):format(text),
        "name a place that the program itself opens")
    end
  end
end

local function check_listeners(self, out, enabled)
  local contract, n = self:text "contract", #out.listeners
  if not enabled then return end
  if contract == "plain" and n > 0 then
    self:problem("contract", "no-effect", ("listeners of %s: a process of contract \"plain\" gets no sockets, nobody "
      .. "will answer on them"):format(self.what), 'write contract = "systemd" or "inetd" if the program can take them',
      "warning")
  end
  if contract ~= "inetd" then return end
  if n == 0 then refuse(self, "contract", '"inetd" needs a listener', "add inet_listener \"…\" { port = … }") end
  if self:text "wait" == "1" and n > 1 then
    refuse(self, "wait", ("true needs exactly one listener, there are %d"):format(n),
      "name one address: address = \"127.0.0.1\"")
  end
  for _, l in ipairs(out.listeners) do
    if l.kind == "fifo" and self:text "wait" ~= "1" then
      refuse(self, "contract", ("\"inetd\": nobody can be accepted on fifo_listener '%s'"):format(l.name),
        "use a unix_listener")
    end
  end
end

local PER_CLIENT = { "client_limit", "service_count", "idle_kill" }

local function check_effects(self)
  local contract = self:text "contract"
  local notified = contract == "systemd" or self:text "ready" == "notify"
  if not M.reports(contract) then
    for _, name in ipairs(PER_CLIENT) do
      no_effect(self, name, accepts(self) and "a process of contract \"inetd\" is one client"
        or ("nobody knows the clients of a process of contract \"%s\""):format(contract), "leave it out")
    end
  end
  if contract ~= "inetd" then no_effect(self, "wait", "it is for contract \"inetd\"", "leave it out") end
  if not accepts(self) then
    no_effect(self, "per_source_limit", "only with contract \"inetd\" and wait = false is it Reeve that accepts")
  else
    no_effect(self, "process_min_avail", "a process of contract \"inetd\" is started for a client that has come")
  end
  if not notified then
    no_effect(self, "watchdog", "it is for programs that speak sd_notify", 'write contract = "systemd"')
    no_effect(self, "fd_store", "it is for programs that speak sd_notify", 'write contract = "systemd"')
  end
  if self:text "alive" == "" then no_effect(self, "alive_every", "alive names no place") end
  if self:text "alive" ~= "" and self:number "process_limit" ~= 1 then
    self:problem("alive", "advice", ("alive of %s: every process is judged by this one place"):format(self.what),
      "write process_limit = 1", "warning")
  end
end

--- The rules of the contract; `out` is the plan's service with its listeners.
function M.check(self, out, enabled)
  check_listeners(self, out, enabled)
  check_effects(self)
  answers_always(self, out, "ready")
  answers_always(self, out, "alive")
end

return M
