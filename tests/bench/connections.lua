--- Connections a second, one process for each (service_count = 1): Dovecot's real master beside Reeve, with the same
-- worker program, the same user and the same limits. Rounds are interleaved, because the machine's mood changes;
-- what counts is the ratio within a round, of which the median is printed.
--
--   BENCH_SECONDS=1 BENCH_ROUNDS=5 make bench
local reeve = require "reeve"

local SECONDS = tonumber(os.getenv "BENCH_SECONDS" or 1)
local ROUNDS = tonumber(os.getenv "BENCH_ROUNDS" or 5)
local CONCURRENCIES = { 1, 16, 64 }
local POOLS = { { name = "on demand", spare = 0 }, { name = "16 spare", spare = 16 } }

local function median(list)
  table.sort(list)
  local n = #list
  return n % 2 == 1 and list[n // 2 + 1] or (list[n // 2] + list[n // 2 + 1]) / 2
end

local function start_reeve()
  local config = {}
  for i, pool in ipairs(POOLS) do
    config[#config + 1] = ([[service "greet%d" { executable = "@worker@ --one-shot", user = "nobody", client_limit = 1,
      service_count = 1, process_limit = 1000, process_min_avail = %d, vsz_limit = 0,
      inet_listener "greet" { port = @port%d@, address = "127.0.0.1" } }]]):format(i, pool.spare, i)
  end
  return reeve.start { config = table.concat(config, "\n") }
end

local DOVECOT = [[
base_dir = @dir@/run
state_dir = @dir@/state
log_path = @dir@/log
protocols =
ssl = no
listen = 127.0.0.1
version_ignore = yes
]]

local function start_dovecot()
  local _, dir = reeve.shell "d=$(mktemp -d /tmp/reeve-bench.XXXXXX) && chmod 755 $d && echo $d"
  local d = { dir = dir:match "%S+", ports = {} }
  local config = { (DOVECOT:gsub("@dir@", d.dir)) }
  reeve.shell(("cp %s/tests/e2e-worker %s/worker"):format(reeve.build, d.dir))
  for i, pool in ipairs(POOLS) do
    d.ports[i] = reeve.free_port()
    config[#config + 1] = ([[
service greet%d {
  executable = %s/worker --one-shot
  user = nobody
  drop_priv_before_exec = yes
  client_limit = 1
  service_count = 1
  process_limit = 1000
  process_min_avail = %d
  vsz_limit = 0
  inet_listener greet {
    port = %d
  }
}
]]):format(i, d.dir, pool.spare, d.ports[i])
  end
  reeve.write(d.dir .. "/dovecot.conf", table.concat(config))
  os.execute(("dovecot -F -c %s/dovecot.conf >%s/out 2>&1 </dev/null & echo $! >%s/pid"):format(d.dir, d.dir, d.dir))
  reeve.wait_until(function() return reeve.listening_inode(d.ports[#POOLS]) end,
    function() return "Dovecot: " .. (reeve.read(d.dir .. "/out") or "") .. (reeve.read(d.dir .. "/log") or "") end)
  function d:port(i) return self.ports[i] end
  function d:destroy()
    local pid = tonumber(reeve.read(self.dir .. "/pid"))
    reeve.kill("TERM", pid)
    reeve.wait_gone(pid, 30)
    reeve.shell("rm -rf " .. self.dir)
  end
  return d
end

local function measure(d, pool, concurrency)
  local command = ("%s/tests/swarm %d %d %g"):format(reeve.build, d:port(pool), concurrency, SECONDS)
  local code, text = reeve.shell(command)
  local rate, p50, p99, errors = text:match "^(%d+) (%d+) (%d+) (%d+)"
  assert(code == 0 and rate, command .. ": " .. text)
  return { rate = tonumber(rate), p50 = tonumber(p50), p99 = tonumber(p99), errors = tonumber(errors) }
end

local function column(rounds, peer, field)
  local list = {}
  for i, round in ipairs(rounds) do list[i] = round[peer][field] end
  return median(list)
end

local function ratio(rounds)
  local list = {}
  for i, round in ipairs(rounds) do list[i] = round.reeve.rate / math.max(round.dovecot.rate, 1) end
  return median(list), list[1], list[#list]
end

local function row(pool, concurrency, peers)
  local rounds, errors = {}, 0
  for i = 1, ROUNDS do
    -- who goes first changes from round to round
    local order = i % 2 == 1 and { "dovecot", "reeve" } or { "reeve", "dovecot" }
    rounds[i] = {}
    for _, name in ipairs(order) do
      rounds[i][name] = measure(peers[name], pool, concurrency)
      errors = errors + rounds[i][name].errors
    end
  end
  local middle, least, most = ratio(rounds)
  print(("%-10s %4d  %8.0f %7.2f %7.2f  %8.0f %7.2f %7.2f  %6.2f [%.2f..%.2f]  %d"):format(
    POOLS[pool].name, concurrency,
    column(rounds, "dovecot", "rate"), column(rounds, "dovecot", "p50") / 1000, column(rounds, "dovecot", "p99") / 1000,
    column(rounds, "reeve", "rate"), column(rounds, "reeve", "p50") / 1000, column(rounds, "reeve", "p99") / 1000,
    middle, least, most, errors))
end

local function main()
  if reeve.shell "command -v dovecot" ~= 0 then error("there is no dovecot to compare with; see `make deps`", 0) end
  local peers = { dovecot = start_dovecot() }
  local ok, why = xpcall(function()
    peers.reeve = start_reeve()
    print "                    dovecot                    reeve                   ratio of rates"
    print "pool          c    conn/s  p50 ms  p99 ms    conn/s  p50 ms  p99 ms  median [range]      errors"
    for pool in ipairs(POOLS) do
      for _, concurrency in ipairs(CONCURRENCIES) do row(pool, concurrency, peers) end
    end
  end, debug.traceback)
  for _, peer in pairs(peers) do peer:destroy() end
  if not ok then error(why, 0) end
end

main()
