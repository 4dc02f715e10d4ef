--- What policy files may use besides the sandbox's own words: the combinators, `options`, `fair_shares` (reeve.fair),
-- and each other.
local combinators = require "reeve.combinators"
local suggest = require "reeve.suggest"

local policywords = {}

local UNITS <const> = { K = 1 << 10, M = 1 << 20, G = 1 << 30 }

local function in_bytes(value)
  local digits, unit = tostring(value):match "^(%d+%.?%d*)([KMG])$"
  return digits and tonumber(digits) * UNITS[unit] or value
end

local function wanted(row)
  local what = row.bytes and "bytes, or a text such as \"250M\"" or row.whole and "a whole number" or "a number"
  if row[3] then return ("%s from %g to %g"):format(what, row[2], row[3]) end
  return row[2] > 0 and ("%s of at least %g"):format(what, row[2]) or what .. " that is not below 0"
end

local function number(name, key, value, row)
  local n = row.bytes and in_bytes(value) or value
  local fits = type(n) == "number" and n >= row[2] and n <= (row[3] or math.huge) and (not row.whole or n % 1 == 0)
  if not fits then error(("%s: %s = %s: %s is needed"):format(name, key, tostring(value), wanted(row)), 0) end
  return n
end

-- A table of such numbers: { NAME = number }.
local function each_number(name, key, value, row)
  if type(value) ~= "table" then
    local example = math.max(row[2], 1)
    error(("%s: %s is a table such as { imap = %g }, not %s"):format(name, key, example, tostring(value)), 0)
  end
  local numbers = {}
  for of, n in next, value do numbers[of] = number(name, ("%s of %s"):format(key, tostring(of)), n, row) end
  return numbers
end

--- The options of a policy: options("breaker", given, { fails = { 5, 1 }, … }) -> a table with a value for each row.
-- A row is { default or nil, least, most or nil, whole = true, bytes = true ("250M" is taken, too), each = true (a
-- table of such numbers by names; without it, an empty one) }; all are numbers.
-- `list` names what given[1] is, so that hung { 300 } is hung { after = 300 }. An unknown, missing or wrong one raises
-- a sentence with the policy's name.
function policywords.options(name, given, rows, list)
  if given == nil then given = {} end
  if type(given) ~= "table" then error(("%s: the options are a table, not %s"):format(name, tostring(given)), 0) end
  local o = {}
  for key, value in next, given do
    if key == 1 and list then key = list end
    if not rows[key] then
      error(("%s: there is no option '%s'%s"):format(name, tostring(key), suggest.hint(key, rows)), 0)
    end
    o[key] = (rows[key].each and each_number or number)(name, key, value, rows[key])
  end
  for key, row in next, rows do
    if o[key] == nil then o[key] = row.each and {} or row[1] end
  end
  return o
end

--- The words; `load(name)` -> the constructor of another policy file, or nil.
function policywords.new(load)
  local words = { options = policywords.options, fair_shares = require "reeve.fair" }
  for name, word in next, combinators.WORDS do words[name] = word end
  return setmetatable(words, { __index = function(_, name) return (load(name)) end })
end

return policywords
