-- live_against_sim: the login storm, scaled down, played by real clients against a real daemon whose workers stay as
-- long as the trace says, beside the simulator with the same trace, settings and policies. Says how far they are
-- apart; exit 1 when the p99 wait or the number of starts differ by more than 25 %. Root; a minute for each case.
--
--   make live-against-sim [ROUNDS=1]
package.path = "tests/e2e/?.lua;" .. package.path
local R = require "reeve"
local T = require "reeve.test"
local rng = require "reeve.rng"
local settings = require "reeve.sim.settings"
local simulate = require "reeve.simulate"
local trace = require "reeve.trace"

local BOOT_MS <const>, SPREAD <const> = 250, 20
local DURATION <const>, FROM <const>, DECAY <const> = 60, 10, 8
local QUIET <const>, PEAK <const> = 5, 100 -- clients a second
local MOST_APART <const> = 0.25

-- The storm at a quarter of its size and a tenth of its time.
local function storm()
  return assert(trace.new { name = "storm, scaled", duration = DURATION + 5, settings = {},
    model = { boot = BOOT_MS / 1000 + 0.004, boot_spread = SPREAD / 100, cpus = 1e6, backlog = 511 },
    records = function(random)
      local t, client = 0, { kind = "client" }
      return function()
        repeat
          t = t - math.log(1 - random()) / (QUIET + PEAK)
          if t >= DURATION then return nil end
        until random() * (QUIET + PEAK) < (t < FROM and QUIET or QUIET + PEAK * math.exp((FROM - t) / DECAY))
        local sigma2 = math.log(1 + 1.5 ^ 2)
        client.at = t
        client.stay = math.exp(math.log(0.15) - sigma2 / 2
          + math.sqrt(-2 * sigma2 * math.log(1 - random())) * math.cos(2 * math.pi * random()))
        return client
      end
    end })
end

local CASES = {
  { name = "on demand", set = { process_limit = 60, process_min_avail = 0, idle_kill = "20s" } },
  { name = "process_min_avail = 4", set = { process_limit = 60, process_min_avail = 4, idle_kill = "20s" } },
  { name = "only 12 processes", set = { process_limit = 12, process_min_avail = 2, idle_kill = "20s" } },
}

local function simulated(case, seed)
  local all = settings.defaults()
  assert(settings.add(all, case.set))
  local report = simulate.run { trace = storm(), seed = seed, policies = T.policy,
    services = { { name = "stay", settings = all } } }.services[1]
  return { clients = report.taken, p50 = report.wait_p50, p99 = report.wait_p99, p999 = report.wait_p999,
    starts = report.starts, errors = report.left + report.refused + report.lost_crash + report.lost_ours }
end

-- The same clients: the trace of the seed as the simulator draws it.
local function write_trace(path, seed)
  local generator = { state = rng.seed("trace", seed) }
  local lines = {}
  for c in storm().records(function() return rng.next(generator) end) do
    lines[#lines + 1] = ("%.0f %.0f\n"):format(c.at * 1e6, c.stay * 1e6)
  end
  R.write(path, table.concat(lines))
end

local CONFIG = [[service "stay" { executable = "@dir@/stayer %d %d", client_limit = 1, process_limit = %d,
  process_min_avail = %d, idle_kill = "%s", inet_listener "in" { address = "127.0.0.1", port = @port@ } }]]

local function live(case, seed)
  local set = case.set
  local d = R.start { config = CONFIG:format(BOOT_MS, SPREAD, set.process_limit, set.process_min_avail, set.idle_kill),
    prepare = function(d) R.shell(("cp %s/tests/stayer %s/stayer"):format(R.build, d.dir)) end }
  d:wait_service("stay", { idle = set.process_min_avail })
  local path = d.dir .. "/trace"
  write_trace(path, seed)
  local pipe = assert(io.popen(("%s/tests/player %d <%s"):format(R.build, d:port "", path)))
  local n, p50, p99, p999, late, errors = pipe:read("n", "n", "n", "n", "n", "n")
  pipe:close()
  local starts = d:service("stay").starts
  d:stop()
  return { clients = n, p50 = p50 / 1e6, p99 = p99 / 1e6, p999 = p999 / 1e6, starts = starts, late = late / 1e6,
    errors = errors }
end

local function apart(a, b) return math.abs(a - b) / math.max(b, 1e-3) end

local worst = 0
print "case                     round         clients   p50 ms   p99 ms  p99.9 ms   starts  errors"
for round = 1, tonumber(os.getenv "ROUNDS") or 1 do
  for _, case in ipairs(CASES) do
    local real, sim = live(case, round), simulated(case, round)
    for i, x in ipairs { real, sim } do
      print(("%-24s %5d  %-9s %6d %8.1f %8.1f %9.1f %8d %7d%s"):format(case.name, round,
        i == 1 and "live" or "simulated", x.clients, x.p50 * 1e3, x.p99 * 1e3, x.p999 * 1e3, x.starts, x.errors,
        x.late and ("   (latest connect %.0f ms late)"):format(x.late * 1e3) or ""))
    end
    local p99, starts = apart(sim.p99, real.p99), apart(sim.starts, real.starts)
    print(("%-24s        apart: p99 %.0f %%, starts %.0f %%"):format("", p99 * 100, starts * 100))
    worst = math.max(worst, p99, starts)
  end
end
print(("furthest apart: %.0f %% (at most %.0f %%)"):format(worst * 100, MOST_APART * 100))
os.exit(worst <= MOST_APART and 0 or 1)
