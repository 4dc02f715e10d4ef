-- memory: replace processes that have grown fat, one at a time; shed idle ones while the machine is short of memory.
--
-- After Puma's worker killer and systemd-oomd, without their mistakes: by private memory (what copy-on-write shares
-- is not freed by an end), the fattest idle one alone and only while nobody starts or drains, with a limit of its own
-- for each process (up to a fifth higher, drawn once), so that they do not go together. When memory will be short
-- within `ahead` seconds, growing on as these processes have grown, those a quarter above the smallest go, busy ones
-- too, a tenth of the pool at a time. One above `hard` goes at once, with `grace` to finish. Pressure needs both:
-- stalls (PSI full, 10 s mean) and little memory left; then no growth, and half of the idle ones go, once per
-- `cooldown`, for the mean needs time to fall.
--
-- options: soft (bytes, or "250M") = growth × the smallest process seen, hard = 2 × soft, growth = 2.5, ahead = 40 (s),
-- check = 5 (s), grace = 30 (s), psi = 10 (percent), reserve = 0.08 (share of all memory), cooldown = 15 (s)
local ROWS = { soft = { nil, 1, bytes = true }, hard = { nil, 1, bytes = true }, growth = { 2.5, 1.01 },
  ahead = { 40, 0, 600 }, check = { 5, 1 }, grace = { 30, 0 }, psi = { 10, 0, 100 }, reserve = { 0.08, 0, 1 },
  cooldown = { 15, 0 } }

local AT_WORK = { idle = true, busy = true }
local QUARTER <const> = 1.25

local function above_hard(s, hard, deadline)
  local ids = {}
  for _, p in ipairs(s.processes) do
    if p.private and AT_WORK[p.state] and p.private > hard then ids[p.id] = deadline end
  end
  if next(ids) then return ids, "above the hard limit" end
end

local function is_fatter(a, b) return a.private > b.private or a.private == b.private and a.id < b.id end

-- The fattest above `soft`, idle ones or (all) busy ones too: so many that with those who start or drain n are away.
local function too_fat(s, soft, n, all)
  local fat, ids = {}, {}
  for _, p in ipairs(s.processes) do
    local counts = p.private and (p.state == "idle" or all and p.state == "busy")
    if counts and p.private > soft * (1 + 0.2 * p.jitter) then fat[#fat + 1] = p end
  end
  n = math.min(n - s.draining - s.starting, s.avail - 1, #fat)
  if n < 1 then return nil end
  table.sort(fat, is_fatter)
  for i = 1, n do ids[fat[i].id] = false end
  return ids, ("process %d has %.0f MiB"):format(fat[1].id, fat[1].private / (1 << 20))
end

local function smallest(s, st)
  if st.generation ~= s.generation then st.generation, st.least = s.generation, nil end
  for _, p in ipairs(s.processes) do
    if p.private and AT_WORK[p.state] then st.least = math.min(st.least or p.private, p.private) end
  end
  return st.least
end

-- Whether memory is short within `ahead` seconds, if these processes grow on as they have grown since they began.
local function runs_out(o, s, least)
  local free, growth = s.host.mem_avail, 0
  for _, p in ipairs(s.processes) do
    if p.private and AT_WORK[p.state] then growth = growth + (p.private - least) / math.max(p.age, 10) end
  end
  return free and free - growth * o.ahead < o.reserve * s.host.mem_total
end

local function pressure(o, s, st, vote)
  local host = s.host
  local short = host.psi_full and host.psi_full > o.psi and host.mem_avail < o.reserve * host.mem_total
  if short and s.now >= (st.calm or 0) then
    st.calm = s.now + o.cooldown
    vote.at_most, vote.why = math.max(s.busy or 0, s.live - math.max(1, (s.idle or 0) // 2)), "memory is short"
  elseif s.now < (st.calm or 0) then
    vote.at_most, vote.why = s.live, vote.why or "memory was short"
  end
end

return function(given)
  local o = options("memory", given, ROWS)
  return {
    name = "memory",
    on = { "start", "reload", "tick", "pressure" },
    run = function(s, ev, st)
      if ev.kind == "tick" and st.due and s.now < st.due then return nil end
      local least, vote = smallest(s, st), {}
      local soft, hurry, n = o.soft or least and o.growth * least, least and runs_out(o, s, least), 1
      st.due = s.now + (hurry and math.min(1, o.check) or o.check)
      vote.wake = st.due
      if soft then vote.retire, vote.why = above_hard(s, o.hard or 2 * soft, s.now + o.grace) end
      if hurry then soft, n = math.min(soft, QUARTER * least), math.max(1, s.live // 10) end
      if soft and not vote.retire then vote.retire, vote.why = too_fat(s, soft, n, hurry) end
      pressure(o, s, st, vote)
      return vote
    end,
  }
end
