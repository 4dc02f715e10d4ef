-- knative: Knative's pod autoscaler (KPA) for processes. Use it as `only { knative {...} }`.
--
-- Every 2 s the mean concurrency (clients served and waiting) of 60 s and of 6 s, each divided by the target of a
-- process, rounded up and kept within [ready / 2, 1000 × ready]. Is what the short window wants at least twice what
-- is ready, it panics: the higher of both counts, and never less than the most that was wanted in this panic; over
-- when that did not happen for a whole long window. After a start it panics at the size it finds, since it has no
-- history. A first client starts one process at once (there the activator sees to that), and the last process stays
-- for `grace`.
--
-- options: target = 0.7 × client_limit (clients of a process), stable = 60, panic = 6 (s), threshold = 2,
-- scale_down_delay = 0, grace = 30 (s)
local TICK <const>, UP_RATE <const>, DOWN_RATE <const> = 2, 1000, 2

local ROWS = { target = { nil, 0.01 }, stable = { 60, 6, 600 }, panic = { 6, 1, 600 }, threshold = { 2, 1 },
  scale_down_delay = { 0, 0 }, grace = { 30, 0 } }

local function wanted(s, seconds, target, ready)
  local clients, waiting = s:avg("clients", seconds), s:avg("waiting", seconds)
  local want = math.ceil(((clients or 0) + (waiting or 0)) / target - 1e-9)
  return math.max(ready // DOWN_RATE, math.min(want, math.ceil(UP_RATE * ready)))
end

-- The highest of what was wanted in the last `delay` seconds.
local function delayed(st, now, want, delay)
  local kept = { { now, want } }
  for _, at in ipairs(st.wanted or {}) do
    if at[1] + delay > now and at[2] > kept[1][2] then kept[#kept + 1] = at end
  end
  st.wanted = kept
  for _, at in ipairs(kept) do want = math.max(want, at[2]) end
  return want
end

local function panic_or_not(o, s, st, slow, fast, ready)
  if fast / ready >= o.threshold then st.panic_until = s.now + o.stable end
  if not st.panic_until or s.now >= st.panic_until then
    st.panic_until, st.peak = nil, nil
    return slow, "stable"
  end
  st.peak = math.max(st.peak or 0, slow, fast)
  return st.peak, "panic"
end

local function keep_the_last(o, s, st, want)
  if want > 0 or s.live == 0 then
    st.empty = nil
    return want
  end
  st.empty = st.empty or s.now
  return s.now - st.empty < o.grace and 1 or 0
end

return function(given)
  local o = options("knative", given, ROWS)
  return {
    on = { "start", "reload", "demand", "tick" },
    run = function(s, ev, st)
      if not s.idle then return { why = "this contract does not say how many clients it has" } end
      local first = ev.kind == "demand" and s.live == 0
      if ev.kind == "start" or not st.due then
        st.due, st.panic_until, st.peak, st.wanted, st.empty = s.now, s.now + o.stable, s.live, nil, nil
      elseif s.now < st.due and not first then
        return nil
      end
      local ready, target = math.max(1, s.idle + s.busy), o.target or 0.7 * s.settings.client_limit
      local slow, fast = wanted(s, o.stable, target, ready), wanted(s, o.panic, target, ready)
      local want, mode = panic_or_not(o, s, st, slow, fast, ready)
      want = keep_the_last(o, s, st, delayed(st, s.now, math.max(want, first and 1 or 0), o.scale_down_delay))
      st.due = s.now + TICK
      return { at_least = want, shrink_to = want, wake = st.due, why = ("%s: %d and %d"):format(mode, slow, fast) }
    end,
  }
end
