-- budget: shares processes and memory out between services, as ceilings. Use it as settings { policy = budget {...} }.
--
-- Weighted max-min fairness (Bertsekas and Gallager) with reserves: every service gets what it needs as long as all
-- fit; else those that need most are cut, in proportion to their weights, until all fit. A reserve is a part that
-- others cannot take. What nobody needs is shared out too, so that a burst need not wait. Who is above his share while
-- another is short of his lets processes finish their clients and go; until then the other grows into what is free.
--
-- options: processes (a count) and mem ("24G" or bytes, by what a process of the service has for itself on average),
-- one of them at least; reserve = { imap = 20 } (processes), weight = { imap = 3 } (without: 1)
local ROWS = { processes = { nil, 1, whole = true }, mem = { nil, 1, bytes = true },
  reserve = { nil, 0, each = true }, weight = { nil, 0.001, each = true } }

local function read(given)
  local o, sum = options("budget", given, ROWS), 0
  if not (o.processes or o.mem) then error("budget: say processes, mem, or both", 0) end
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

local function items(o, s)
  local list = {}
  for name, p in pairs(s.services) do
    list[#list + 1] = { name = name, need = need_of(p), limit = p.settings.process_limit, have = p.live + p.draining,
      draining = p.draining, reserve = o.reserve[name] or 0, weight = o.weight[name] or 1, size = p.private_mean }
  end
  return list
end

-- item.price = what a process takes: its memory (where it is not known yet, that of the others), or 1. Whether one has.
local function set_prices(list, by_memory)
  local sum, n = 0, 0
  for _, i in ipairs(list) do
    if i.size then sum, n = sum + i.size, n + 1 end
  end
  for _, i in ipairs(list) do i.price = not by_memory and 1 or i.size or n > 0 and sum / n or 0 end
  return not by_memory or sum > 0
end

-- How many processes each may have, draining ones included (item.most), and how many are to go for others (item.go).
local function allow(list, total)
  fair_shares(list, total, function(i) return i.reserve end, function(i) return i.need end)
  fair_shares(list, total, function(i) return i.share end, function(i) return i.limit end)
  local free = total
  for _, i in ipairs(list) do free, i.fair = free - i.have * i.price, i.share end
  local short = -free
  fair_shares(list, math.max(free, 0), function(i) return math.max(0, i.reserve - i.have) end,
    function(i) return i.fair - i.have end)
  for _, i in ipairs(list) do
    i.most = math.min(i.most or math.huge, math.min(i.have, i.fair) + i.share)
    short = short + (math.max(0, math.min(i.fair, i.need) - i.have) - i.draining) * i.price
  end
  for _, i in ipairs(list) do
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
  local o = read(given)
  return { name = "budget", global = true, run = function(s)
    local list, votes = items(o, s), {}
    if o.mem and set_prices(list, true) then allow(list, o.mem) end
    if o.processes and set_prices(list, false) then allow(list, o.processes) end
    for _, i in ipairs(list) do
      if i.most then
        votes[i.name] = { at_most = math.max(0, i.most - i.draining), why = ("its share is %d"):format(i.fair),
          retire = i.go and retire(s.services[i.name], i.go) or nil }
      end
    end
    return votes
  end }
end
