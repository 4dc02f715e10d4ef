--- The settings of a service that no config file has: defaults, and what is said, as config.load gives them.
local spec = require "reeve.spec"

local settings = {}

--- What differs from the defaults of a config: a pool of processes for one client each.
settings.USUAL = { contract = "reeve", client_limit = 1, process_limit = 100, idle_kill = "60s" }

local function text_of(value)
  if type(value) == "boolean" then return value and "true" or "false" end
  if math.type(value) == "float" and value % 1 == 0 then value = math.tointeger(value) end
  return tostring(value)
end

local function row_of(name)
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" and row.name == name and row.type ~= "policy" then return row end
  end
end

--- The canonical text of one setting, written as in a config -> nil and a sentence when there is none such.
function settings.canonical(name, value)
  if not row_of(name) then
    local near = spec.suggest("service", name)
    return nil, ("unknown setting '%s'%s"):format(name, near and ("; did you mean '%s'?"):format(near) or "")
  end
  local good, sentence = spec.parse("service", name, text_of(value))
  if good == nil then return nil, ("%s = %s: %s"):format(name, text_of(value), sentence) end
  return good
end

--- Adds `more` (as in a config) to canonical settings. -> true | nil, sentence
function settings.add(to, more)
  local names = {}
  for name in pairs(more) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local good, sentence = settings.canonical(name, more[name])
    if good == nil then return nil, sentence end
    to[name] = good
  end
  return true
end

--- Every setting of a service at its default, or at settings.USUAL.
function settings.defaults()
  local all = {}
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" and row.type ~= "policy" and row.default ~= "" then
      all[row.name] = assert(spec.parse("service", row.name, row.default))
    end
  end
  assert(settings.add(all, settings.USUAL))
  return all
end

return settings
