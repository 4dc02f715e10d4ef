-- How long it takes from a `cancel` on the control socket to the end of the evaluation it is about, while the engine
-- computes `while true do end`: N times, with the machine as it is. `make bench-cancel`.
local reeve = require "reeve"
local socket = require "socket"
local unix = require "socket.unix"

local N = tonumber(arg[1]) or 200

local function connect(d)
  local s = (type(unix) == "table" and unix.stream or unix)()
  assert(s:connect(d.base .. "/control"))
  return s
end

local function frame(s, verb, id, text) assert(s:send(("%s %d %d\n"):format(verb, id, #text) .. text)) end

-- Reads frames up to `done` of the id; its code.
local function done(s, id)
  while true do
    local verb, of, length = assert(s:receive "*l"):match "^(%l+) (%d+) (%d+)$"
    local text = tonumber(length) > 0 and assert(s:receive(tonumber(length))) or ""
    if verb == "done" and tonumber(of) == id then return tonumber(text) end
  end
end

-- Until the engine computes: it says so before it begins to spin.
local function spinning(s)
  local head = assert(s:receive "*l")
  return assert(s:receive(tonumber(head:match "(%d+)$")))
end

local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", process_min_avail = 1 }]] }
local s = connect(d)
local times = {}
for id = 1, N do
  frame(s, "eval", id, "print 'go' while true do end")
  spinning(s)
  socket.select(nil, nil, 0.002)
  local began = socket.gettime()
  frame(s, "cancel", id, tostring(id))
  local code = done(s, id)
  times[#times + 1] = (socket.gettime() - began) * 1000
  assert(code == 130, "exit code " .. code)
end
d:stop()
table.sort(times)
print(("cancel of `while true do end`, %d times: median %.2f ms, 95 %% %.2f ms, longest %.2f ms"):format(N,
  times[N // 2 + 1], times[math.ceil(N * 0.95)], times[N]))
