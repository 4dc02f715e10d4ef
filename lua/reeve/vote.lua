--- Votes: what a policy wants of a pool, as a few bounds.
--
-- A vote is a plain table; every field is optional. Seconds (absolute, on the clock of `s.now`), counts
-- of processes. `check` turns what a policy returned into its canonical form: whole counts (floors
-- rounded up, ceilings down), `why` a sorted list without repetition. Canonical votes meet: floors rise,
-- ceilings sink, victims join. Meet is commutative, associative and idempotent.
--
-- One field is the host's own: `as_of`, when a `shrink_to` was voted (only processes idle since before
-- may go). It belongs to its shrink_to: of two equal shrink_to the later one counts.
local suggest = require "reeve.suggest"

local vote = {}

--- What the wire says for "no limit".
vote.NO_LIMIT = 4294967295

--- Nobody holds a service down for longer without saying so again (seconds).
vote.HOLD_MOST = 60

--- The modes by rank, as the wire counts them.
vote.MODES = { normal = 0, stress = 1, shed = 2 }

local GUARD = 1e-9 -- 2.0000000001 processes are two: sums of floats are not exact

local function is_number(n) return type(n) == "number" and n == n end

local function clamp(n)
  if n <= 0 then return 0 end
  return n >= vote.NO_LIMIT and vote.NO_LIMIT or n
end

local function up(n) return math.tointeger(clamp(math.ceil(clamp(n) - GUARD))) end
local function down(n) return math.tointeger(clamp(math.floor(clamp(n) + GUARD))) end

local function show(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return "a " .. type(value)
end

-- The checks: value -> canonical value | nil, what is wrong with it.

local function count(round)
  return function(n)
    if is_number(n) then return round(n) end
    return nil, "must be a number of processes"
  end
end

local function time(t)
  if is_number(t) and math.abs(t) ~= math.huge then return t end
  return nil, "must be a time in seconds, such as s.now + 5"
end

local function flag(b)
  if type(b) == "boolean" then return b end
  return nil, "must be true or false"
end

local function mode(m)
  if vote.MODES[m] then return m end
  return nil, 'must be "normal", "stress" or "shed"'
end

local function throttle(t)
  if type(t) ~= "table" then return nil, "must be a table { first = seconds, most = seconds }" end
  local delays = {}
  for key, value in next, t do
    if key ~= "first" and key ~= "most" then
      return nil, ("has an unknown field '%s': it takes first and most, in seconds"):format(tostring(key))
    end
    if not is_number(value) or value <= 0 or value > 86400 then
      return nil, ("has %s = %s: it must be a number of seconds above 0 and at most 86400"):format(key, show(value))
    end
    delays[key] = value
  end
  if not delays.first and not delays.most then return nil, "is empty: it takes first and most, in seconds" end
  return delays
end

-- { 12, 14 } gives processes 1 and 2 the whole numbers 12 and 14: never meant as deadlines, which are floats.
local function looks_like_list(t)
  if #t == 0 then return false end
  for i = 1, #t do
    if math.type(t[i]) ~= "integer" then return false end
  end
  return true
end

local function victims(what, example, is_good)
  return function(t)
    if type(t) ~= "table" then return nil, "must be a table " .. example end
    if looks_like_list(t) then return nil, "is a plain list of ids: write " .. example end
    local copy = {}
    for id, value in next, t do
      if math.type(id) ~= "integer" then
        return nil, ("has the key %s, which is no process id: write %s"):format(show(id), example)
      end
      if not is_good(value) then
        return nil, ("has %s for process %d: %s"):format(show(value), id, what)
      end
      copy[id] = value
    end
    return copy
  end
end

local retire = victims("a deadline is a time in seconds, or false for none", "{ [p.id] = s.now + 60 }", function(v)
  return v == false or is_number(v) and math.abs(v) ~= math.huge
end)

local kill = victims("it must be true", "{ [p.id] = true }", function(v) return v == true end)

local function why(text)
  local list, seen = {}, {}
  for _, line in ipairs(type(text) == "table" and text or { text }) do
    if type(line) ~= "string" then return nil, "must be a text" end
    line = line:sub(1, 200)
    if not seen[line] then list[#list + 1], seen[line] = line, true end
  end
  table.sort(list)
  return list
end

-- The meets of two present values.

local function either(a, b) return a or b end
local function higher(a, b) return vote.MODES[a] >= vote.MODES[b] and a or b end

local function most(a, b)
  if a and b then return math.max(a, b) end
  return a or b
end

local function longest(a, b) return { first = most(a.first, b.first), most = most(a.most, b.most) } end

local function earliest(a, b)
  if a and b then return math.min(a, b) end
  return a or b
end

local function union(meet)
  return function(a, b)
    local both = {}
    for id, value in next, a do both[id] = value end
    for id, value in next, b do
      if both[id] == nil then both[id] = value else both[id] = meet(both[id], value) end
    end
    return both
  end
end

-- Two sorted lists without repetition, as one.
local function lines(a, b)
  local list, i, j = {}, 1, 1
  while a[i] or b[j] do
    local x, y = a[i], b[j]
    local first = not y or x and x <= y
    list[#list + 1] = first and x or y
    if x == y then j = j + 1 end
    if first then i = i + 1 else j = j + 1 end
  end
  return list
end

-- THE table of fields: how each is checked and how two of them meet. shrink_to and as_of meet as a pair.
local FIELDS = {
  at_least = { check = count(up), meet = math.max },
  spare = { check = count(up), meet = math.max },
  at_most = { check = count(down), meet = math.min },
  burst = { check = count(down), meet = math.min },
  shrink_to = { check = count(up) },
  on_demand = { check = flag, meet = either },
  hold = { check = time, meet = math.max },
  wake = { check = time, meet = math.min },
  throttle = { check = throttle, meet = longest },
  retire = { check = retire, meet = union(earliest) },
  kill = { check = kill, meet = union(either) },
  mode = { check = mode, meet = higher },
  why = { check = why, meet = lines },
}

--- The names of all fields of a vote, as a set.
vote.FIELDS = FIELDS

--- What a policy returned -> its canonical vote (a new table), or nil and a sentence that names the
-- field, the value and what belongs there. nil stays an empty vote only for the caller to decide.
function vote.check(v)
  if type(v) ~= "table" then
    return nil, ("a vote must be a table or nil, not %s"):format(show(v))
  end
  local checked = {}
  for name, value in next, v do
    local field = FIELDS[name]
    if not field then
      if type(name) ~= "string" then
        return nil, ("a vote has fields by name, such as { at_least = 2 }; this one has [%s]"):format(show(name))
      end
      return nil, ("unknown field '%s' in a vote%s"):format(name, suggest.hint(name, FIELDS))
    end
    local good, wrong = field.check(value)
    if good == nil then
      local is_nan = value ~= value
      local shown = (type(value) ~= "table" and (is_nan and "nan" or show(value))) or nil
      return nil, shown and ("%s = %s %s"):format(name, shown, wrong) or ("%s %s"):format(name, wrong)
    end
    checked[name] = good
  end
  return checked
end

local function join_shrink(into, v)
  local x, y = into.shrink_to, v.shrink_to
  if x and (x > y or x == y and (into.as_of or 0) >= (v.as_of or 0)) then return end
  into.shrink_to, into.as_of = y, v.as_of
end

--- Makes `into` the meet of itself and v, both canonical; v is not changed, and what is in it is shared.
function vote.join(into, v)
  for name, value in next, v do
    local meet = FIELDS[name] and FIELDS[name].meet
    if meet then
      local other = into[name]
      if other == nil then into[name] = value else into[name] = meet(other, value) end
    end
  end
  if v.shrink_to then join_shrink(into, v) end
  return into
end

--- The meet of two canonical votes (a new table; neither is changed).
function vote.meet(a, b) return vote.join(vote.join({}, a), b) end

--- Marks a fresh canonical vote with the time it was made (seconds): a hold is clipped to 60 s ahead, and a
-- shrink_to that repeats what `before` (the owner's last vote) said keeps its age while there is nothing to
-- shrink, so that standing orders do not change at each turn. `staying`: live processes not asked to go.
function vote.stamp(v, now, before, staying)
  if v.hold and v.hold > now + vote.HOLD_MOST then v.hold = now + vote.HOLD_MOST end
  if v.shrink_to then
    local same = before and before.shrink_to == v.shrink_to and before.as_of
    v.as_of = same and staying and staying <= v.shrink_to and before.as_of or now
  end
  return v
end

-- What is no bound: when to ask again, what it says for people, and the age of a shrink_to.
local NO_BOUND = { wake = true, why = true, as_of = true }

local function covers(a, b)
  for name, value in next, a do
    local other = b[name]
    if NO_BOUND[name] then
      other = value
    elseif type(value) == "table" and type(other) == "table" and covers(value, other) and covers(other, value) then
      other = value
    end
    if other ~= value then return false end
  end
  return true
end

--- Whether two canonical votes (or nil) have the same bounds.
function vote.agree(a, b)
  a, b = a or {}, b or {}
  return covers(a, b) and covers(b, a)
end

local function size(t)
  local n = 0
  for _ in next, t do n = n + 1 end
  return n
end

local IN_WORDS = {
  throttle = function(t)
    if t.first and t.most then return ("%gs..%gs"):format(t.first, t.most) end
    return t.first and ("%gs.."):format(t.first) or ("..%gs"):format(t.most)
  end,
  retire = function(t) return size(t) .. " processes" end,
  kill = function(t) return size(t) .. " processes" end,
}

--- A vote on one line, for people: its bounds in order of their names; "nothing" without one.
function vote.words(v)
  local words = {}
  for name, value in next, v or {} do
    local in_words = IN_WORDS[name] or value == vote.NO_LIMIT and function() return "unlimited" end or tostring
    local is_empty = type(value) == "table" and next(value) == nil
    if FIELDS[name] and not NO_BOUND[name] and not is_empty then words[#words + 1] = name .. "=" .. in_words(value) end
  end
  table.sort(words)
  return #words > 0 and table.concat(words, " ") or "nothing"
end

local function ms(seconds)
  if not seconds or seconds <= 0 then return 0 end
  return math.ceil(seconds * 1000 - 1e-6)
end

local function delay(seconds) return math.min(ms(seconds), vote.NO_LIMIT) end

--- A met vote -> the fields of order `standing` (wire.def) without svc: whole numbers, milliseconds.
-- `now` (seconds) stands in where a shrink_to was never stamped.
function vote.standing(v, now)
  local throttled = v.throttle or {}
  return {
    at_least = v.at_least or 0,
    at_most = v.at_most or vote.NO_LIMIT,
    spare = v.spare or 0,
    burst = v.burst or vote.NO_LIMIT,
    shrink_to = v.shrink_to or vote.NO_LIMIT,
    on_demand = v.on_demand or false,
    mode = vote.MODES[v.mode or "normal"],
    hold_until = ms(v.hold),
    as_of = v.shrink_to and ms(v.as_of or now) or 0,
    throttle_first = delay(throttled.first),
    throttle_most = delay(throttled.most),
  }
end

return vote
