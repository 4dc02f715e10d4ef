--- Drives a real daemon for the tests: starts it in a directory of its own, talks to it as people do, and looks
-- whether anything is left behind. Everything waits for a condition; `wait_until` is the only place that waits.
--
--   local reeve = require "reeve"
--   local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", … port = @port@ … }]] }
--   local c = d:connect()          -- to @port@; d:connect(2) to @port2@; d:connect "x.sock" below base_dir
--   print(c:ask "pid")
--   d:stop()
--
-- In a config @worker@ is the test worker, @dir@ the daemon's directory, @port@, @port2@, @port3@ free TCP ports.
local json = require "dkjson"
local lfs = require "lfs"
local socket = require "socket"
local unix = require "socket.unix"

local M = {}
local Daemon, Client = {}, {}
Daemon.__index, Client.__index = Daemon, Client

local BUILD = os.getenv "BUILD" or "build"
if BUILD:sub(1, 1) ~= "/" then BUILD = lfs.currentdir() .. "/" .. BUILD end
M.build = BUILD
local alive = {} -- every daemon started and not yet stopped, for `M.clean`

-- Nobody is to be faster than a busy machine lets him. A mutant (tests/mutants) is expected to fail, and soon: before
-- the defaults of ten seconds that its row is to be told from.
local PATIENCE <const> = os.getenv "REEVE_MUTANT" and 8 or 60

--- The one place that waits: asks `condition` every few milliseconds until it returns something true, and returns
-- that. Fails with `what` (a text, or a function that makes it) after a minute; `seconds`: what takes longer.
function M.wait_until(condition, what, seconds)
  local deadline = socket.gettime() + math.max(seconds or 0, PATIENCE)
  while true do
    local result = condition()
    if result then return result end
    if socket.gettime() > deadline then
      error("waited in vain for " .. (type(what) == "function" and what() or what or "a condition"), 2)
    end
    socket.select(nil, nil, 0.01)
  end
end

local function read(path)
  local f = io.open(path)
  if not f then return nil end
  local text = f:read "a"
  f:close()
  return text
end

local function write(path, text)
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
end
M.read, M.write = read, write

--- The text as a Lua pattern that matches it alone.
function M.literal(text)
  return (text:gsub("%p", "%%%0"))
end

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Runs a shell command; returns its exit code and what it printed on both outputs.
function M.shell(command)
  -- LD_PRELOAD (the sanitizer's, for our own interpreter) is not for other people's programs: some hang with it
  local p = assert(io.popen("unset LD_PRELOAD; { " .. command .. "\n} 2>&1", "r"))
  local text = p:read "a"
  local _, _, code = p:close()
  return code, text
end

--- What a command printed, without its last newline; it must succeed.
function M.shell_line(command)
  local code, text = M.shell(command)
  assert(code == 0, text)
  return (text:gsub("\n$", ""))
end

-- Ports are taken below the kernel's own range, so that no client's end of a connection sits on one; suites that run
-- side by side have ranges of their own (tests/tap).
local PORTS_FROM <const> = tonumber(os.getenv "PORTS_FROM" or 10000)
local PORTS <const> = 5000
local last_port = math.random(PORTS)

--- A TCP port on loopback that was free a moment ago.
function M.free_port()
  for _ = 1, PORTS do
    last_port = last_port % PORTS + 1
    local port = PORTS_FROM + last_port - 1
    local s = socket.bind("127.0.0.1", port)
    if s then
      s:close()
      return port
    end
  end
  error "no free port"
end

local function fill_in(d, text)
  local values = { worker = d.dir .. "/worker", dir = d.dir }
  return (text:gsub("@(%w+)@", function(name)
    local n = name:match "^port(%d*)$"
    if n then return d:port(n) end
    return values[name] or error("no value for @" .. name .. "@")
  end))
end

local SETTINGS = [[
settings {
  base_dir = "@dir@/run",
  %s
  %s
}
]]

-- address space limits and AddressSanitizer do not go together
local FOR_SANITIZERS = os.getenv "SAN" and "default_vsz_limit = 0," or ""

local function new(options)
  local _, dir = M.shell "d=$(mktemp -d /tmp/reeve-e2e.XXXXXX) && chmod 755 $d && echo $d"
  local d = setmetatable({ dir = dir:match "%S+", ports = {}, open = {}, loads = {}, options = options }, Daemon)
  local copy = ("cp %s %s/worker && mkdir %s/run"):format(quote(BUILD .. "/tests/e2e-worker"), d.dir, d.dir)
  assert(M.shell(copy) == 0)
  d.config_path, d.log_path, d.base = d.dir .. "/reeve.lua", d.dir .. "/log", d.dir .. "/run"
  d:configure(options.config, options.settings)
  d.bin = BUILD
  if options.own_programs then d:own_programs() end
  return d
end

--- Copies of Reeve's programs for this daemon alone, so that they can be replaced.
function Daemon:own_programs()
  self.bin = self.dir .. "/bin"
  assert(M.shell(("mkdir %s && cd %s && cp reeve reeved reeve-engine reeve-log %s/"):format(self.bin, quote(BUILD),
    self.bin)) == 0)
  self.options.env = self.options.env or {}
  self.options.env.REEVE_LUA_DIR = lfs.currentdir() .. "/lua"
end

local function environment(options)
  local words = {}
  for name, value in pairs(options.env or {}) do words[#words + 1] = name .. "=" .. quote(value) end
  return table.concat(words, " ")
end

--- Starts a daemon and waits until it answers. Options: config (text), settings (text inside settings {}),
-- env (table), prepare (function(daemon), before the start), wrap (a command that runs it), own_programs (true: the
-- daemon runs copies of its own of Reeve's programs, in @dir@/bin).
function M.start(options)
  local d = new(options)
  if options.prepare then options.prepare(d) end
  d.env = environment(options):gsub("@dir@", d.dir)
  alive[d] = true
  d:launch()
  M.wait_until(function()
    if d:exit_code() then error("the daemon ended with " .. d:exit_code() .. ":\n" .. d:log(), 0) end
    return d:try_status()
  end, function() return "the daemon to answer; its log:\n" .. d:log() end)
  return d
end

--- Runs a daemon that is expected not to start: returns its exit code, what it said, and the Daemon.
function M.refused(options)
  local d = new(options)
  if options.prepare then options.prepare(d) end
  d.env = environment(options)
  alive[d] = true
  d:launch()
  M.wait_until(function() return d:exit_code() end, function() return "the daemon to refuse; its log:\n" .. d:log() end)
  return d:exit_code(), d:log(), d
end

--- Stops whatever a test left running; for after_each.
function M.clean()
  for d in pairs(alive) do d:destroy() end
end

function Daemon:launch()
  os.remove(self.dir .. "/exit")
  local command = ("%s %s %s/reeve run -c %s"):format(self.env, self.options.wrap or "", quote(self.bin),
    self.config_path)
  local run = "(unset LD_PRELOAD; %s & p=$!; wait $p; echo $? >%s/exit.new; mv %s/exit.new %s/exit) >>%s 2>&1 &"
  os.execute(run:format(command, self.dir, self.dir, self.dir, self.log_path))
end

--- The exit code of `reeve run`, or nil while it runs.
function Daemon:exit_code()
  local text = read(self.dir .. "/exit")
  return text and tonumber(text)
end

--- What the daemon and its services wrote.
function Daemon:log()
  return read(self.log_path) or ""
end

--- Waits until the log has a line that matches the Lua pattern; returns its captures.
function Daemon:wait_log(pattern, seconds)
  return M.wait_until(function() return self:log():match(pattern) end, function()
    return ("'%s' in the log:\n%s"):format(pattern, self:log())
  end, seconds)
end

function Daemon:port(n)
  n = tonumber(n) or 1
  self.ports[n] = self.ports[n] or M.free_port()
  return self.ports[n]
end

--- Writes the config file anew, with the same settings {} unless others are given. Takes effect with `reload`.
function Daemon:configure(config, settings)
  self.settings = settings or self.settings or ""
  write(self.config_path, fill_in(self, SETTINGS:format(FOR_SANITIZERS, self.settings) .. (config or "")))
end

--- Runs `reeve VERB…` against this daemon: exit code and output.
function Daemon:reeve(words)
  return M.shell(("%s %s/reeve -b %s %s"):format(self.env or "", quote(self.bin), self.base, words))
end

function Daemon:json(words)
  local code, text = self:reeve(words .. " --json")
  if code ~= 0 then return nil, text end
  return json.decode(text), text
end

function Daemon:try_status()
  return self:json "status"
end

--- `reeve status --json`, as a table; it must answer.
function Daemon:status()
  local s, text = self:json "status"
  return s or error("status: " .. text, 2)
end

--- One service of the status.
function Daemon:service(name)
  for _, s in ipairs(self:status().services) do
    if s.name == name then return s end
  end
  error("status has no service '" .. name .. "'", 2)
end

--- `reeve ps --json` of a service, by id.
function Daemon:ps(name)
  local list, text = self:json("ps " .. (name or ""))
  if not list then error("ps: " .. text, 2) end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

--- Waits until every named fact of a service has the value, or `{ n }`: is at least that; returns the service.
function Daemon:wait_service(name, facts, seconds)
  local last
  return M.wait_until(function()
    local s = (self:try_status() or { services = {} }).services
    for _, one in ipairs(s) do
      if one.name == name then last = one end
    end
    for fact, value in pairs(facts) do
      local is = last and last[fact]
      if type(value) == "table" and not (is and is >= value[1]) then return nil end
      if type(value) ~= "table" and is ~= value then return nil end
    end
    return last
  end, function() return json.encode(facts) .. " of " .. name .. "; last seen: " .. json.encode(last) end, seconds)
end

--- kill -SIGNAL PID
function M.kill(signal, pid)
  assert(M.shell(("kill -%s %d"):format(signal, pid)) == 0, "no process " .. pid)
end

--- Whether a process is there (a zombie is not).
function M.is_alive(pid)
  local stat = read("/proc/" .. pid .. "/stat")
  return stat ~= nil and stat:match "^%d+ %b() (%a)" ~= "Z"
end

function M.wait_gone(pid, seconds)
  return M.wait_until(function() return not M.is_alive(pid) end, "process " .. pid .. " to be gone", seconds)
end

--- Pids whose command line names the daemon's directory: the master, the engine, the workers.
function Daemon:processes()
  local list = {}
  for pid in lfs.dir "/proc" do
    local line = pid:match "^%d+$" and read("/proc/" .. pid .. "/cmdline")
    if line and line:find(self.dir, 1, true) and not line:find("^sh%z") and M.is_alive(pid) then
      list[#list + 1] = tonumber(pid)
    end
  end
  return list
end

local function sockets_below(dir, list)
  for name in lfs.dir(dir) do
    local path = dir .. "/" .. name
    local mode = name ~= "." and name ~= ".." and lfs.symlinkattributes(path, "mode")
    if mode == "directory" then sockets_below(path, list) end
    if mode == "socket" or mode == "named pipe" then list[#list + 1] = path end
  end
  return list
end

function Daemon:lock_is_held()
  local inode = lfs.attributes(self.base .. "/reeve.lock", "ino")
  for line in io.lines "/proc/locks" do
    if inode and line:find((":%d "):format(inode)) then return true end
  end
  return false
end

--- The inode of the socket that listens on a port, as the kernel says; nil: nobody listens.
function M.listening_inode(port)
  for line in io.lines "/proc/net/tcp" do
    local hex, state, rest = line:match "^%s*%d+: %x+:(%x+) %x+:%x+ (%x+) (.*)"
    if hex and tonumber(hex, 16) == port and state == "0A" then
      return rest:match "^%S+ %S+ %S+%s+%d+%s+%d+%s+(%d+)"
    end
  end
end

--- Fails when a process, a socket or a held lock of this daemon is left.
function Daemon:assert_nothing_left()
  M.wait_until(function() return #self:processes() == 0 end, function()
    return "the end of processes " .. table.concat(self:processes(), " ")
  end)
  local left = sockets_below(self.base, {})
  assert(#left == 0, "sockets left behind: " .. table.concat(left, " "))
  assert(not self:lock_is_held(), "the lock is still held")
  for _, port in pairs(self.ports) do -- children of a service that was killed go in their own time
    M.wait_until(function() return not M.listening_inode(port) end, "nobody to listen on port " .. port)
  end
end

--- Lets every client leave, stops the daemon by its verb, waits for its end and looks that nothing is left.
-- Returns its exit code.
function Daemon:stop()
  for _, c in ipairs(self.open) do c:close() end
  local code, text = self:reeve "stop"
  assert(code == 0, "stop: " .. text)
  M.wait_until(function() return self:exit_code() end, "the daemon to end")
  self:assert_nothing_left()
  local exit = self:exit_code()
  self:destroy()
  return exit
end

--- Ends everything by force and removes the directory.
function Daemon:destroy()
  alive[self] = nil
  for _, c in ipairs(self.open) do c:close() end
  for _, pid in ipairs(self.loads) do M.shell("kill -9 " .. pid) end
  for _, pid in ipairs(self:processes()) do -- and its children, which may be any program: they would outlive it
    local children = read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
    M.shell(("kill -CONT %d; kill -9 %d %s"):format(pid, pid, children))
  end
  M.wait_until(function() return #self:processes() == 0 end, "the killed to be gone")
  M.shell("rm -rf " .. quote(self.dir))
end

--- Starts tests/e2e/load.c against @port@ (IPv4 and IPv6) and the unix socket `path` below base_dir, and waits until
-- every client that stays has been answered. Options (a table of numbers): stay, rate, pause, seconds, and `to`, a
-- list of addresses in place of those. Returns a function that ends it and gives what it has seen.
function Daemon:load(path, options)
  options = options or {}
  local words = { "exec", quote(BUILD .. "/tests/load") }
  for _, name in ipairs { "stay", "rate", "pause", "seconds" } do
    if options[name] then words[#words + 1] = ("--%s %d"):format(name, options[name]) end
  end
  local to = options.to or { "4:" .. self:port(), "6:" .. self:port(), self.base .. "/" .. path }
  local out = os.tmpname()
  local _, pid = M.shell(("(%s %s) >%s 2>&1 </dev/null & echo $!"):format(table.concat(words, " "),
    table.concat(to, " "), out))
  pid = tonumber(pid:match "%d+")
  self.loads[#self.loads + 1] = pid
  M.wait_until(function() return read(out):find "ready" end, function() return "the load: " .. read(out) end)
  return function()
    M.kill("TERM", pid)
    M.wait_until(function() return read(out):find "}" end, "the sum of the load")
    local seen = json.decode(read(out):match "{.*}")
    os.remove(out)
    return seen
  end
end

--- Fails unless nobody was refused, thrown out, left without an answer, or answered twice or out of order.
function M.assert_no_loss(seen, longest_ms)
  local text = json.encode(seen)
  assert(seen.connections > 0 and seen.answers > 0, "the load did nothing: " .. text)
  for _, name in ipairs { "refused", "reset", "missing", "duplicated", "reordered", "garbled" } do
    assert(seen[name] == 0, ("%d %s: %s"):format(seen[name], name, text))
  end
  assert(seen.answers == seen.lines, text)
  assert(seen.longest_ms <= (longest_ms or 30000), "somebody waited too long: " .. text)
end

--- A client of @portN@ (number, IPv4), of "[::1]" (that and @port@), or of a unix socket below base_dir (text).
-- Returns nil and a reason when it is refused.
function Daemon:connect(where)
  local s
  if type(where) == "string" and where ~= "[::1]" then
    s = (type(unix) == "table" and unix.stream or unix)()
    s:settimeout(PATIENCE)
    if not s:connect(self.base .. "/" .. where) then return nil, "refused" end
  else
    s = where == "[::1]" and socket.tcp6() or socket.tcp4()
    s:settimeout(PATIENCE)
    local ok, why = s:connect(where == "[::1]" and "::1" or "127.0.0.1", self:port(where == "[::1]" and 1 or where))
    if not ok then return nil, why end
  end
  local c = setmetatable({ socket = s }, Client)
  self.open[#self.open + 1] = c
  return c
end

--- As many clients at once, each already served (its pid is in `pid`).
function Daemon:clients(n, where)
  local list = {}
  for i = 1, n do
    list[i] = assert(self:connect(where))
    list[i].pid = tonumber(list[i]:ask "pid")
  end
  return list
end

--- Sends a line without waiting for the answer.
function Client:say(line)
  return self.socket:send(line .. "\n")
end

--- The answer, up to the dot, as one text without its last newline; nil and a reason when the connection ends.
function Client:answer(seconds)
  local lines = {}
  self.socket:settimeout(math.max(seconds or 0, PATIENCE))
  while true do
    local line, why = self.socket:receive "*l"
    if not line then return nil, why end
    if line == "." then return table.concat(lines, "\n") end
    lines[#lines + 1] = line
  end
end

--- Sends a line and returns the answer.
function Client:ask(line)
  self:say(line)
  return self:answer()
end

--- Whether nothing has come from the server yet (nobody took the connection).
function Client:is_waiting()
  local ready = socket.select({ self.socket }, nil, 0)
  return #ready == 0
end

function Client:close()
  self.socket:close()
end

return M
