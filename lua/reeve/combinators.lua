--- Policies made of policies.
--
-- Each combinator returns a policy in the forms of reeve.parts. What it wraps may be any policy; the standing votes
-- inside are kept in the combinator's own `st`, so they survive as all state does.
local parts = require "reeve.parts"
local vote = require "reeve.vote"

local combinators = {}

--- Called with a text when a shadowed policy changes its mind; the host sets it to its log.
combinators.log = nil

--- all { p, q, ... }: every one counts. A list is the same.
function combinators.all(list) return list end

--- only { p, q, ... }: these instead of the built-ins. Marks the list with the field `only = true`; a service whose
-- policy has the mark gets no built-in policies. `only {}` starts nothing by itself.
function combinators.only(list)
  if type(list) ~= "table" then list = { list } end
  local marked = { only = true }
  for key, value in next, list do marked[key] = value end
  return marked
end

-- The parts of what stands as `what` in the parentheses of `usage`, such as every(seconds, policy).
local function compiled(policy, usage, what)
  if parts.is_global(policy) then
    error(("%s: the %s decides between services, and combinators know one service: in settings { policy = ... } it "
      .. "stands alone or in a list"):format(usage, what), 3)
  end
  local list, sentence = parts.compile(policy, usage:match "^%a+")
  if not list then
    local kind = type(policy)
    error(kind == "table" and ("%s: %s"):format(usage, sentence) or ("%s: the %s must be a function, a table of hooks "
      .. "or a list of policies, not %s"):format(usage, what, policy == nil and "nothing" or "a " .. kind), 3)
  end
  return list
end

local function seconds_of(n, usage)
  if type(n) == "number" and n > 0 and n < math.huge then return end
  local shown = type(n) == "string" and ("%q"):format(n) or type(n) == "number" and tostring(n)
    or n == nil and "nothing" or "a " .. type(n)
  error(("%s: %s is not a number of seconds"):format(usage, shown), 3)
end

-- Asks one part and files its vote; true when its standing vote changed.
local function ask(part, s, ev, st, shots)
  st.st[part.store.path] = st.st[part.store.path] or {}
  local v = part.run(s, ev, st.st[part.store.path])
  if v == nil then return false end
  local checked, sentence = vote.check(v)
  if not checked then error(("policy %s: %s"):format(part.path, sentence), 0) end
  shots[#shots + 1] = { retire = checked.retire, kill = checked.kill }
  checked.retire, checked.kill = nil, nil
  st.votes[part.path] = checked
  return true
end

-- only_while, inside a combinator: while the fact holds, and once more.
local function is_open(part, s, st)
  if not part.only_while then return true end
  local value, held = s[part.only_while], st.held or {}
  local holds, before = value == true or type(value) == "number" and value > 0, held[part.path]
  st.held, held[part.path] = held, holds or nil
  return holds or before
end

local BEGINNINGS = { start = true, reload = true }

local function hears(part, s, ev, st)
  if part.on and not part.on[ev.kind] then return false end
  if not is_open(part, s, st) and not BEGINNINGS[ev.kind] then return false end
  if ev.kind ~= "tick" or not st.started then return true end
  local v = st.votes[part.path]
  if not v or not v.wake or v.wake > s.now then return false end
  v.wake = nil
  return true
end

local folded = setmetatable({}, { __mode = "k" }) -- st -> the last meet: as long as nobody speaks it is the same

local function meet_all(list, st, shots)
  local met = {}
  for _, part in ipairs(list) do
    if st.votes[part.path] then vote.join(met, st.votes[part.path]) end
  end
  for _, shot in ipairs(shots) do vote.join(met, shot) end
  met.as_of = nil
  return met
end

-- Asks the parts that hear this event. Returns the meet of all their standing votes (retire and kill only of this
-- event), which the caller must not change, and whether any of them spoke.
local function fold(list, s, ev, st)
  st.st, st.votes = st.st or {}, st.votes or {}
  local shots, spoke = {}, false
  for _, part in ipairs(list) do
    if hears(part, s, ev, st) then spoke = ask(part, s, ev, st, shots) or spoke end
  end
  if ev.kind == "tick" then st.started = true end
  if not spoke and ev.kind == "status" and folded[st] then return folded[st], false end
  local met = meet_all(list, st, shots)
  folded[st] = not (met.retire or met.kill) and met or nil
  return met, spoke
end

--- every(seconds, p): p is asked only with `tick`, that often. Its votes stand in between.
function combinators.every(seconds, policy)
  seconds_of(seconds, "every(seconds, policy)")
  local list = compiled(policy, "every(seconds, policy)", "policy")
  return { name = "every", on = { "tick" }, run = function(s, ev, st)
    if st.due and s.now < st.due then return nil end
    st.due = (st.due and s.now - st.due < seconds) and st.due + seconds or s.now + seconds
    st.started = nil -- each tick is for every part
    local met = fold(list, s, ev, st)
    return vote.meet(met, { wake = st.due })
  end }
end

-- The highest floor that stood in the last `seconds`: a queue of { floor, the last time it stood }, falling.
local function highest(st, floor, now, seconds)
  local q = st.q or {}
  st.q = q
  if #q > 0 then q[#q][2] = now end
  if #q == 0 or q[#q][1] ~= floor then
    while #q > 0 and q[#q][1] <= floor do q[#q] = nil end
    q[#q + 1] = { floor, now }
  end
  while #q > 1 and q[1][2] + seconds <= now + 1e-6 do table.remove(q, 1) end
  return q[1][1], #q > 1 and q[1][2] + seconds or nil
end

-- Most status reports change neither the floor of the window nor what there is to shrink: then the vote stands as it
-- is. (One that permits something is made anew, for it is about processes that are idle by now.)
local function stands(s, ev, st, spoke, shrink_to, wake)
  local same = st.shrink_to == shrink_to and st.wake == wake
  st.shrink_to, st.wake = shrink_to, wake
  return same and not spoke and ev.kind == "status" and s.live - s.leaving <= shrink_to
end

--- settle(seconds, p): the highest floor of p in the last `seconds`, read as max(at_least, live - avail + spare), is
-- its shrink_to: an autoscaler's stabilisation window for any policy. Nothing shrinks before the window is full.
function combinators.settle(seconds, policy)
  seconds_of(seconds, "settle(seconds, policy)")
  local list = compiled(policy, "settle(seconds, policy)", "policy")
  return { name = "settle", run = function(s, ev, st)
    local met, spoke = fold(list, s, ev, st)
    local now = s.now
    st.from = st.from or now
    local taken = met.spare and met.spare > 0 and s.live - s.avail + met.spare or 0
    local floor, expires = highest(st, math.max(met.at_least or 0, taken), now, seconds)
    if now - st.from < seconds then floor, expires = vote.NO_LIMIT, st.from + seconds end
    if stands(s, ev, st, spoke, floor, expires) then return nil end
    return vote.meet(met, { shrink_to = floor, wake = expires })
  end }
end

--- when(predicate, p): p is always asked, and counts while predicate(s, ev) holds (looked at once a second too).
function combinators.when(predicate, policy)
  if type(predicate) ~= "function" then error("when(predicate, policy): the predicate must be a function", 2) end
  local list = compiled(policy, "when(predicate, policy)", "policy")
  return { name = "when", run = function(s, ev, st)
    local met, spoke = fold(list, s, ev, st)
    local holds = predicate(s, ev) and true or false
    local wake = math.min(met.wake or math.huge, math.floor(s.now) + 1)
    if not holds then
      st.held = false
      return { wake = wake }
    end
    if st.held and not spoke and ev.kind ~= "tick" then return nil end
    st.held = true
    return vote.meet(met, { wake = wake })
  end }
end

--- shadow(p): p is asked and its votes are shown (`why`, and the log when they change), but do not count.
function combinators.shadow(policy)
  local list = compiled(policy, "shadow(policy)", "policy")
  return { name = "shadow", run = function(s, ev, st)
    local met, spoke = fold(list, s, ev, st)
    if not spoke then return nil end
    local words = vote.words(met)
    if words ~= st.words and combinators.log then
      combinators.log(("service %s: shadow votes %s"):format(s.name, words))
    end
    st.words = words
    return { wake = met.wake, why = "shadow votes " .. words }
  end }
end

local SLOT <const> = 60 -- seconds

-- Of every n slots round(n * share) are the new one's, spread evenly.
local function is_new(now, share)
  local slot = now // SLOT
  return (slot + 1) * share // 1 > slot * share // 1
end

-- What stands of a vote.
local function bounds(v)
  local copy = {}
  for name, value in next, v do
    if name ~= "retire" and name ~= "kill" then copy[name] = value end
  end
  return vote.words(copy)
end

local function tell_both(s, st, new, old, counts)
  local words = ("new votes %s, old votes %s; the %s one counts"):format(bounds(new), bounds(old), counts)
  if words ~= st.words and combinators.log then combinators.log(("service %s: canary: %s"):format(s.name, words)) end
  st.words = words
end

--- canary(new, old, share): both are asked and both are logged when they change; in `share` (0 to 1) of the time, by
-- slots of 60 s, the votes of the new one count, else those of the old one.
function combinators.canary(new, old, share)
  local usage = "canary(new, old, share)"
  local lists = { compiled(new, usage, "new one"), compiled(old, usage, "old one") }
  if type(share) ~= "number" or not (share >= 0 and share <= 1) then
    error(("canary(new, old, share): %s is no share of the time, from 0 to 1"):format(tostring(share)), 2)
  end
  return { name = "canary", run = function(s, ev, st)
    st.new, st.old = st.new or {}, st.old or {}
    local a, spoke_a = fold(lists[1], s, ev, st.new)
    local b, spoke_b = fold(lists[2], s, ev, st.old)
    local counts = is_new(s.now, share) and "new" or "old"
    if not spoke_a and not spoke_b and counts == st.counts and ev.kind ~= "tick" then return nil end
    st.counts = counts
    tell_both(s, st, a, b, counts)
    local met = vote.meet(counts == "new" and a or b, { why = { ("canary: the %s one counts"):format(counts) } })
    met.wake = math.min(a.wake or math.huge, b.wake or math.huge, (s.now // SLOT + 1) * SLOT)
    return met
  end }
end

--- The words that configs and policy files see, by name.
combinators.WORDS = { all = combinators.all, only = combinators.only, every = combinators.every,
  settle = combinators.settle, when = combinators.when, shadow = combinators.shadow,
  canary = combinators.canary }

return combinators
