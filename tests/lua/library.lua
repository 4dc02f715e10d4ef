-- The library as random worlds meet it: each policy of policies/ with options that make it act in small pools, alone
-- and in pairs, added to the built-ins or instead of them, in services of many shapes. For policy_fuzz_spec.lua and
-- for `make fuzz-policies`.
local T = require "reeve.test"
local combinators = require "reeve.combinators"
local rng = require "reeve.rng"

local library = {}

-- What is asked about one service; budget, between services, stands beside each of them.
local OPTIONS = {
  apache_prefork = { min_spare = 2, max_spare = 4, start_servers = 2 }, breaker = { fails = 2 }, erlang = {},
  fpm_dynamic = { min_spare = 2, max_spare = 4 }, fpm_ondemand = {}, fpm_static = { max_children = 3 },
  hours = { { from = 0, to = 12, floor = 4 } }, hung = { after = 5 }, hybrid = { memory = { soft = "2M" } },
  idle_kill = {}, knative = {}, max_requests = { n = 3 }, memory = { soft = "2M" }, min_avail = {}, on_demand = {},
  rolling = {}, throttle = {}, uwsgi_backlog = {}, uwsgi_busyness = {}, uwsgi_spare = {},
}
local BUDGET = { processes = 9, reserve = { test = 2 }, weight = { other = 2 } }

--- The names of all files of policies/, sorted.
function library.files()
  local names = {}
  for file in io.popen "ls policies":lines() do names[#names + 1] = file:match "^(.*)%.lua$" end
  table.sort(names)
  return names
end

--- The names of those with options here, sorted.
function library.names()
  local names = { "budget" }
  for name in pairs(OPTIONS) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local SHAPES = {
  process_limit = { 1, 2, 3, 6, 6, 12 }, client_limit = { 1, 1, 3 }, service_count = { 0, 0, 1, 5 },
  process_min_avail = { 0, 0, 1, 3 }, idle_kill = { "60s", "5s", "never" },
  contract = { "reeve", "reeve", "reeve", "systemd" },
  boot = { "0s", "200ms", "3s" }, leave = { "0s", "1s" },
}
local SHAPE_NAMES = {}
for name in pairs(SHAPES) do SHAPE_NAMES[#SHAPE_NAMES + 1] = name end
table.sort(SHAPE_NAMES)

local function shape(random)
  local settings = {}
  for _, name in ipairs(SHAPE_NAMES) do
    local choices = SHAPES[name]
    settings[name] = choices[1 + math.floor(rng.next(random) * #choices)]
  end
  if settings.contract ~= "reeve" then settings.client_limit, settings.service_count = 1, 0 end
  settings.process_min_avail = math.min(settings.process_min_avail, settings.process_limit)
  return settings
end

--- Random worlds (2) of one shape for policies a and b (nil: a alone). Raises what T.fuzz raises, with the shape.
function library.play(a, b, seed, worlds)
  local random = { state = rng.seed("shape", a, b or "", seed) }
  local list, options = {}, shape(random)
  for _, name in ipairs { a, b } do
    if OPTIONS[name] then list[#list + 1] = T.policy(name)(OPTIONS[name]) end
  end
  if a == "budget" or b == "budget" then
    options.between = T.policy "budget"(BUDGET)
    options.peers = { other = { process_min_avail = 1, process_limit = 6 } }
  end
  local instead = #list > 0 and rng.next(random) < 0.5
  options.worlds, options.deeds, options.fuzz_seed = worlds or 2, 16, seed
  local ok, failure = pcall(T.fuzz, instead and combinators.only(list) or list, options)
  if ok then return end
  local words = {}
  for _, name in ipairs(SHAPE_NAMES) do words[#words + 1] = ("%s = %s"):format(name, options[name]) end
  error(("%s, seed %d%s: %s\n  of: %s"):format(b and a .. " with " .. b or a, seed, instead and " (only)" or "",
    failure, table.concat(words, ", ")), 0)
end

--- All policies alone, and all pairs: a list of { a, b or nil }.
function library.cases()
  local names, list = library.names(), {}
  for i, a in ipairs(names) do
    list[#list + 1] = { a }
    for j = i + 1, #names do list[#list + 1] = { a, names[j] } end
  end
  return list
end

return library
