-- fpm_dynamic: php-fpm's pm = dynamic. Use it as `only { fpm_dynamic {...} }`.
--
-- Once a second: more than max_spare idle: one goes, and the rate of starts is 1 again. Fewer than min_spare idle:
-- start as many as are missing but no more than the rate, which then doubles up to 32. Otherwise the rate is 1.
-- Starting ones count as idle, and a child that ends is replaced. php-fpm lets the idle child go that was started
-- first; here the longest idle one goes.
--
-- options: min_spare = 1, max_spare = 3, start_servers = the middle of both, max_children = process_limit
local RATE_MOST <const> = 32

return function(options)
  options = options or {}
  local least, most = options.min_spare or 1, options.max_spare or 3
  local first = options.start_servers or least + (most - least) // 2
  if least < 1 or most < least or first < least or first > most then
    error(("fpm_dynamic: 1 <= min_spare (%g) <= start_servers (%g) <= max_spare (%g) does not hold")
      :format(least, first, most), 2)
  end

  local function maintain(s, st)
    local limit = options.max_children or s.settings.process_limit
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
      vote.wake, vote.at_most = st.due, options.max_children
      return vote
    end,
  }
end
