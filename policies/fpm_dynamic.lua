-- fpm_dynamic: php-fpm's pm = dynamic. Use it as `only { fpm_dynamic {...} }`.
--
-- Once a second: more than max_spare idle: one goes, and the rate of starts is 1 again. Fewer than min_spare idle:
-- start as many as are missing but no more than the rate, which then doubles up to 32. Otherwise the rate is 1.
-- Starting ones count as idle, and a child that ends is replaced. php-fpm lets the idle child go that was started
-- first; here the longest idle one goes.
--
-- options: min_spare = 1, max_spare = 3, start_servers = the middle of both, max_children = process_limit
local RATE_MOST <const> = 32
local ROWS = { min_spare = { 1, 1, whole = true }, max_spare = { 3, 1, whole = true },
  start_servers = { nil, 1, whole = true }, max_children = { nil, 1, whole = true } }

return function(given)
  local o = options("fpm_dynamic", given, ROWS)
  local least, most = o.min_spare, o.max_spare
  local first = o.start_servers or least + (most - least) // 2
  if most < least or first < least or first > most then
    error(("fpm_dynamic: 1 <= min_spare (%g) <= start_servers (%g) <= max_spare (%g) does not hold")
      :format(least, first, most), 0)
  end

  local function maintain(s, st)
    local limit = o.max_children or s.settings.process_limit
    local live, idle = s.live - s.leaving, s.idle + s.starting
    if idle > most then
      st.rate = 1
      return { at_least = live - 1, shrink_to = live - 1, why = "idle > max_spare" }
    elseif idle < least and live < limit then
      local n = math.min(st.rate, least - idle, limit - live)
      st.rate = math.min(st.rate * 2, RATE_MOST)
      return { at_least = live + n, why = "idle < min_spare" }
    end
    st.rate = 1
    return { at_least = live }
  end

  return {
    on = { "start", "reload", "tick" },
    run = function(s, ev, st)
      if not s.idle then return { why = "this contract does not tell idle from busy" } end
      local vote
      if not st.due or ev.kind == "start" then
        st.rate, st.due = 1, s.now
        vote = { at_least = first, why = "start_servers" }
      elseif s.now >= st.due then
        vote = maintain(s, st)
      else
        return nil
      end
      st.due = s.now + 1
      vote.wake, vote.at_most = st.due, o.max_children
      return vote
    end,
  }
end
