-- hours: a floor by the clock, raised early so that it is warm on the hour. (KEDA's cron scaler, as a floor only: it
-- never holds the pool down, so it cannot fight with demand.)
--
-- options: a list of { days = "12345", from = 8, to = 18, floor = 20 } and lead = 120 (seconds). Days are counted from
-- Monday = 1 (without days: all), hours of local time may have fractions, and `to` before `from` is the next
-- morning. Of rules that overlap the highest floor counts.
local DAY <const> = 86400

local RULE <const> = { days = true, from = true, to = true, floor = true }

local function check_rule(i, rule)
  if type(rule) ~= "table" then
    error(("hours: rule %d is no table such as { from = 8, to = 18, floor = 20 }"):format(i), 0)
  end
  for name in pairs(rule) do
    if not RULE[name] then error(("hours: rule %d: there is no '%s'"):format(i, tostring(name)), 0) end
  end
  for _, name in ipairs { "from", "to", "floor" } do
    if type(rule[name]) ~= "number" then error(("hours: rule %d needs %s, a number"):format(i, name), 0) end
  end
  if not (rule.from >= 0 and rule.from < 24 and rule.to >= 0 and rule.to <= 24) then
    error(("hours: rule %d: from %g to %g are not hours of a day"):format(i, rule.from, rule.to), 0)
  end
  if not (rule.floor >= 0 and rule.floor < math.huge) then
    error(("hours: rule %d: floor = %g is no number of processes"):format(i, rule.floor), 0)
  end
  if rule.days and not tostring(rule.days):find "^[1-7]+$" then
    error(("hours: rule %d: days = %q: digits from 1 (Monday) to 7, such as \"12345\""):format(i, rule.days), 0)
  end
end

-- The rules, and lead as the other policies take their options.
local function read(given)
  if type(given) ~= "table" then error("hours: write hours { { from = 8, to = 18, floor = 20 } }", 0) end
  local rules, others = {}, {}
  for i, rule in ipairs(given) do
    check_rule(i, rule)
    rules[i] = rule
  end
  local misplaced
  for name, value in pairs(given) do
    if RULE[name] and (not misplaced or name < misplaced) then misplaced = name end -- always the same one of several
    if not rules[name] then others[name] = value end
  end
  if misplaced then error(("hours: %s belongs in a rule: hours { { %s = ... } }"):format(misplaced, misplaced), 0) end
  return rules, options("hours", others, { lead = { 120, 0 } }).lead
end

local function is_day(rule, wday) return not rule.days or tostring(rule.days):find(tostring(wday), 1, true) ~= nil end

-- Whether the rule of the day that began `sec` seconds ago holds now.
local function holds(rule, sec, wday, lead)
  local stop = rule.to > rule.from and rule.to or rule.to + 24
  return is_day(rule, wday) and sec >= rule.from * 3600 - lead and sec < stop * 3600
end

local function floor_at(rules, wall, lead)
  local floor = 0
  for _, rule in ipairs(rules) do
    local today = holds(rule, wall.sec, wall.wday, lead)
    local yesterday = holds(rule, wall.sec + DAY, (wall.wday - 2) % 7 + 1, lead)
    local tomorrow = holds(rule, wall.sec - DAY, wall.wday % 7 + 1, lead)
    if today or yesterday or tomorrow then floor = math.max(floor, rule.floor) end
  end
  return floor
end

return function(given)
  local rules, lead = read(given or {})
  return {
    on = { "start", "reload", "tick" },
    run = function(s)
      local wall = s.wall
      local floor = floor_at(rules, wall, lead)
      return { at_least = floor, wake = s.now + 15 - wall.sec % 15, -- on the quarter of a minute
        why = floor > 0 and ("the hour wants %g"):format(floor) or nil }
    end,
  }
end
