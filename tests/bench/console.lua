-- What a console costs those it should cost nothing: clients that come and stay under load, and a policy that asks to
-- be woken every 50 ms, while nobody uses it, while chunks compute to their deadline, and while they flood.
-- `make bench-console`.
local reeve = require "reeve"
local socket = require "socket"

local SECONDS = tonumber(arg[1]) or 12

local CONFIG = [[
service "web" { executable = "@worker@ --hold", client_limit = 4, process_limit = 60, process_min_avail = 4,
  inet_listener "four" { port = @port@, address = "127.0.0.1" }, inet_listener "six" { port = @port@, address = "::1" },
  unix_listener "web.sock" { mode = "0666" },
  policy = { run = function(s, ev, st)
    if st.due then st.worst = math.max(st.worst or 0, s.now - st.due) end
    if st.due and s.now < st.due then return nil end
    st.due = s.now + 0.05
    return { wake = st.due, why = ("worst %.3f s late"):format(st.worst or 0) }
  end, on = { "start", "tick" } },
}
]]

local function worst_policy(d)
  local worst = 0
  for late in select(2, d:reeve "why web"):gmatch "worst (%d+%.%d+) s late" do
    worst = math.max(worst, tonumber(late))
  end
  return worst
end

-- Evaluates `chunk` again and again beside the load; what the clients and the policy have seen.
local function measure(name, chunk)
  local d = reeve.start { config = CONFIG }
  local sum = d:load("web.sock", { stay = 20, rate = 150 })
  local until_then, chunks = socket.gettime() + SECONDS, 0
  repeat
    if chunk then
      d:reeve(("eval '%s' >/dev/null"):format(chunk))
      chunks = chunks + 1
    else
      socket.select(nil, nil, 0.2)
    end
  until socket.gettime() >= until_then
  local worst, seen = worst_policy(d), sum()
  print(("%-28s %4d chunks; %d connections, %d refused, %d reset, slowest answer %.0f ms; policy at most %.0f ms late")
    :format(name, chunks, seen.connections, seen.refused, seen.reset, seen.longest_ms, worst * 1000))
  d:destroy()
end

measure("nobody at the console", nil)
measure("chunks that compute for 2 s", "while true do end")
measure("a flood of output", "for i = 1, 1e7 do print(i, services.web.busy) end")
measure("a few words", "services.web.live")
