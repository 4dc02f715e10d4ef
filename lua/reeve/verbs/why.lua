--- reeve why SERVICE [--json]: the votes behind the present numbers.

local print = require "reeve.print"
local usage = require "reeve.usage"
local view = require "reeve.view"
local vote = require "reeve.vote"

local RECORD <const> = { "service", "live", "waiting", "process_limit", "throttled_for", "stopped", "waits_for",
  "quarantined",
  "override", "policies", "standing", "decided" }
local POLICY <const> = { "name", "state", "vote", "why", "unchanged_for", "failure" }
local BOUNDS <const> = { "at_least", "at_most", "spare", "shrink_to", "burst", "on_demand", "hold", "throttle", "mode" }

local UNITS <const> = { { 86400, "d" }, { 3600, "h" }, { 60, "min" } }

-- 200 s: "3 min". Two of a unit at least, so that it is never far off.
local function span(seconds)
  for _, unit in ipairs(UNITS) do
    if seconds >= 2 * unit[1] then return ("%d %s"):format(seconds // unit[1], unit[2]) end
  end
  return ("%d s"):format(seconds // 1)
end

-- ---- the record

-- In whole milliseconds: differences of times are not exact.
local function exact(seconds) return seconds and math.floor(seconds * 1000 + 0.5) / 1000 end

local function plain_vote(v)
  local bounds = {}
  for name, value in next, v or {} do
    if name ~= "why" and name ~= "wake" and name ~= "as_of" then bounds[name] = value end
  end
  local names = {}
  for name in next, bounds do names[#names + 1] = name end
  table.sort(names)
  return print.record(names, bounds)
end

local function policy_records(why, now)
  local list = {}
  for i, p in ipairs(why.policies) do
    list[i] = print.record(POLICY, { name = p.name, state = p.state, vote = p.vote and plain_vote(p.vote), why = p.why,
      unchanged_for = exact(p.since and now - p.since), failure = view.ILL[p.state] and p.failure or nil })
  end
  return list
end

local function override_record(o, now)
  if not o then return nil end
  return print.record({ "at_least", "at_most", "ends_in" }, { at_least = o.at_least, at_most = o.at_most,
    ends_in = exact(o["until"] and o["until"] - now) })
end

local function record_of(ctx, name)
  local s, why = ctx.host.services[name], ctx.host:why(name)
  local now = s.now
  return print.record(RECORD, { service = name, live = s.live, waiting = s.waiting,
    process_limit = s.settings.process_limit, throttled_for = exact(math.max(0, s.throttled_until - now)),
    stopped = s.stopped, waits_for = view.fact(s, "waits_for"), quarantined = why.quarantined,
    override = override_record(why.override, now),
    policies = policy_records(why, now), standing = plain_vote(why.vote),
    decided = print.record(BOUNDS, why.decided) }), why
end

-- ---- for people

local function is(v) return v ~= nil and v ~= print.null end

local function title(ctx, text) ctx.out("\n" .. print.style(text, "1", ctx.color) .. "\n") end

-- A vote of retire or kill acts once: what stands is shown.
local function policy_row(p, now)
  local state = p.state == "replaced" and "replaced" or nil
  if view.ILL[p.state] then state = p.state .. ": " .. (p.failure or "") end
  return { p.name, p.vote and vote.words(p.vote) or "-", p.since and span(now - p.since) or "-", state or p.why or "-" }
end

local function votes_part(ctx, why, now)
  local rows = {}
  for i, p in ipairs(why.policies) do rows[i] = policy_row(p, now) end
  local o = why.override
  if o then
    local ends = o["until"] and ("for %s more"):format(span(o["until"] - now)) or "until `reeve service scale … auto`"
    rows[#rows + 1] = { "operator", vote.words(o), "-", "set by an operator, " .. ends }
  end
  title(ctx, "votes")
  ctx.out(print.table({ "policy", "vote", "since", "why" }, rows, { width = ctx.width, color = ctx.color }))
end

local SHOWN <const> = {
  on_demand = function(b) return b and "yes" or "no" end,
  hold = function(t, now) return t > now and ("for %s"):format(span(t - now)) or "over" end,
  throttle = function(t) return vote.words { throttle = t }:gsub("^throttle=", "") end,
}

local function standing_part(ctx, why, now)
  local rows = {}
  for _, name in ipairs(BOUNDS) do
    local value = why.vote[name]
    if value ~= nil then
      local show = SHOWN[name] or value == vote.NO_LIMIT and function() return "unlimited" end or tostring
      rows[#rows + 1] = { name, (show(value, now)), table.concat(why.decided[name] or {}, ", ") }
    end
  end
  title(ctx, "standing order")
  if #rows == 0 then return ctx.out "  nothing: no process is started, none is let go\n" end
  ctx.out(print.table({ "bound", "value", "decided by" }, rows, { width = ctx.width, color = ctx.color }))
end

-- What no vote can pass.
local function limits_part(ctx, r)
  local lines = {}
  if r.stopped == true then lines[#lines + 1] = ("it is stopped, until `reeve service start %s`"):format(r.service) end
  if is(r.waits_for) then
    lines[#lines + 1] = ("it starts when %s is up (after, requires)"):format(r.waits_for)
  end
  if r.throttled_for > 0 then
    lines[#lines + 1] = ("starts failed: the next one is in %s at the earliest"):format(span(r.throttled_for))
  end
  if r.live >= r.process_limit then lines[#lines + 1] = ("process_limit = %d is reached"):format(r.process_limit) end
  if is(r.quarantined) then
    lines[#lines + 1] = ("its own policies are taken out, until a reload or `reeve service reset %s`"):format(r.service)
  end
  if #lines == 0 then return end
  title(ctx, "held back")
  for _, line in ipairs(lines) do ctx.out("  " .. line .. "\n") end
end

return function(ctx, args)
  local given, words = usage.read(ctx, "why", { ["--json"] = true }, args)
  if not given then return words end
  local name = words[1]
  if not name or #words > 1 then return usage.wrong(ctx, "why", "it takes the name of one service") end
  if not view.definition(ctx, name) then return usage.say(ctx, "why", view.unknown(ctx, name)) end
  local r, why = record_of(ctx, name)
  if ctx.json or given.json then
    ctx.out(print.json(r) .. "\n")
    return 0
  end
  local s = ctx.host.services[name]
  ctx.out(("%s: %d live, %d clients wait\n"):format(print.style(name, "1", ctx.color), s.live, s.waiting))
  votes_part(ctx, why, s.now)
  standing_part(ctx, why, s.now)
  limits_part(ctx, r)
  return 0
end
