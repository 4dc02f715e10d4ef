--- Asking policies: each part of a service about the events it has a hook for, under a deadline. A part that fails
-- three times in a row is quarantined.
local entries = require "reeve.entries"
local facts = require "reeve.facts"
local frozen = require "reeve.frozen"
local vote = require "reeve.vote"

local asking = {}

local DEADLINE <const> = entries.DEADLINE
local FAILURES_MOST <const> = 3 -- in a row
local LOG_EVERY <const> = 60000 -- ms between two lines about one policy

local function complain(host, entry, part, message, kind)
  if part.complained and host.world.now - part.complained < LOG_EVERY then return end
  part.complained = host.world.now
  local what = kind == "deadline" and ("took longer than %d ms: %s"):format(DEADLINE, message) or message
  local who = entry.service and ("service %s: "):format(entry.name) or ""
  host.log.error("%spolicy %s: %s", who, part.path, what)
end

local function failed(host, entry, part, message, kind)
  message = type(message) == "string" and message or "(the error is a " .. type(message) .. ")"
  part.failures, part.failure = part.failures + 1, message
  complain(host, entry, part, message, kind)
  if part.failures >= FAILURES_MOST then host:quarantine(part.name, message) end
end

local function file(host, entry, part, checked)
  local now = host.world.now
  entry.shots[#entry.shots + 1] = { retire = checked.retire, kill = checked.kill }
  checked.retire, checked.kill = nil, nil
  local n = entry.service.n
  if not part.since or not vote.agree(part.vote, checked) then part.since = now end
  part.vote = vote.stamp(checked, now / 1000, part.vote, n.live - n.leaving)
  host.tap:voted(entry, part)
end

-- Inside the guard: what was answered may have metamethods. -> its checked form | nil: no answer | nil, sentence
local function answer_of(part, entry, event)
  local answer = part.run(entry.view, event, part.store.st)
  if answer == nil then return nil end
  return entry.check(answer)
end

--- Asks one part, of a service or between services (reeve.between), and files what it says.
function asking.ask(host, entry, part, event)
  (entry.service or entry).random = part.random
  if host.mark then host.mark(part.name) end
  host.tap:asking(entry, part)
  local ok, checked, wrong = host.guard.call(DEADLINE, answer_of, part, entry, event)
  entry.asked = true
  -- an answer of nil changes nothing, but for a wake that is over
  entry.was_asked = entry.was_asked or checked ~= nil or wrong ~= nil or event.kind == "tick"
  if not ok then -- then checked is the message and wrong its kind
    if wrong ~= "runtime" then host.tap:broke(entry, part, checked, wrong) end
    return failed(host, entry, part, checked, wrong)
  end
  if wrong then return failed(host, entry, part, wrong) end
  if checked then
    local take = entry.file or file
    take(host, entry, part, checked)
  end
  part.failures = 0
end

local function is_due(part, now)
  local wake = part.vote and part.vote.wake
  if not wake or wake * 1000 > now + 0.5 then return false end
  part.vote.wake = nil
  return true
end

local BEGINNINGS = { start = true, reload = true }

-- The events of this turn; after a beginning a tick follows.
local function events_of(entry)
  local events, begins = facts.events(entry.service), false
  for _, event in ipairs(events) do begins = begins or BEGINNINGS[event.kind] end
  if begins then
    facts.tell(entry.service, "tick")
    events[#events + 1] = facts.events(entry.service)[1]
  end
  return events, begins
end

local START, TICK = frozen.view({ kind = "start" }, "an event"), frozen.view({ kind = "tick" }, "an event")

-- A part that has never been asked begins with `start` and a tick, whatever the service is told.
local function wake_up(host, entry, part)
  part.fresh = false
  if not part.on or part.on.start then asking.ask(host, entry, part, START) end
  if not part.on or part.on.tick then asking.ask(host, entry, part, TICK) end
end

local function hears(host, part, event, begins)
  if part.open == false and not BEGINNINGS[event.kind] then return false end
  return event.kind ~= "tick" or begins or is_due(part, host.world.now)
end

-- only_while: the part is asked in this turn if the fact holds, or held at the last one.
local function look_at_gates(entry)
  for _, part in ipairs(entry.parts) do
    if part.only_while then
      local holds = entries.gate_holds(entry, part)
      part.open, part.held = holds or part.held or false, holds
    end
  end
end

-- Parts that have never been asked begin now, if they count. (Once all have begun there is nobody to look for.)
local function begin_fresh(host, entry)
  if entry.all_begun then return end
  local fresh = false
  for _, part in ipairs(entry.parts) do
    fresh = fresh or part.fresh
    part.waking = part.fresh and not part.dead and entries.is_active(entry, part)
  end
  entry.all_begun = not fresh
  for _, part in ipairs(entry.parts) do
    if part.waking then wake_up(host, entry, part) end
  end
end

--- Asks every part of a service that has something to hear in this turn.
function asking.all(host, entry)
  look_at_gates(entry)
  local events, begins = events_of(entry)
  begin_fresh(host, entry)
  for _, event in ipairs(events) do
    for _, part in ipairs(entry.ears[event.kind]) do
      local beginning = part.waking and (BEGINNINGS[event.kind] or event.kind == "tick")
      if not part.dead and not beginning and entries.is_active(entry, part) and hears(host, part, event, begins) then
        asking.ask(host, entry, part, event)
      end
    end
  end
end

return asking
