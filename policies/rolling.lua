-- rolling: replace the processes of an older generation, in batches, new ones up before old ones go. Built in.
--
-- The practice of Kubernetes' maxSurge (25 %) and Puma's phased restart; unlike both it stops by itself when the new
-- ones fail to start and goes on when one has come up. Without room below process_limit a batch of old ones goes first.
--
-- A process that has had its last client (service_count) is no room for another: it is told to finish, and replaced by
-- none. Else a reload would start as many imap processes as there are sessions.
--
-- options: batch = 0.25 (the share of the pool that is replaced at a time)
local function is_spent(s, p)
  local most = s.settings.service_count
  return p.clients ~= nil and most > 0 and p.served + p.clients >= most
end

local function census(s, st)
  local c = { idle = {}, busy = {}, spent = {}, ready = 0, starting = 0 }
  local still = {}
  for _, p in ipairs(s.processes) do
    if p.generation < s.generation then
      if st.picked[p.id] then
        still[p.id] = true
      elseif is_spent(s, p) then
        c.spent[#c.spent + 1] = p
      elseif p.state == "idle" then
        c.idle[#c.idle + 1] = p
      elseif p.state == "busy" or p.state == "starting" then
        c.busy[#c.busy + 1] = p
      end
    elseif p.state == "idle" or p.state == "busy" then
      c.ready = c.ready + 1
    elseif p.state == "starting" then
      c.starting = c.starting + 1
    end
  end
  st.picked = still
  c.old = #c.idle + #c.busy
  return c
end

-- How many old ones may go now: as many as are ready beyond the size at the beginning; with no room to grow, a batch.
local function to_go(s, st, c, batch)
  local surplus = c.old + c.ready - st.target
  local limit = s.settings.process_limit
  if st.target + batch > limit and c.starting == 0 and c.old + c.ready >= limit then surplus = batch end
  return math.max(0, math.min(surplus, c.old))
end

local function retire(s, st, c, n)
  local victims, patience = {}, s.settings.stop_timeout
  local function add(p) victims[p.id], st.picked[p.id] = patience ~= math.huge and s.now + patience, true end
  for i = 1, n do add(c.idle[i] or c.busy[i - #c.idle]) end
  if c.ready > 0 then -- the new ones do start
    for _, p in ipairs(c.spent) do add(p) end
  end
  return next(victims) and victims or nil
end

local function watch(s, ev, st)
  if st.generation ~= s.generation then st.generation, st.failed, st.target, st.picked = s.generation, nil, nil, {} end
  local of_new = ev.generation == s.generation and not ev.ok and not ev.asked and ev.stage == "startup"
  if ev.kind == "exit" and of_new or ev.kind == "start_failed" then
    st.failed = true
  elseif ev.kind == "ready" or ev.kind == "operator" and ev.verb == "reset" then
    st.failed = nil -- only the present generation starts
  end
end

return function(given)
  local share = options("rolling", given, { batch = { 0.25, 0.001, 1 } }).batch
  return {
    only_while = "old", -- live processes of older generations
    on = { "start", "reload", "spawn", "ready", "status", "exit", "start_failed", "operator" },
    run = function(s, ev, st)
      watch(s, ev, st)
      if s.old == 0 then
        if not st.target then return nil end
        st.target = nil
        return {}
      end
      if s.stopped then return {} end
      if st.failed then return { why = "rolling stopped: new processes fail to start" } end
      local c = census(s, st)
      st.target = st.target or math.max(1, s.live - s.leaving - #c.spent)
      local batch = math.max(1, math.ceil(st.target * share))
      local going = to_go(s, st, c, batch)
      local left = c.old - going
      local size = math.min(c.ready + left, st.target) + math.min(batch, left)
      local least = c.old == 0 and 1 or math.max(size, math.min(st.target, c.ready + c.old))
      return { at_least = math.min(least + #c.spent, s.settings.process_limit), retire = retire(s, st, c, going),
        why = ("replacing %d old processes"):format(c.old + #c.spent) }
    end,
  }
end
