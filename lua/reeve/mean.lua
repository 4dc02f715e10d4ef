--- Running means: of boot times, of the times of clients. The weight of a new sample is 1/64, after the first 64.
local mean = {}

local SAMPLES <const> = 64

--- A mean of nothing yet.
function mean.new() return { n = 0, mean = 0, square = 0 } end

--- One more sample.
function mean.add(m, x)
  m.n = math.min(m.n + 1, SAMPLES)
  local weight = 1 / m.n
  m.mean = m.mean + (x - m.mean) * weight
  m.square = m.square + (x * x - m.square) * weight
end

--- The mean, or nil before the first sample.
function mean.of(m) if m.n > 0 then return m.mean end end

--- The squared coefficient of variation, or nil before the second sample.
function mean.cv2(m)
  if m.n < 2 or m.mean <= 0 then return nil end
  return math.max(0, m.square / (m.mean * m.mean) - 1)
end

return mean
