-- hours: a floor by the clock, raised early so that it is warm on the hour. (KEDA's cron scaler, as a floor only: it
-- never holds the pool down, so it cannot fight with demand.)
--
-- options: a list of { days = "12345", from = 8, to = 18, floor = 20 } and lead = 120 (seconds). Days are counted from
-- Monday = 1 (without days: all), hours of local time may have fractions, and `to` before `from` is the next
-- morning. Of rules that overlap the highest floor counts.
local DAY <const> = 86400

local function check(options)
  for i, rule in ipairs(options) do
    for _, name in ipairs { "from", "to", "floor" } do
      if type(rule[name]) ~= "number" then
        error(("hours: rule %d needs %s, a number"):format(i, name), 3)
      end
    end
    if rule.from < 0 or rule.from >= 24 or rule.to < 0 or rule.to > 24 then
      error(("hours: rule %d: from %g to %g are not hours of a day"):format(i, rule.from, rule.to), 3)
    end
    if rule.days and not tostring(rule.days):find "^[1-7]+$" then
      error(("hours: rule %d: days = %q: digits from 1 (Monday) to 7, such as \"12345\""):format(i, rule.days), 3)
    end
  end
end

local function is_day(rule, wday) return not rule.days or tostring(rule.days):find(tostring(wday), 1, true) ~= nil end

-- Whether the rule of the day that began `sec` seconds ago holds now.
local function holds(rule, sec, wday, lead)
  local stop = rule.to > rule.from and rule.to or rule.to + 24
  return is_day(rule, wday) and sec >= rule.from * 3600 - lead and sec < stop * 3600
end

local function floor_at(options, wall, lead)
  local floor = 0
  for _, rule in ipairs(options) do
    local today = holds(rule, wall.sec, wall.wday, lead)
    local yesterday = holds(rule, wall.sec + DAY, (wall.wday - 2) % 7 + 1, lead)
    local tomorrow = holds(rule, wall.sec - DAY, wall.wday % 7 + 1, lead)
    if today or yesterday or tomorrow then floor = math.max(floor, rule.floor) end
  end
  return floor
end

return function(options)
  options = options or {}
  check(options)
  local lead = options.lead or 120
  return {
    on = { "start", "reload", "tick" },
    run = function(s)
      local wall = s.wall
      local floor = floor_at(options, wall, lead)
      return { at_least = floor, wake = s.now + 15 - wall.sec % 15, -- on the quarter of a minute
        why = floor > 0 and ("the hour wants %g"):format(floor) or nil }
    end,
  }
end
