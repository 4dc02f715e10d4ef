-- uwsgi_busyness: uWSGI's cheaper-algo = busyness. Use it as `only { uwsgi_busyness {...} }`.
--
-- Every `overload` seconds, of the share of time that workers were busy: above `max` percent: `step` more; had one
-- gone within the last `multiplier` windows, the multiplier grows by `penalty`, else it falls by 1 down to where it
-- began: flapping itself makes the pool patient. Below `min`, when the time of overload × multiplier since the last
-- going is over: one goes, and the multiplier falls by 1 if the change before was a going, too. In between: the time
-- is put off by a window, after three such windows begun again. In any second: more than backlog_alert clients wait,
-- or some have waited for backlog_nonzero seconds: one more, the multiplier is as at the start, and while such
-- workers run the time is overload × 3. Being busy is measured over time here, so requests longer than a window count
-- as they should.
--
-- options: cheaper = 1, initial = cheaper, step = 1, overload = 3 (s), max = 50, min = 25 (percent), multiplier = 10,
-- penalty = 2, backlog_alert = 33 (clients), backlog_nonzero = 60 (s), workers = process_limit
local ROWS = { cheaper = { 1, 1, whole = true }, initial = { nil, 1, whole = true }, step = { 1, 1, whole = true },
  overload = { 3, 1, 600, whole = true }, max = { 50, 1, 100 }, min = { 25, 0, 100 }, multiplier = { 10, 1 },
  penalty = { 2, 0 }, backlog_alert = { 33, 0 }, backlog_nonzero = { 60, 1 }, workers = { nil, 1, whole = true } }

local function put_off(o, st, now) st.next_going = now + o.overload * (st.emergency > 0 and 3 or st.multiplier) end

local function grow(o, s, st)
  local patience = st.went and s.now - st.went <= o.overload * st.multiplier
  st.multiplier = patience and st.multiplier + o.penalty or math.max(o.multiplier, st.multiplier - 1)
  st.fair, st.again = 0, false
  put_off(o, st, s.now)
  return o.step
end

local function shrink(o, s, st)
  if s.now < st.next_going or st.n <= o.cheaper then return 0 end
  if st.again then st.multiplier = math.max(1, st.multiplier - 1) end
  st.went, st.again, st.fair, st.emergency = s.now, true, 0, math.max(0, st.emergency - 1)
  put_off(o, st, s.now)
  return -1
end

local function window(o, s, st)
  local live = s:avg("live", o.overload)
  local percent = live and live > 0 and 100 * s:avg("busy", o.overload) / live or 0
  local why = ("busy %.0f %%"):format(percent)
  if percent > o.max then return grow(o, s, st), why end
  if percent < o.min then return shrink(o, s, st), why end
  st.fair = st.fair + 1
  if st.fair >= 3 then put_off(o, st, s.now) else st.next_going = st.next_going + o.overload end
  return 0, why
end

local function second(o, s, st)
  st.queued = s.waiting > 0 and st.queued + 1 or 0
  if s.waiting > o.backlog_alert or st.queued >= o.backlog_nonzero then
    st.queued, st.multiplier, st.emergency = 0, o.multiplier, st.emergency + 1
    return 1, ("%d wait"):format(s.waiting)
  end
  if s.now < st.due_window then return 0 end
  st.due_window = s.now + o.overload
  return window(o, s, st)
end

return function(given)
  local o = options("uwsgi_busyness", given, ROWS)
  if o.min >= o.max then error(("uwsgi_busyness: min (%g) must be below max (%g)"):format(o.min, o.max), 0) end
  return {
    on = { "start", "reload", "tick" },
    run = function(s, ev, st)
      if not s.idle then return { why = "this contract does not tell idle from busy" } end
      local change, why = 0, nil
      if ev.kind == "start" or not st.n then
        st.n, st.multiplier, st.emergency, st.fair, st.queued = o.initial or 0, o.multiplier, 0, 0, 0
        st.due, st.due_window, st.went, st.again = s.now, s.now + o.overload, nil, false
        put_off(o, st, s.now)
      elseif s.now < st.due then
        return nil
      else
        change, why = second(o, s, st)
      end
      st.n = math.max(o.cheaper, math.min(st.n + change, o.workers or s.settings.process_limit))
      st.due = s.now + 1
      return { at_least = st.n, shrink_to = st.n, at_most = o.workers, wake = st.due, why = why }
    end,
  }
end
