-- apache_prefork: the idle server maintenance of Apache httpd's prefork MPM. Use it as `only { apache_prefork {...}
-- }`.
--
-- Once a second, but not in a second in which a process ended: more than max_spare idle: one goes, and the rate of
-- starts is 1 again. Fewer than min_spare idle: as many starts as the rate says (not as many as are missing), and the
-- rate doubles up to MAX_SPAWN_RATE = 32. Otherwise the rate is 1 again; after a graceful restart it stays as it is
-- for ten seconds. Starting ones count as idle, so that a slow boot does not bring still more starts, and max_spare
-- is at least min_spare + 1. Where httpd sleeps 10 s after a failed fork, here the master's throttle holds the
-- starts.
--
-- options: min_spare = 5, max_spare = 10, start_servers = 5, max_workers = process_limit
local RATE_MOST <const>, CALM_AFTER_RESTART <const> = 32, 10

local ROWS = { min_spare = { 5, 1, whole = true }, max_spare = { 10, 1, whole = true },
  start_servers = { 5, 0, whole = true }, max_workers = { nil, 1, whole = true } }

-- Of idle > max_spare, too few idle, and neither: the vote and the next rate.
local function maintain(o, s, st)
  local idle, live = s.idle + s.starting, s.live - s.leaving
  local limit = o.max_workers or s.settings.process_limit
  if idle > o.max_spare then
    return { shrink_to = live - 1, why = "idle > max_spare" }, 1
  elseif idle < o.min_spare and live < limit then
    local n = math.min(st.rate, limit - live)
    local rate = s.now < st.calm and st.rate or math.min(st.rate * 2, RATE_MOST)
    return { at_least = live + n, why = ("idle < min_spare: %d more"):format(n) }, rate
  end
  return {}, 1
end

return function(given)
  local o = options("apache_prefork", given, ROWS)
  o.max_spare = math.max(o.max_spare, o.min_spare + 1)

  return {
    on = { "start", "reload", "tick", "exit" },
    run = function(s, ev, st)
      if not s.idle then return { why = "this contract does not tell idle from busy" } end
      local vote
      if ev.kind == "exit" then
        st.died = true
        return nil
      elseif ev.kind == "start" or not st.due then
        st.due, st.rate, st.calm, st.generation = s.now, 1, 0, s.generation
        vote = { at_least = o.start_servers, why = "start_servers" }
      elseif s.now < st.due then
        return nil
      elseif st.died then
        vote = { why = "a process ended in this second" }
      else
        if st.generation ~= s.generation then st.generation, st.calm = s.generation, s.now + CALM_AFTER_RESTART end
        vote, st.rate = maintain(o, s, st)
      end
      st.due, st.died = s.now + 1, nil
      vote.wake, vote.at_most = st.due, o.max_workers
      return vote
    end,
  }
end
