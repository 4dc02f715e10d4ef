--- near: the name that was probably meant.
-- The rule is that of src/base/text.c (text_suggest): optimal string alignment distance, case
-- ignored, at most max(1, length / 3). This is for names that are not in the settings table.

local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local now = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      now[j] = math.min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        now[j] = math.min(now[j], before[j - 2] + 1)
      end
    end
    before, last = last, now
  end
  return last[#b]
end

--- The nearest of `names` (a list), the first in the alphabet where several are as near; or nil.
---@param word string
---@param names string[]
---@return string|nil
return function(word, names)
  if #word > 63 then return nil end
  local best, least = nil, math.max(1, #word // 3) + 1
  for _, name in ipairs(names) do
    local d = distance(word:lower(), name:lower())
    if d < least or (d == least and best and name < best) then best, least = name, d end
  end
  return best
end
