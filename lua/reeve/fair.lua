--- Weighted max-min fairness (Bertsekas and Gallager): `total` shared out among items, each with a weight and
-- a price. Everybody's share rises in proportion to his weight until he has enough (high) or all is given away; nobody
-- has less than low. Shares are whole; what rounding leaves goes to those who have least. Policies know it as
-- fair_shares.

local function clamp(n, item) return math.max(item.low, math.min(item.high, n)) end

-- The level at which all is given away: the share of an item is weight × level, between low and high. What is given
-- rises with the level, along lines that bend where an item leaves its low or meets its high.
local function level_of(list, total)
  local bends, given, slope, level = {}, 0, 0, 0
  for _, item in ipairs(list) do
    local steep = item.price * item.weight
    given = given + item.price * item.low
    bends[#bends + 1] = { at = item.low / item.weight, steeper = steep }
    bends[#bends + 1] = { at = item.high / item.weight, steeper = -steep }
  end
  table.sort(bends, function(a, b) return a.at < b.at end)
  for _, bend in ipairs(bends) do
    local more = slope * (bend.at - level)
    if given + more > total then return slope > 0 and level + math.max(0, total - given) / slope or level end
    given, level, slope = given + more, bend.at, slope + bend.steeper
  end
  return math.huge
end

local function by_rounding(list, rest)
  repeat
    local least
    for _, item in ipairs(list) do
      local fits = item.share + 1 <= item.high and item.price <= rest + 1e-6
      if fits and (not least or (item.share + 1) / item.weight < (least.share + 1) / least.weight) then
        least = item
      end
    end
    if least then least.share, rest = least.share + 1, rest - least.price end
  until not least
end

--- Sets item.share, from low(item) to high(item), of all in `list`; an item has `weight` (above 0) and `price`, what
-- one of it takes of `total`. When the lows are more than there is, everybody has his low.
return function(list, total, low, high)
  for _, item in ipairs(list) do
    item.low = low(item)
    item.high = math.max(item.low, high(item))
  end
  local level, rest = level_of(list, total), total
  for _, item in ipairs(list) do
    item.share = clamp((item.weight * level + 1e-6) // 1, item)
    rest = rest - item.share * item.price
  end
  by_rounding(list, rest)
end
