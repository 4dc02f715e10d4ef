-- uwsgi_backlog: uWSGI's cheaper-algo = backlog. Use it as `only { uwsgi_backlog {...} }`.
--
-- Once a second: more clients than `overload` in the queue of the listener: `step` more workers. Fewer: one worker
-- goes, each second, without hysteresis (which is why uWSGI has other algorithms, too). One that would go but is busy
-- goes when it is idle. A worker that dies is replaced, as there.
--
-- options: cheaper = 1 (fewest workers), initial = cheaper, step = 1, overload = 3 (clients), workers = process_limit
local ROWS = { cheaper = { 1, 1, whole = true }, initial = { nil, 1, whole = true }, step = { 1, 1, whole = true },
  overload = { 3, 0, whole = true }, workers = { nil, 1, whole = true } }

return function(given)
  local o = options("uwsgi_backlog", given, ROWS)
  return {
    on = { "start", "reload", "tick" },
    run = function(s, ev, st)
      local why
      if ev.kind == "start" or not st.n then
        st.n, st.due = math.max(o.cheaper, o.initial or 0), s.now
      elseif s.now < st.due then
        return nil
      elseif s.waiting > o.overload then
        st.n, why = math.min(st.n + o.step, o.workers or s.settings.process_limit), ("%d wait"):format(s.waiting)
      elseif s.waiting < o.overload and st.n > o.cheaper then
        st.n, why = st.n - 1, "the queue is short"
      end
      st.due = s.now + 1
      return { at_least = st.n, shrink_to = st.n, at_most = o.workers, wake = st.due, why = why }
    end,
  }
end
