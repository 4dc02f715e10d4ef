--- What master and engine cost: processor time of both for each connection, when every connection has a process of its
-- own. Part of `make bench`; BENCH_SECONDS=4.
local reeve = require "reeve"

local SECONDS = tonumber(os.getenv "BENCH_SECONDS" or 4)
local TICK_MS <const> = 10

local function processor_ms(pid)
  local fields = reeve.read(("/proc/%d/stat"):format(pid)):match "%) (.*)"
  local utime, stime = fields:match(("%S+ "):rep(11) .. "(%d+) (%d+)")
  return (utime + stime) * TICK_MS
end

local function main(d)
  local status = d:status()
  local pids = { status.master_pid, status.engine_pid }
  local before = { processor_ms(pids[1]), processor_ms(pids[2]) }
  local code, text = reeve.shell(("%s/tests/swarm %d 4 %g"):format(reeve.build, d:port(1), SECONDS))
  local rate = code == 0 and tonumber(text:match "^(%d+)") or error(text, 0)
  local n = rate * SECONDS
  print(("%d connections a second for %g s: master %.3f ms, engine %.3f ms a connection"):format(rate, SECONDS,
    (processor_ms(pids[1]) - before[1]) / n, (processor_ms(pids[2]) - before[2]) / n))
end

local d = reeve.start { config = [[service "greet" { executable = "@worker@ --one-shot", user = "nobody",
  client_limit = 1, service_count = 1, process_limit = 1000, vsz_limit = 0,
  inet_listener "greet" { port = @port@, address = "127.0.0.1" } }]] }
local ok, why = pcall(main, d)
d:destroy()
if not ok then error(why, 0) end
