--- Several listeners where a policy host has one tap: each is told what it has a method for, in order.
local NAMES = { "report", "note", "at", "sample", "turn", "asking", "voted", "broke", "decided" }

---@param list table[]
return function(list)
  local tap = {}
  for _, name in ipairs(NAMES) do
    local heard = {}
    for _, one in ipairs(list) do
      if one[name] then heard[#heard + 1] = one end
    end
    local first, second = heard[1], heard[2]
    assert(#heard <= 2, "a third listener: write a loop")
    tap[name] = function(_, ...)
      if first then first[name](first, ...) end
      if second then second[name](second, ...) end
    end
  end
  return tap
end
