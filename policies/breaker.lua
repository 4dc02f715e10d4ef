-- breaker: a crash loop is not fed. Closed -> open (no starts; the delay doubles, with jitter) -> canary (one
-- process) -> closed.
--
-- Nygard's circuit breaker over processes. It opens for failed starts, or for crashes when they are more than a share
-- of the clients served: a client who can crash only his own session cannot close the service to others (Dovecot's
-- rule), and every delay ends (systemd's start limit does not). A new generation is proved by one process first:
-- until it has lived for `bake` seconds or served `bake_served` clients, the pool does not grow further, and if it
-- dies, the breaker opens.
--
-- options: fails = 5 (within window), window = 30 (s), ratio = 0.5, base = 1, max = 60 (s), bake = 10 (s),
-- bake_served = 20 (clients), forgive = 600 (s after which the delay is base again)
local ROWS = { fails = { 5, 1 }, window = { 30, 1, 600 }, ratio = { 0.5, 0, 1 }, base = { 1, 0.1 },
  max = { 60, 1, 3600 }, bake = { 10, 0 }, bake_served = { 20, 1 }, forgive = { 600, 1 } }

local function open(o, s, st)
  st.state, st.canary, st.since = "open", nil, nil
  st.till = s.now + st.delay * (0.75 + 0.5 * s:rand())
  st.delay = math.min(st.delay * 2, o.max)
end

local function in_window(o, s, name) return (s:rate(name, o.window) or 0) * o.window end

local function failed(o, s, ev, st)
  if st.state == "canary" and (ev.kind ~= "exit" or ev.id == st.canary or not st.canary) then return true end
  if st.state ~= "closed" then return false end
  local crashes, served = in_window(o, s, "crashes"), in_window(o, s, "served")
  return in_window(o, s, "start_failures") >= o.fails - 0.5 or
    crashes >= o.fails - 0.5 and crashes > o.ratio * (crashes + served)
end

local function to_canary(s, st) st.state, st.canary, st.till, st.size = "canary", nil, nil, s.live + 1 end

-- The process that proves the generation: the one of before if it is there, else the first.
local function watch_canary(o, s, st)
  local bird
  for _, p in ipairs(s.processes) do
    local counts = p.generation == s.generation and p.state ~= "draining" and p.state ~= "leaving"
    if counts and (not bird or p.id == st.canary) then bird = p end
  end
  st.canary = bird and bird.id
  if not bird or bird.state == "starting" then return end
  if bird.age >= o.bake or (bird.served or 0) >= o.bake_served then st.state, st.since = "closed", s.now end
end

local function closed(o, s, st)
  if not st.since then return {} end
  if s.now - st.since < o.forgive then return { wake = st.since + o.forgive } end
  st.delay, st.since = o.base, nil
  return {}
end

local VOTES = {
  closed = closed,
  open = function(_, s, st)
    local till = math.min(st.till, s.now + 60)
    return { hold = till, wake = till, why = ("open for %.0f s more"):format(st.till - s.now) }
  end,
  canary = function(_, s, st)
    local vote = { at_most = st.size, wake = s.now + 1, why = "one process proves itself" }
    if st.canary then
      vote.hold = s.now + 2 -- should it die, the master replaces nobody before this policy has heard of it
    else
      vote.at_least, vote.burst = math.min(s.live + 1, st.size), 1
    end
    return vote
  end,
}

return function(given)
  local o = options("breaker", given, ROWS)
  return {
    name = "breaker",
    on = { "start", "reload", "tick", "spawn", "exit", "start_failed", "operator" },
    run = function(s, ev, st)
      if not st.state or ev.kind == "operator" and ev.verb == "reset" then
        st.state, st.delay, st.since, st.generation = "closed", o.base, nil, s.generation
      end
      if st.generation ~= s.generation then
        st.generation = s.generation
        if s.live > 0 then to_canary(s, st) end
      end
      local bad = ev.kind == "exit" and not ev.ok and not ev.asked or ev.kind == "start_failed"
      if bad and failed(o, s, ev, st) then open(o, s, st) end
      if st.state == "open" and s.now >= st.till then to_canary(s, st) end
      if st.state == "canary" then watch_canary(o, s, st) end
      return VOTES[st.state](o, s, st)
    end,
  }
end
