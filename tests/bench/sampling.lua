--- What it costs to look at the memory and cpu of 5000 real processes as the engine does: the share of one core, and
-- the longest turn. BENCH_PROCESSES=5000; a part of `make bench`. Run by
--
--   build/reeve-engine here --script tests/bench/sampling.lua
local facts = require "reeve.facts"
local proc = require "reeve.proc"
local sampler = require "reeve.sampler"
local spec = require "reeve.spec"

local PROCESSES = math.tointeger(tonumber(os.getenv "BENCH_PROCESSES" or 5000))
local ROUNDS <const> = 20 -- seconds of the sampler's time
local IDLE <const> = 1

-- They wait on a fifo that nobody writes to. Returns their pids.
local function start_processes(dir)
  local script = [[mkfifo %s/fifo; exec 3<>%s/fifo; i=0; while [ $i -lt %d ]; do cat <&3 >/dev/null 2>&1 & echo $!;
    i=$((i+1)); done]]
  local shell, pids = assert(io.popen(script:format(dir, dir, PROCESSES))), {}
  for line in shell:lines() do pids[#pids + 1] = math.tointeger(tonumber(line)) end
  shell:close()
  return pids
end

local function stop_processes(pids)
  for first = 1, #pids, 500 do
    os.execute("kill " .. table.concat(pids, " ", first, math.min(first + 499, #pids)))
  end
end

local function new_world(pids)
  local world = facts.new { seed = 1, now = 0 }
  world:define({ services = { { name = "s", settings = { contract = "plain" } } } }, spec)
  for id, pid in ipairs(pids) do
    world:report("process", { process = id, svc = 1, pid = pid, generation = 1, state = IDLE, now = 0, born = 0,
      since = 0, available = 1, clients = 0, served = 0, ready = true })
  end
  return world
end

local function measure(pids)
  local world = new_world(pids)
  local host = { world = world }
  function host:sample(samples, machine) self.world:sample(samples, machine) end
  local s = sampler.new { host = host, proc = proc, now = 0 }
  local started, longest, turns = os.clock(), 0, 0
  while s:next_wake() < ROUNDS * 1000 do
    local before = os.clock()
    s:work(s:next_wake())
    longest, turns = math.max(longest, os.clock() - before), turns + 1
  end
  local spent = os.clock() - started
  assert(world.services[1].processes[1].rss, "the processes were not seen")
  print(("%d processes: %.1f %% of a core, %d turns a second, the longest %.2f ms"):format(#pids,
    spent / ROUNDS * 100, turns // ROUNDS, longest * 1000))
end

local shell = assert(io.popen "mktemp -d /tmp/reeve-bench.XXXXXX")
local dir = shell:read "l"
shell:close()
local pids = start_processes(dir)
local ok, why = pcall(measure, pids)
stop_processes(pids)
os.execute("rm -rf " .. dir)
if not ok then error(why, 0) end
return 0
