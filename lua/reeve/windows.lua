--- Histories in 1 s buckets, 600 s long: of gauges (least, most, mean) and of counters (rate).
--
-- Only seconds in which something changed have a bucket; between two buckets the gauge had the value the later
-- one starts with. So a change costs O(1) and a quiet service nothing. Times are integer milliseconds.
-- A window of n seconds begins at a whole second, n to n+1 seconds ago.
local windows = {}

--- Seconds that are kept.
windows.KEPT = 600

local function new(at) return { first = 1, last = 0, sec = {}, born = at } end

local function forget(h, second, ...)
  while h.first < h.last and h.sec[h.first] < second - windows.KEPT - 1 do
    h.sec[h.first] = nil
    for i = 1, select("#", ...) do select(i, ...)[h.first] = nil end
    h.first = h.first + 1
  end
end

--- A gauge that has `value` since `now`.
function windows.gauge(value, now)
  local g = new(now)
  g.start, g.least, g.most, g.area = {}, {}, {}, {}
  g.value, g.at = value, now
  g.last, g.sec[1] = 1, now // 1000
  g.start[1], g.least[1], g.most[1], g.area[1] = value, value, value, 0
  return g
end

-- Accounts for the time since the last change, in the bucket of `now`.
local function advance(g, now)
  local second, i, value = now // 1000, g.last, g.value
  if g.sec[i] < second then
    local stop = (g.sec[i] + 1) * 1000
    if g.at < stop then g.area[i] = g.area[i] + value * (stop - g.at) end
    i = i + 1
    g.last, g.sec[i], g.at = i, second, second * 1000
    g.start[i], g.least[i], g.most[i], g.area[i] = value, value, value, 0
    forget(g, second, g.start, g.least, g.most, g.area)
  end
  if now > g.at then
    g.area[i] = g.area[i] + value * (now - g.at)
    g.at = now
  end
  return i
end

--- The gauge has `value` from `now` on. Time does not go back: an earlier `now` counts as the latest.
function windows.set(g, value, now)
  if value == g.value then return end
  local i = advance(g, now)
  g.value = value
  if value < g.least[i] then g.least[i] = value end
  if value > g.most[i] then g.most[i] = value end
end

local function extreme(field, pick)
  return function(g, seconds, now)
    local from, found = now // 1000 - math.ceil(seconds), g.value
    for i = g.last, g.first, -1 do
      if g.sec[i] < from then break end
      found = pick(found, g[field][i])
    end
    return found
  end
end

--- min(g, seconds, now), max(g, seconds, now): over the window, the value of now included.
windows.min = extreme("least", math.min)
windows.max = extreme("most", math.max)

--- The mean over the window, weighted by time.
function windows.avg(g, seconds, now)
  advance(g, now)
  local from = math.max((now // 1000 - math.ceil(seconds)) * 1000, g.born)
  if now <= from then return g.value + 0.0 end
  local area, edge = 0, now
  for i = g.last, g.first, -1 do
    local stop = (g.sec[i] + 1) * 1000
    if i < g.last and edge > math.max(stop, from) then
      area = area + g.start[i + 1] * (edge - math.max(stop, from))
    end
    edge = math.max(g.sec[i] * 1000, g.born)
    if edge < from then return area / (now - from) end
    area = area + g.area[i]
  end
  return (area + g.start[g.first] * (edge - from)) / (now - from)
end

--- The most the gauge had in each of the last n steps of so many whole seconds, oldest first; 0 before it was watched.
function windows.series(g, step, n, now)
  local list, after, i, begin = {}, g.value, g.last, now // 1000 + 1
  for at = n, 1, -1 do
    local most = after
    begin = begin - step
    while i >= g.first and g.sec[i] >= begin do
      most, after, i = math.max(most, g.most[i]), g.start[i], i - 1
    end
    list[at] = (begin + step) * 1000 > g.born and most or 0
  end
  return list
end

--- A counter that is watched since `now`.
function windows.counter(now)
  local c = new(now)
  c.sum = {}
  return c
end

--- n more, at `now`.
function windows.add(c, n, now)
  local second, i = now // 1000, c.last
  if i < c.first or c.sec[i] < second then
    i = i + 1
    c.last, c.sec[i], c.sum[i] = i, second, 0
    forget(c, second, c.sum)
  end
  c.sum[i] = c.sum[i] + n
end

--- How many there were in the window.
function windows.sum(c, seconds, now)
  local from, sum = now // 1000 - math.ceil(seconds), 0
  for i = c.last, c.first, -1 do
    if c.sec[i] < from then break end
    sum = sum + c.sum[i]
  end
  return sum
end

--- How many a second; a history younger than a second counts as one second long.
function windows.rate(c, seconds, now)
  local from = math.max((now // 1000 - math.ceil(seconds)) * 1000, c.born)
  return windows.sum(c, seconds, now) * 1000 / math.max(now - from, 1000)
end

return windows
