-- uwsgi_backlog: uWSGI's cheaper-algo = backlog. Use it as `only { uwsgi_backlog {...} }`.
--
-- Once a second: more clients than `overload` in the queue of the listener: `step` more workers. Fewer: one worker
-- goes, each second, without hysteresis (which is why uWSGI has other algorithms, too). One that would go but is busy
-- goes when it is idle. A worker that dies is replaced, as there.
--
-- options: cheaper = 1 (fewest workers), initial = cheaper, step = 1, overload = 3 (clients), workers = process_limit
local function check(name, value, least)
  if type(value) ~= "number" or value < least or value % 1 ~= 0 then
    error(("uwsgi_backlog: %s = %s: a whole number of at least %d is needed"):format(name, tostring(value), least), 3)
  end
  return value
end

return function(options)
  options = options or {}
  local cheaper, step = check("cheaper", options.cheaper or 1, 1), check("step", options.step or 1, 1)
  local overload = check("overload", options.overload or 3, 0)
  local initial = math.max(check("initial", options.initial or cheaper, 1), cheaper)
  local workers = options.workers and check("workers", options.workers, cheaper)

  return {
    on = { "start", "reload", "tick" },
    run = function(s, ev, st)
      local why
      if ev.kind == "start" or not st.n then
        st.n, st.due = initial, s.now
      elseif s.now < st.due then
        return nil
      elseif s.waiting > overload then
        st.n, why = math.min(st.n + step, workers or s.settings.process_limit), ("%d wait"):format(s.waiting)
      elseif s.waiting < overload and st.n > cheaper then
        st.n, why = st.n - 1, "the queue is short"
      end
      st.due = s.now + 1
      return { at_least = st.n, shrink_to = st.n, at_most = workers, wake = st.due, why = why }
    end,
  }
end
