-- budget: shares processes and memory out between services, as ceilings. Use it as settings { policy = budget {...} }.
--
-- Weighted max-min fairness (Bertsekas and Gallager) with reserves: every service gets what it needs as long as all
-- fit; else those that need most are cut, in proportion to their weights, until all fit. A reserve is a part that
-- others cannot take. What nobody needs is shared out too, so that a burst need not wait. Who is above his share while
-- another is short of his lets processes finish their clients and go; until then the other grows into what is free.
--
-- options: processes (a count) and mem ("24G" or bytes, by what a process of the service has for itself on average),
-- one of them at least; reserve = { imap = 20 } (processes), weight = { imap = 3 } (without: 1)
local ROWS = { processes = { nil, 1, whole = true }, mem = { nil, 1, bytes = true } }

local function check_all(what, list, least)
  for name, n in pairs(list) do
    local good = type(n) == "number" and n >= least
    if not good then error(("budget: %s of %s: a number from %g"):format(what, name, least), 0) end
  end
  return list
end

local function read(given)
  local numbers, sum = {}, 0
  for name, value in pairs(given) do
    if name ~= "reserve" and name ~= "weight" then numbers[name] = value end
  end
  local o = options("budget", numbers, ROWS)
  if not (o.processes or o.mem) then error("budget: say processes, mem, or both", 0) end
  o.reserve, o.weight = check_all("reserve", given.reserve or {}, 0), check_all("weight", given.weight or {}, 0.001)
  for _, n in pairs(o.reserve) do sum = sum + n end
  if sum > (o.processes or sum) then error("budget: the reserves are more than all processes", 0) end
  return o
end

-- What a service wants now: its floors, its clients, and a process for each client_limit of those that wait.
local function need_of(s)
  local taken, floors, settings = s.busy and s.live - s.avail or s.live, s.standing, s.settings
  local waiting = math.ceil(s.waiting / math.max(1, settings.client_limit))
  return math.min(math.max(floors.at_least or 0, taken + math.max(floors.spare or 0, waiting)), settings.process_limit)
end

-- item.share between low(item) and high(item), as equal by weight as `total` allows.
local function fill(list, total, low, high)
  local from, to, rest = 0, 1, total
  for _, i in ipairs(list) do
    i.low = low(i)
    i.high = math.max(i.low, high(i))
    to = math.max(to, i.high / i.weight)
  end
  for _ = 1, 50 do -- the level at which all is given away
    local level, sum = (from + to) / 2, 0
    for _, i in ipairs(list) do sum = sum + i.price * math.max(i.low, math.min(i.high, i.weight * level)) end
    if sum <= total then from = level else to = level end
  end
  for _, i in ipairs(list) do
    i.share = math.max(i.low, math.min(i.high, (i.weight * from + 1e-6) // 1))
    rest = rest - i.share * i.price
  end
  repeat -- and what rounding has left, to the one who has least
    local least
    for _, i in ipairs(list) do
      local fits = i.share + 1 <= i.high and i.price <= rest + 1e-6
      if fits and (not least or (i.share + 1) / i.weight < (least.share + 1) / least.weight) then least = i end
    end
    if least then least.share, rest = least.share + 1, rest - least.price end
  until not least
end

-- How many processes each may have, draining ones included: item.most.
local function allow(list, total)
  fill(list, total, function(i) return i.reserve end, function(i) return i.need end)
  fill(list, total, function(i) return i.share end, function(i) return i.limit end)
  local free = total
  for _, i in ipairs(list) do free, i.fair = free - i.have * i.price, i.share end
  fill(list, math.max(free, 0), function(i) return math.max(0, i.reserve - i.have) end,
    function(i) return i.fair - i.have end)
  local short = -free
  for _, i in ipairs(list) do
    i.most = math.min(i.most or math.huge, math.min(i.have, i.fair) + i.share)
    short = short + (math.max(0, math.min(i.fair, i.need) - i.have) - i.draining) * i.price
  end
  for _, i in ipairs(list) do -- of whom it is to come
    local n = math.min(i.have - i.draining - i.fair, i.price > 0 and math.ceil(short / i.price) or 0)
    if n > 0 then i.go, short = math.max(i.go or 0, n), short - n * i.price end
  end
end

-- The first n that do not go yet.
local function retire(s, n)
  local ids = {}
  for _, p in ipairs(s.processes) do
    if n > 0 and p.state ~= "draining" then ids[p.id], n = false, n - 1 end
  end
  return ids
end

return function(given)
  local o = read(given or {})
  return { name = "budget", global = true, run = function(s)
    local list, votes, sum, n = {}, {}, 0, 0
    for name, p in pairs(s.services) do
      list[#list + 1] = { name = name, need = need_of(p), limit = p.settings.process_limit, have = p.live + p.draining,
        draining = p.draining, reserve = o.reserve[name] or 0, weight = o.weight[name] or 1,
        size = p.private_mean or 0 }
      if p.private_mean then sum, n = sum + p.private_mean, n + 1 end
    end
    for _, i in ipairs(list) do i.price = i.size > 0 and i.size or n > 0 and sum / n or 0 end -- unknown: as the others
    if o.mem and n > 0 then allow(list, o.mem) end
    for _, i in ipairs(list) do i.price = 1 end
    if o.processes then allow(list, o.processes) end
    for _, i in ipairs(list) do
      if i.most then
        votes[i.name] = { at_most = math.max(0, i.most - i.draining), why = ("its share is %d"):format(i.fair),
          retire = i.go and retire(s.services[i.name], i.go) or nil }
      end
    end
    return votes
  end }
end
