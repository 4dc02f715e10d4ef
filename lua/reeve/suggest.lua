--- The name that was probably meant, and sentences about names that do not exist.
local suggest = {}

-- Edits (insert, delete, replace, swap of neighbours) between two words.
local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local this = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      this[j] = math.min(last[j] + 1, this[j - 1] + 1, last[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        this[j] = math.min(this[j], before[j - 2] + 1)
      end
    end
    before, last = last, this
  end
  return last[#b]
end

--- The word of `names` (a set: name -> anything) nearest to `word`, or nil when none is near.
function suggest.nearest(word, names)
  if type(word) ~= "string" or #word > 64 then return nil end
  local best, least = nil, math.max(1, #word // 3) + 1
  for name in pairs(names) do
    if type(name) == "string" then
      local d = distance(word, name)
      if d < least or d == least and best and name < best then best, least = name, d end
    end
  end
  return best
end

--- "; did you mean 'x'?" or "".
function suggest.hint(word, names)
  local near = suggest.nearest(word, names)
  return near and ("; did you mean '%s'?"):format(near) or ""
end

return suggest
