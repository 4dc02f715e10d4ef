--- What the policy host keeps over the engine's death and over a reload: st, standing votes, random numbers,
-- quarantines and what operators set. Keyed by the service's name and the policy's path, so that a reload finds
-- its own again.
--
-- The whole is a state text { generation, services = { [name] = text } }; each service's text is made anew only
-- when somebody of it was asked.
local entries = require "reeve.entries"
local state = require "reeve.state"
local vote = require "reeve.vote"

local policystate = {}

local FORMAT <const> = 1

-- An st that cannot be kept is said once; what was kept before stays.
local function store_text(host, entry, store)
  local text, sentence = state.encode(store.st)
  if text then
    store.text, store.refused = text, nil
  elseif store.refused ~= sentence then
    store.refused = sentence
    host.log.error("service %s: policy %s: its state is not kept: %s", entry.name, store.path, sentence)
  end
  return store.text
end

local function service_text(host, entry)
  local kept = { stores = {}, parts = {}, quarantined = entry.quarantined, culprit = entry.culprit,
    override = entry.service.override }
  for _, part in ipairs(entry.parts) do
    local store = part.store
    if not kept.stores[store.path] then
      kept.stores[store.path] = { version = store.version, text = store_text(host, entry, store) }
    end
    kept.parts[part.path] = { vote = part.vote, random = part.random.state, dead = part.dead, since = part.since,
      fresh = part.fresh }
  end
  return assert(state.encode(kept))
end

-- Votes between services are not kept: they are made anew at once.
local function group_state(host)
  local kept = { stores = {}, random = {} }
  for _, part in ipairs(host.between and host.between.parts or {}) do
    local store = part.store
    kept.stores[store.path] = { version = store.version, text = store_text(host, host.between, store) }
    kept.random[part.path] = part.random.state
  end
  return kept
end

--- The text of everything a host keeps.
function policystate.save(host)
  local services = {}
  for _, entry in ipairs(host.entries) do
    if entry.asked or not entry.text then
      entry.text, entry.asked = service_text(host, entry), false
    end
    services[entry.name] = entry.text
  end
  return assert(state.encode { format = FORMAT, generation = host.world.generation, services = services,
    between = group_state(host) })
end

---- and back

local function restored_vote(kept)
  if type(kept) ~= "table" then return nil end
  local as_of, plain = kept.as_of, {}
  for name, value in next, kept do plain[name] = value end
  plain.as_of = nil
  local checked = vote.check(plain)
  if checked and checked.shrink_to and type(as_of) == "number" then checked.as_of = as_of end
  return checked
end

-- The st of an older version goes through the policy's migrate; without one it starts afresh.
local function restore_store(host, entry, store, kept)
  local st = type(kept.text) == "string" and state.decode(kept.text)
  if type(st) ~= "table" then return false end
  if kept.version ~= store.version then
    if not store.migrate then return false end
    local ok, new = host.guard.call(entries.DEADLINE, store.migrate, st, kept.version)
    if not ok or type(new) ~= "table" then
      host.log.error("service %s: policy %s: migrate from version %s: %s", entry.name, store.path,
        tostring(kept.version), ok and "it returned no table" or tostring(new))
      return false
    end
    st = new
  end
  store.st = st
  return true
end

local function restore_part(host, entry, part, kept)
  local mine, store = kept.parts[part.path], part.store
  if type(mine) ~= "table" or mine.fresh then return end
  if store.restored == nil then
    store.restored = restore_store(host, entry, store, kept.stores[store.path] or {})
  end
  if not store.restored then return end
  part.vote, part.fresh, part.since = restored_vote(mine.vote), false, mine.since
  if math.type(mine.random) == "integer" then part.random.state = mine.random end
  if type(mine.dead) == "string" then part.dead, entry.unsafe = mine.dead, true end
end

local function restore_service(host, entry, text)
  local kept = type(text) == "string" and state.decode(text)
  if type(kept) ~= "table" or type(kept.parts) ~= "table" or type(kept.stores) ~= "table" then return end
  for _, part in ipairs(entry.parts) do restore_part(host, entry, part, kept) end
  if type(kept.quarantined) == "string" and not entry.quarantined then
    entry.quarantined, entry.culprit = kept.quarantined, type(kept.culprit) == "string" and kept.culprit or nil
  end
  if type(kept.override) == "table" then entry.service.override = kept.override end
  entry.changed = true
end

local function restore_group(host, kept)
  if type(kept) ~= "table" or type(kept.stores) ~= "table" or type(kept.random) ~= "table" then return end
  for _, part in ipairs(host.between and host.between.parts or {}) do
    local store, random = part.store, kept.random[part.path]
    if not store.restored then
      store.restored = restore_store(host, host.between, store, kept.stores[store.path] or {})
    end
    if math.type(random) == "integer" then part.random.state = random end
  end
end

-- A quarantine lasts until the next reload: the same generation still has it.
local function lift_old(host)
  if not host.kept_generation or host.world.generation == 0 then return end
  if host.kept_generation ~= host.world.generation then
    for _, entry in ipairs(host.entries) do
      if entry.restored_quarantine then host:lift(entry.name) end
    end
  end
  host.kept_generation = nil
end

--- Takes back what save wrote; nil and a sentence when it is no such text.
function policystate.restore(host, text)
  local kept, sentence = state.decode(text)
  if type(kept) ~= "table" then return nil, sentence or "saved state is no table" end
  if kept.format ~= FORMAT or type(kept.services) ~= "table" then return nil, "saved state is of another format" end
  for _, entry in ipairs(host.entries) do
    local before = entry.quarantined
    restore_service(host, entry, kept.services[entry.name])
    entry.restored_quarantine = before == nil
  end
  restore_group(host, kept.between)
  host.kept_generation = kept.generation
  lift_old(host)
  return true
end

--- Called at report `begin`, when the generation is known.
function policystate.begin(host) lift_old(host) end

return policystate
