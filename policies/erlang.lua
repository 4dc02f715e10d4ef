-- erlang: the fewest processes with which at most a share `miss` of clients waits longer than `target`.
--
-- The M/M/c queue: Erlang's B by its recursion, C from it, P(W > t) = C·e^(-(c - a)·t/S), scaled by (1 + cv²)/2 for
-- other lengths of stay (Allen–Cunneen). The load a = λ·S (Little) is the higher of what the long window says and the
-- short one with its trend over one boot, so that a process started now is there in time; clients that are being
-- served count too, and those that wait get processes beside. It only says what is needed: wrap it in settle(60, ...)
-- to shrink.
--
-- options: target = 0.2 (s), miss = 0.01, stable = 60, fast = 6 (s)
local MOST <const> = 100000 -- processes; the answer is far below for any load that a machine can bear

local ROWS = { target = { 0.2, 0.001, 3600 }, miss = { 0.01, 1e-9, 1 }, stable = { 60, 1, 600 }, fast = { 6, 1, 600 } }

-- The smallest c with P(W > target) <= miss. B(c) goes on from c to c + 1, so the search costs nothing more.
local function servers(a, stay, target, miss, spread)
  local b, c = 1, 0
  repeat
    c = c + 1
    b = a * b / (c + a * b)
    local wait = c > a and c * b / (c - a * (1 - b)) or 1
  until c > a and spread * wait * math.exp(-(c - a) * target / stay) <= miss or c >= MOST
  return c
end

local function load(o, s, stay, boot)
  local slow, fast = s:rate("arrivals", o.stable) or 0, s:rate("arrivals", o.fast) or 0
  local trend = math.max(0, fast - slow) / (o.stable / 2)
  return math.max(math.max(slow, fast + trend * boot) * stay, s.clients)
end

return function(given)
  local o = options("erlang", given, ROWS)
  return {
    on = { "start", "reload", "demand", "tick" },
    run = function(s, _, st)
      if not s.idle then return { why = "this contract does not say how many clients it has" } end
      if st.due and s.now < st.due and s.now > st.due - 1 then return nil end
      st.due = s.now + 1
      local stay, boot = s.service_mean or 0.1, s.boot_mean or 1
      local a = load(o, s, stay, boot)
      local c = a > 0 and servers(a, stay, o.target, o.miss, (1 + (s.service_cv2 or 1)) / 2) or 0
      local n = math.ceil((c + s.waiting * stay / math.max(o.target, boot)) / s.settings.client_limit - 1e-9)
      return { at_least = n, burst = math.max(4, s.live), wake = st.due, why = ("load %.1f needs %d"):format(a, n) }
    end,
  }
end
