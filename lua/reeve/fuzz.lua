--- T.fuzz of reeve.test: random worlds against what no policy, and no votes, may break.
--
-- At any moment: the facts equal the pool; never more than process_limit live, nor twice that with the draining ones;
-- never a start above at_most or before hold; never a start and a shrink in one step; only idle ones are asked to go; a
-- process with clients is ended only by a vote that names it (kill, or retire when its deadline has come); no policy
-- fails. A failure is told with the shortest script that still fails.
local rng = require "reeve.rng"

local MIRRORED = { "live", "idle", "busy", "starting", "leaving", "draining", "waiting", "avail", "clients" }

---- what must hold

-- When all has settled the facts are the pool.
local function check_facts(s)
  for _, name in ipairs(MIRRORED) do
    local fact, truth = s.facts[name], s[name]
    if fact ~= nil and fact ~= truth then error(("facts say %s = %d, the pool %d"):format(name, fact, truth), 0) end
  end
end

local function check_pool(s)
  local limit = s.service.process_limit
  if s.live > limit then error(("%d live processes with process_limit %d"):format(s.live, limit), 0) end
  if s.live + s.draining > 2 * limit then error("more than twice process_limit with the draining ones", 0) end
end

local function check_log(log)
  for _, line in ipairs(log) do
    if line:find "^error" then error(line, 0) end
  end
end

-- The tap of a host that keeps when each process was told to end: seconds; no deadline is never.
local function witness()
  local told = {}
  local function hear(shot)
    for id in next, shot.kill or {} do told[id] = 0 end
    for id, deadline in next, shot.retire or {} do
      told[id] = math.min(told[id] or math.huge, deadline or math.huge)
    end
  end
  local tap = { told = told }
  function tap.voted(_, voter)
    for _, entry in ipairs(voter.service and { voter } or tap.host.entries) do
      for _, shot in ipairs(entry.shots) do hear(shot) end
    end
  end
  return setmetatable(tap, { __index = function() return function() end end })
end

local function watch_ends(s, told)
  function s.world.watch_end(p, how)
    if how.asked and p.clients > 0 and (told[p.id] or math.huge) > s.now + 1e-6 then
      error(("process %d was ended with %d clients, and nobody had told it to"):format(p.id, p.clients), 0)
    end
  end
end

---- what happens: each a name and a number that was drawn

local GAPS <const> = { 0.001, 0.1, 0.5, 1, 1, 2, 7, 7, 20, 61, 130 } -- seconds

local DEEDS = {
  connect = function(s, x) s:connect(1 + x % 7) end,
  finish = function(s, x) if s.serving > 0 then s:finish(1 + x % s.serving) end end,
  advance = function(s, x) s:advance(GAPS[1 + x % #GAPS]) end,
  crash = function(s, x) if s.live > 0 then s:crash(1 + x % math.min(s.live, 3)) end end,
  fail_start = function(s, x) s:fail_start(x % 4) end,
  fail_fork = function(s, x) s:fail_fork(x % 3) end,
  renew = function(s) s:renew() end,
  restart = function(s) s:restart_engine() end,
  reload = function(s) s:restart_engine(true) end,
  scale = function(s, x) s:override { at_least = x % 4, at_most = 3 + x % 5, ["until"] = s.now + 30 } end,
  reset = function(s) s:operator "reset" end,
  pause = function(s, x)
    s:stop(); s:advance(x % 3); s:start()
  end,
  grow = function(s, x) -- processes hold memory, the older the more; sometimes the machine is short of it
    s:sample(function(p) return 1e6 * (1 + (p.id * 7 + x) % 5) end,
      { mem_total = 1e9, mem_avail = x % 4 == 0 and 1e7 or 5e8, psi_full = x % 4 == 0 and 40 or 0 })
  end,
}

-- How often each is drawn.
local OFTEN <const> = { connect = 3, finish = 2, advance = 3 }

local NAMES = {}
for name in pairs(DEEDS) do
  for _ = 1, OFTEN[name] or 1 do NAMES[#NAMES + 1] = name end
end
table.sort(NAMES)

local function draw(random, n, whose)
  local function below(most) return math.floor(rng.next(random) * most) end
  local script = {}
  for i = 1, n do script[i] = { NAMES[1 + below(#NAMES)], below(1000), whose[1 + below(#whose)] } end
  return script
end

local function in_words(script)
  local words = {}
  for i, deed in ipairs(script) do
    words[i] = ("%s%s(%d)"):format(deed[3] and deed[3] .. ":" or "", deed[1], deed[2])
  end
  return table.concat(words, " ")
end

---- worlds

-- Returns what was broken, or nil.
local function play(make, script)
  local s
  local ok, failure = pcall(function()
    s = make()
    local all = { s }
    for _, peer in pairs(s.peers) do all[#all + 1] = peer end
    local function check()
      for _, one in ipairs(all) do check_pool(one) end
      check_log(s.log)
    end
    s.world.checks[1] = check
    watch_ends(s, s.options.tap.told)
    for _, deed in ipairs(script) do
      local one = deed[3] and s.peers[deed[3]] or s
      DEEDS[deed[1]](one, deed[2])
      check()
      for _, each in ipairs(all) do check_facts(each) end
    end
  end)
  return not ok and tostring(failure) or nil
end

-- Leaves out every deed without which it still fails.
local function shrink(make, script)
  local i = #script
  while i >= 1 do
    local shorter = table.move(script, 1, i - 1, 1, {})
    table.move(script, i + 1, #script, i, shorter)
    if play(make, shorter) then script = shorter end
    i = math.min(i - 1, #script)
  end
  return script
end

local OWN = { worlds = true, deeds = true, fuzz_seed = true }

return function(T, policy, options)
  local random = { state = rng.seed("fuzz", options.fuzz_seed or 1) }
  local service, whose = { policy = policy }, { false }
  for name, value in pairs(options) do
    if not OWN[name] then service[name] = value end
  end
  for name in pairs(options.peers or {}) do whose[#whose + 1] = name end
  table.sort(whose, function(a, b) return tostring(a) < tostring(b) end)
  local function make()
    service.tap = witness()
    return T.service(service)
  end
  for w = 1, options.worlds or 100 do
    local script = draw(random, options.deeds or 25, whose)
    service.gauges_first = w % 2 == 0
    local failure = play(make, script)
    if failure then
      script = shrink(make, script)
      error(("%s\n  after: %s"):format(play(make, script) or failure, in_words(script)), 3)
    end
  end
  return true
end
