-- uwsgi_spare: uWSGI's cheaper-algo = spare. Use it as `only { uwsgi_spare {...} }`.
--
-- Once a second. Is any worker idle, the count of overload goes down by one, else up, and the count of idle seconds
-- is 0. At `overload` seconds: `step` more workers, and the count is 0. At no overload: with exactly one worker idle
-- all is well; else the idle seconds count, and at every `overload` of them one worker goes. One that would go but is
-- busy goes when it is idle. A worker that dies is replaced, as there.
--
-- options: cheaper = 1 (fewest workers), initial = cheaper, step = 1, overload = 3, workers = process_limit
local ROWS = { cheaper = { 1, 1, whole = true }, initial = { nil, 1, whole = true }, step = { 1, 1, whole = true },
  overload = { 3, 1, whole = true }, workers = { nil, 1, whole = true } }

local function look(o, s, st)
  local idle = s.idle + s.starting
  if idle > 0 then
    st.overload = math.max(0, st.overload - 1)
  else
    st.overload, st.idle = st.overload + 1, 0
  end
  if st.overload >= o.overload then
    st.overload = 0
    return o.step, ("nobody was idle for %d s"):format(o.overload)
  elseif st.overload == 0 and idle ~= 1 then
    st.idle = st.idle + 1
    if st.idle % o.overload == 0 then return -1, "more than one is idle" end
  end
  return 0
end

return function(given)
  local o = options("uwsgi_spare", given, ROWS)
  return {
    on = { "start", "reload", "tick" },
    run = function(s, ev, st)
      if not s.idle then return { why = "this contract does not tell idle from busy" } end
      local why
      if ev.kind == "start" or not st.n then
        st.n, st.overload, st.idle, st.due = math.max(o.cheaper, o.initial or 0), 0, 0, s.now
      elseif s.now < st.due then
        return nil
      else
        local change
        change, why = look(o, s, st)
        st.n = math.max(o.cheaper, math.min(st.n + change, o.workers or s.settings.process_limit))
      end
      st.due = s.now + 1
      return { at_least = st.n, shrink_to = st.n, at_most = o.workers, wake = st.due, why = why }
    end,
  }
end
