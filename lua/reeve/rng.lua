--- Random numbers that depend on nothing but their seed: splitmix64 (Steele, Lea, Flood 2014).
local rng = {}

local STEP <const> = 0x9E3779B97F4A7C15

local function mix(z)
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return z ~ (z >> 31)
end

--- A seed (64 bits) made of integers and texts: the same parts give the same seed (FNV-1a over the texts).
function rng.seed(...)
  local hash = 0xCBF29CE484222325
  for i = 1, select("#", ...) do
    local part = tostring((select(i, ...)))
    for j = 1, #part do hash = (hash ~ part:byte(j)) * 0x100000001B3 end
    hash = mix(hash + STEP)
  end
  return hash
end

--- The next number in [0, 1) of a generator, which is a table { state = seed }.
function rng.next(generator)
  generator.state = generator.state + STEP
  return (mix(generator.state) >> 11) * 2.0 ^ -53
end

--- One number in [0, 1) for a seed.
function rng.once(seed) return (mix(seed + STEP) >> 11) * 2.0 ^ -53 end

return rng
