-- idle_kill: let the surplus of idle processes go. Built in; the setting idle_kill is the interval.
--
-- As Dovecot 2.3.21 and later: once per interval, as many processes as were idle all the interval long (in number:
-- the low water of `idle`), but for process_min_avail, longest idle first. A pool that breathes faster than the
-- interval keeps its processes. The permission is withdrawn a second later: one kill per interval, as there.
--
-- options: style = "2.3" for the rule of Dovecot before that: each process goes by itself once it has been idle for
-- the interval.
local function low_water(s, st, interval)
  st.low = math.min(st.low or s.idle, s:min("idle", math.min(s.now - st.from + 0.001, 600)))
  st.from = s.now
  if s.now < st.due then return { wake = math.min(st.due, s.now + 600) } end
  local surplus = st.low - s.settings.process_min_avail
  st.low, st.due = nil, s.now + interval
  if surplus <= 0 then return { wake = math.min(st.due, s.now + 600) } end
  return { shrink_to = s.live - s.leaving - surplus, wake = s.now + math.min(1, interval),
    why = ("%d were idle all of %g s"):format(surplus, interval) }
end

local function each_by_itself(s, interval)
  local ripe, next_one = 0, interval
  for _, p in ipairs(s.processes) do
    if p.state == "idle" then
      if p.idle_for >= interval then ripe = ripe + 1 else next_one = math.min(next_one, interval - p.idle_for) end
    end
  end
  local vote = { wake = s.now + math.min(math.max(next_one, 0.01), interval) }
  if ripe > 0 then vote.shrink_to, vote.why = s.live - s.leaving - ripe, ("%d idle for %g s"):format(ripe, interval) end
  return vote
end

return function(options)
  options = options or {}
  if options.style and options.style ~= "2.3" then
    error(('idle_kill: style = %q: the only other style is "2.3"'):format(tostring(options.style)), 2)
  end
  return {
    on = { "start", "reload", "tick" },
    run = function(s, ev, st)
      local interval = s.settings.idle_kill
      if interval == math.huge or s.idle == nil then return {} end
      if options.style == "2.3" then return each_by_itself(s, interval) end
      if ev.kind ~= "tick" or not st.due then
        -- after a restart of the engine the histories are empty: begin the interval again
        st.from, st.due, st.low = s.now, s.now + interval, nil
        return { wake = math.min(st.due, s.now + 600) }
      end
      return low_water(s, st, interval)
    end,
  }
end
