-- make fuzz-policies: random worlds for each policy of the library, alone and in every pair (tests/lua/library.lua).
--
--   FUZZ_WORLDS=100000   how many, spread evenly     FUZZ_SEED=1   where the seeds begin
--   FUZZ_ONLY=memory     the pairs that this one is in
--
-- Goes on after a failure, says each once a case, and exits with 1 when there was one.
local library = dofile "tests/lua/library.lua"

local WORLDS <const> = tonumber(os.getenv "FUZZ_WORLDS" or 100000)
local SEED <const> = math.tointeger(tonumber(os.getenv "FUZZ_SEED" or 1))

local cases, only = {}, os.getenv "FUZZ_ONLY"
for _, case in ipairs(library.cases()) do
  if not only or case[1] == only or case[2] == only then cases[#cases + 1] = case end
end
local rounds = math.ceil(WORLDS / 2 / #cases)
local worlds, failed, n_failed = 0, {}, 0

local function show()
  io.stderr:write(("\r%d worlds, seeds %d to %d, %d policies and pairs, %d failed, %.0f s of processor time")
    :format(worlds, SEED, SEED + rounds - 1, #cases, n_failed, os.clock()))
end

for round = 1, rounds do
  for i, case in ipairs(cases) do
    if not failed[i] then
      local ok, failure = pcall(library.play, case[1], case[2], SEED + round - 1)
      worlds = worlds + 2
      if not ok then
        failed[i], n_failed = true, n_failed + 1
        print("\n" .. tostring(failure))
      end
    end
  end
  show()
end
io.stderr:write "\n"
print(("%d worlds: %s"):format(worlds, n_failed == 0 and "nothing found" or n_failed .. " of the pairs failed"))
os.exit(n_failed == 0 and 0 or 1)
