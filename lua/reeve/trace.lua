--- Traces: what the world does to services, apart from what we do about it. The simulator plays one against the
-- production pool and policies; a recording gives one for the question "what would another policy have done".
--
-- A trace is a table:
--
--   name       what reports call it
--   duration   seconds of virtual time; 0 is the start of the daemon
--   records    function(random) -> next: next() gives the next record, or nil at the end. `random()` gives numbers
--              in [0, 1) that depend on the seed alone; a recorded trace does not call it. next() may fill and return
--              the same table again: a record is read before the next one is asked for. What next() raises ends the
--              simulation with that message.
--   model      how the world answers; every field is optional (MODEL below has the defaults)
--   settings   of the service, as in a config ({ process_limit = 200, client_limit = 1 }): what a candidate does not
--              set itself
--   target     seconds a client may wait (0.2): the goodput counts who waited no longer
--
-- A record is a table { at = seconds, kind = ..., service = name }, with `at` never falling. `service` may be left
-- out where one service is simulated; records of services that are not simulated are skipped. The kinds:
--
--   client     somebody connects. stay: seconds that a process needs for him, known beforehand; patience: seconds
--              after which he leaves the queue (the model's); leak: bytes that he leaves in the process (the model's);
--              crash = true: the process dies with him, at a time within his stay; hostile = true: an attacker, who
--              takes a place but does not count for goodput and waits
--   crash      n (1) processes die by a signal: busy ones first, longest busy first
--   model      the fields of the model that are named change from now on (boot time, failing starts, ...): processes
--              that start later boot in `boot` seconds, and so on. How a recording tells boot times and growth
--   reload     the service gets a new generation
--   operator   verb: start, stop, restart, reset or scale; scale takes at_least, at_most, until (seconds of the trace)
--   host       other tenants of the machine: used (bytes), psi_full, psi_cpu (percent), load; each stays till the next
local trace = {}

--- The model: how processes, clients and the machine behave. Numbers are seconds and bytes.
trace.MODEL = {
  boot = 0.25,          -- from fork to ready, on the mean
  boot_spread = 0.2,    -- evenly within boot * (1 +- boot_spread)
  cpus = 8,             -- more processes than that booting at once slow each other down
  leave = 0.01,         -- how long an idle process takes to go when it is asked
  backlog = 511,        -- clients the listener's queue takes; the next one is dropped
  patience = math.huge, -- how long a client waits before he leaves
  retries = 0,          -- how often a client who was dropped comes again
  retry_delay = 5,      -- after so long, evenly within +- 50 %
  start_failure = 0,    -- share of starts that fail, after half their boot
  crash = 0,            -- share of clients whose process dies while it serves them
  memory = 30e6,        -- private bytes of a fresh process
  leak = 0,             -- bytes a process keeps of each client
  mem_total = 16e9,     -- of the machine; also the budget that the report holds a policy to
}

local POSITIVE = { cpus = true, mem_total = true }
local SHARES = { start_failure = true, crash = true, boot_spread = true }

--- The kinds of records and the fields of each, beside at, kind and service: name = type.
trace.KINDS = {
  client = { stay = "number", patience = "number", leak = "number", crash = "boolean",
    hostile = "boolean" },
  crash = { n = "number" },
  model = {},
  reload = {},
  operator = { verb = "string", at_least = "number", at_most = "number", ["until"] = "number" },
  host = { used = "number", psi_full = "number", psi_cpu = "number", load = "number" },
}
for name in pairs(trace.MODEL) do trace.KINDS.model[name] = "number" end

local suggest = require "reeve.suggest"

local function is_amount(value) return type(value) == "number" and value == value and value >= 0 end

--- Whether `value` will do for the field `name` of the model. -> true | nil, sentence
function trace.check_model(name, value)
  if trace.MODEL[name] == nil then
    return nil, ("a model has no field '%s'%s"):format(tostring(name), suggest.hint(tostring(name), trace.MODEL))
  end
  if not is_amount(value) then
    return nil, ("%s = %s: a number from 0 up is wanted"):format(name, tostring(value))
  end
  if SHARES[name] and value > 1 then return nil, ("%s = %g is a share: from 0 to 1"):format(name, value) end
  if POSITIVE[name] and value <= 0 then return nil, ("%s = %g must be above 0"):format(name, value) end
  return true
end

local function check_field(kind, name, value)
  local wanted = trace.KINDS[kind][name]
  if not wanted then
    return nil, ("a record of kind %s has no field '%s'%s"):format(kind, tostring(name),
      suggest.hint(tostring(name), trace.KINDS[kind]))
  end
  if kind == "model" then return trace.check_model(name, value) end
  if type(value) ~= wanted then
    return nil, ("%s = %s in a record of kind %s must be a %s"):format(name, tostring(value), kind, wanted)
  end
  if wanted == "number" and not is_amount(value) then
    return nil, ("%s = %s in a record of kind %s: a number from 0 up is wanted"):format(name, tostring(value), kind)
  end
  return true
end

local COMMON = { at = true, kind = true, service = true }

--- Whether a record is well formed. -> true | nil, sentence
function trace.check_record(record)
  if not trace.KINDS[record.kind] then
    return nil, ("there is no record of kind '%s'%s"):format(tostring(record.kind),
      suggest.hint(tostring(record.kind), trace.KINDS))
  end
  if not is_amount(record.at) then
    return nil, ("at = %s: seconds from the start of the trace are wanted"):format(tostring(record.at))
  end
  for name, value in next, record do
    if not COMMON[name] then
      local good, sentence = check_field(record.kind, name, value)
      if not good then return nil, sentence end
    end
  end
  if record.kind == "client" and not record.stay then return nil, "a client needs stay, in seconds" end
  if record.kind == "operator" and not record.verb then return nil, "an operator's record needs a verb" end
  return true
end

--- A checked trace with its model complete, or nil and a sentence. `t` is not changed.
function trace.new(t)
  local made = { name = t.name or "trace", duration = t.duration, records = t.records, target = t.target or 0.2,
    settings = t.settings or {}, model = {} }
  if not is_amount(made.duration) or made.duration <= 0 then
    return nil, ("duration = %s: a trace lasts a number of seconds above 0"):format(tostring(made.duration))
  end
  if type(made.records) ~= "function" then return nil, "a trace needs records = function(random) -> next" end
  for name, value in pairs(trace.MODEL) do made.model[name] = value end
  for name, value in pairs(t.model or {}) do
    local good, sentence = trace.check_model(name, value)
    if not good then return nil, sentence end
    made.model[name] = value
  end
  return made
end

--- A trace over a list of records that is there already, sorted by `at`.
function trace.of_list(t, list)
  local copy = {}
  for name, value in pairs(t) do copy[name] = value end
  copy.records = function()
    local i = 0
    return function()
      i = i + 1
      return list[i]
    end
  end
  return trace.new(copy)
end

return trace
