-- memory: replace processes that have grown fat, one at a time; shed idle ones while the machine is short of memory.
--
-- After Puma's worker killer and systemd-oomd, without their mistakes: by private memory (what copy-on-write shares
-- is not freed by an end), the fattest idle one alone and only while nobody starts or drains, with a limit of its own
-- for each process (up to a fifth higher, drawn once), so that they do not go together. One above `hard` goes
-- although it is busy, with `grace` to finish. Pressure needs both: stalls (PSI full, 10 s mean) and little memory
-- left; then no growth, and half of the idle ones go, once per `cooldown`, for the mean needs time to fall.
--
-- options: soft (bytes, or "250M") = growth × the smallest process seen, hard = 2 × soft, growth = 2.5, check = 5
-- (s), grace = 30 (s), psi = 10 (percent), reserve = 0.08 (share of all memory), cooldown = 15 (s)
local ROWS = { soft = { nil, 1, bytes = true }, hard = { nil, 1, bytes = true }, growth = { 2.5, 1.01 },
  check = { 5, 1 }, grace = { 30, 0 }, psi = { 10, 0, 100 }, reserve = { 0.08, 0, 1 }, cooldown = { 15, 0 } }

local AT_WORK = { idle = true, busy = true }

-- Those above hard, all at once; else the fattest idle one above its soft limit, when all is calm.
local function too_fat(o, s, soft)
  local hard, over, worst = o.hard or 2 * soft, nil, nil
  for _, p in ipairs(s.processes) do
    if p.private and AT_WORK[p.state] then
      if p.private > hard then
        over = over or {}
        over[p.id] = s.now + o.grace
      elseif p.private > soft * (1 + 0.2 * p.jitter) and p.state == "idle" then
        if not worst or p.private > worst.private then worst = p end
      end
    end
  end
  if over then return over, "above the hard limit" end
  if not worst or s.draining > 0 or s.starting > 0 or s.avail < 2 then return nil end
  return { [worst.id] = s.now + o.grace }, ("process %d has %.0f MiB"):format(worst.id, worst.private / (1 << 20))
end

local function smallest(s, st)
  if st.generation ~= s.generation then st.generation, st.least = s.generation, nil end
  for _, p in ipairs(s.processes) do
    if p.private and AT_WORK[p.state] then st.least = math.min(st.least or p.private, p.private) end
  end
  return st.least
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
    on = { "start", "reload", "tick", "pressure" },
    run = function(s, ev, st)
      if ev.kind == "tick" and st.due and s.now < st.due then return nil end
      st.due = s.now + o.check
      local vote, least = { wake = st.due }, smallest(s, st)
      local soft = o.soft or least and o.growth * least
      if soft then vote.retire, vote.why = too_fat(o, s, soft) end
      pressure(o, s, st, vote)
      return vote
    end,
  }
end
