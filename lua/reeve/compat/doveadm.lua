--- doveadm: the protocol that Dovecot's doveadm speaks on <base_dir>/master (`doveadm service status`, `service stop`,
-- `process status`), answered from the facts. Lines of words with tabs between them; a version line comes first.

local operate = require "reeve.operate"
local view = require "reeve.view"

local M = {}
M.__index = M

local SERVER <const> = "VERSION\tmaster-server\t1\t0\n"
local CLIENT <const> = "^VERSION\tmaster%-client\t1\t%d+$"
local ESCAPES = { ["\0"] = "\0010", ["\1"] = "\0011", ["\t"] = "\001t", ["\r"] = "\001r", ["\n"] = "\001n" }

--- opts: host, plan, order, send(session, bytes), close(session), role_of(peer), log; ask(f): calls f once everything
-- that has changed by now is known.
function M.new(opts)
  local self = setmetatable({ sessions = {} }, M)
  for _, name in ipairs { "host", "plan", "order", "send", "close", "role_of", "log", "ask" } do
    self[name] = opts[name]
  end
  return self
end

local function line(words)
  local out = {}
  for i, word in ipairs(words) do out[i] = tostring(word):gsub("[%z\1\t\r\n]", ESCAPES) end
  return table.concat(out, "\t") .. "\n"
end

--- The unix time of a moment of the monotonic clock (seconds); 0: never.
local function unix_time(s, at)
  return at and math.max(0, math.floor(s.wall.unix - (s.now - at))) or 0
end

-- The last failure, and how many of those that are remembered fell into the same second.
local function failures(s)
  local last, count = nil, 0
  for _, exit in ipairs(view.fact(s, "last_exits") or {}) do
    if not exit.ok and not exit.asked then
      last = last or exit.at
      if last - exit.at < 1 then count = count + 1 end
    end
  end
  return last, count
end

local function yes(condition) return condition and "y" or "n" end

local function service_line(self, name)
  local s = self.host.services[name]
  local failed, in_second = failures(s)
  local live, limited = s.live + s.draining, view.fact(s, "limited_at")
  local hold_s = math.ceil((view.hold_ms(s) or 0) / 1000)
  local stopped, at_limit = view.fact(s, "stopped") or false, s.live >= s.settings.process_limit
  local avail = s.avail or 0
  return line { name, live, avail, s.settings.process_limit, s.settings.client_limit, hold_s,
    unix_time(s, failed), in_second, unix_time(s, limited), yes(at_limit and (s.waiting or 0) > 0),
    yes(avail == 0 and hold_s == 0 and not stopped and not at_limit), yes(stopped), view.fact(s, "starts") or 0 }
end

local function process_lines(s, name, out)
  for _, p in ipairs(view.fact(s, "processes") or {}) do
    local idle_for = view.fact(p, "idle_for") or 0
    local quiet = math.max(idle_for, view.fact(p, "busy_for") or 0)
    local served, clients = view.fact(p, "served") or 0, view.fact(p, "clients") or 0
    out[#out + 1] = line { name, p.pid, view.fact(p, "available") or 0, served + clients,
      p.state == "idle" and unix_time(s, s.now - idle_for) or 0, unix_time(s, s.now - quiet),
      p.state == "leaving" and unix_time(s, s.now) or 0 }
  end
end

local COMMANDS = {}

COMMANDS["SERVICE-STATUS"] = function(self, session)
  self:ask(function()
    local out = {}
    for i, name in ipairs(view.names(self)) do out[i] = service_line(self, name) end
    self.send(session, table.concat(out) .. "\n")
  end)
end

COMMANDS["PROCESS-STATUS"] = function(self, session, names)
  self:ask(function()
    local out, wanted = {}, {}
    for _, name in ipairs(names) do wanted[name] = true end
    for _, name in ipairs(view.names(self)) do
      if #names == 0 or wanted[name] then process_lines(self.host.services[name], name, out) end
    end
    self.send(session, table.concat(out) .. "\n")
  end)
end

function COMMANDS.STOP(self, session, names)
  local peer = self.sessions[session].peer
  for _, name in ipairs(names) do
    if not view.definition(self, name) then
      self.send(session, ("-Unknown service: %s\n"):format(name))
      return
    end
  end
  if self.is_retired then
    self.send(session, "-The configuration has just been reloaded: try again\n")
    return
  end
  for _, name in ipairs(names) do
    self.log.info("doveadm (pid %d, uid %d): stop %s", peer.pid or -1, peer.uid or -1, name)
    operate.service(self, self.order, name, "stop")
  end
  self.send(session, "+\n")
end

--- A client has connected. peer = { uid, gid, pid }.
function M:connect(session, peer)
  local role, why = self.role_of(peer)
  if role ~= "admin" then
    self.log.warn("doveadm: %s", why or ("uid %d may not talk to this daemon"):format(peer.uid))
    return self.close(session)
  end
  self.sessions[session] = { greeted = false, peer = peer }
  self.send(session, SERVER)
end

--- A line has come.
function M:line(session, text)
  local state = self.sessions[session]
  if not state then return end
  if not state.greeted then
    if not text:find(CLIENT) then
      self.log.warn("doveadm: '%s' is no greeting of doveadm 2.3: closed", text:sub(1, 100):gsub("%c", "?"))
      return self.close(session)
    end
    state.greeted = true
    return
  end
  local words = {}
  for word in (text .. "\t"):gmatch "([^\t]*)\t" do words[#words + 1] = word end
  local command = COMMANDS[table.remove(words, 1)]
  if not command then
    self.log.warn("doveadm: unknown command '%s': closed", text:sub(1, 100):gsub("%c", "?"))
    return self.close(session)
  end
  command(self, session, words)
end

--- The client is gone. -> whether there is another one
function M:closed(session)
  self.sessions[session] = nil
  return next(self.sessions) ~= nil
end

--- A reload has put another engine in our place. doveadm knows no second try, so whoever is here gets an answer still:
-- from what is known, about to be outdated or not. -> whether somebody is here
function M:retired()
  self.ask = function(_, answer) answer() end
  self.is_retired = true
  return next(self.sessions) ~= nil
end

return M
