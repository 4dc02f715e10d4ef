--- reeve service start|stop|restart|drain|reset NAME [--wait], service scale NAME 4..12 [--for 2h] | auto: tell a
-- running instance what to do with a service.

local operate = require "reeve.operate"
local progress_of = require "reeve.progress"
local suggest = require "reeve.suggest"
local usage = require "reeve.usage"
local view = require "reeve.view"

local VERBS = operate.VERBS
local DONE = {
  start = "service '%s' is started",
  stop = "service '%s' is stopped: its listeners are closed, its processes finish their clients",
  drain = "the processes of service '%s' finish their clients and go",
  reset = "throttle, breaker and quarantine of service '%s' are lifted",
}
local GONE = {
  stop = "service '%s' is stopped: no process is left",
  drain = "the processes that service '%s' had are gone",
}

local function wrong(ctx, sentence) return usage.say(ctx, "service", sentence) end

local function misused(ctx, sentence) return usage.wrong(ctx, "service", sentence) end

local function wrong_verb(ctx, word)
  if not word then return misused(ctx, "what, and to which service?") end
  return misused(ctx, ("unknown '%s'%s"):format(word, suggest.hint(word,
    { "start", "stop", "restart", "drain", "reset", "scale" })))
end

-- Looks now and at every turn, until `look` gives an exit code. What else it returns is shown: a text, how many of the
-- things that must go are left.
local function watch(ctx, look)
  local show, most = progress_of.new(ctx), 0
  local function again()
    local code, text, left = look(show)
    most = math.max(most, left or 0)
    if code then return code end
    show(text, most - (left or 0), most)
  end
  return again() or ctx.wait("turn", again)
end

-- Ends when all the processes it has now are gone.
local function until_gone(ctx, name, verb)
  local there = {}
  local s = ctx.host.services[name]
  for _, p in ipairs(s.processes) do there[p.id] = true end
  return watch(ctx, function(show)
    local left, clients = 0, 0
    for _, p in ipairs(s.processes) do
      if there[p.id] then left, clients = left + 1, clients + (view.fact(p, "clients") or 0) end
    end
    if left > 0 then
      return nil, ("%s: %d processes with %d clients are still there"):format(name, left, clients), left
    end
    show()
    ctx.out(GONE[verb]:format(name) .. "\n")
    return 0
  end)
end

-- How many processes of older generations still take clients (or, with `wait`, have some), and how many new ones are
-- not up yet.
local function progress(s, wait)
  local old, fresh = 0, 0
  for _, p in ipairs(s.processes) do
    if (wait or p.state ~= "draining") and p.generation < s.generation then old = old + 1 end
    if p.state == "starting" and p.generation == s.generation then fresh = fresh + 1 end
  end
  return old, fresh
end

-- Why nobody will replace the processes: the policy that does it was taken out. nil: it works.
local function nobody_rolls(ctx, name)
  for _, p in ipairs(view.policies(ctx, name)) do
    if p.name:find "rolling$" and p.state == "quarantined" then return p.why or "it failed" end
  end
end

-- There was nobody to replace, because starts fail.
local function not_yet(ctx, name, s)
  ctx.err(("reeve: service '%s' has no process: its starts fail (%s); `reeve service reset %s` tries at once\n"):format(
    name, view.fact(s, "last_failure") or "see the log", name))
  return 75
end

-- Ends when the new generation is ready and the old one gone or draining, or when its starts fail.
local function restart(ctx, name, before, wait)
  local s = ctx.host.services[name]
  return watch(ctx, function(show)
    if s.generation == before.generation then return nil end
    local old, fresh = progress(s, wait)
    if old == 0 and fresh == 0 then
      show()
      if s.live == 0 and s.throttled_until > s.now then return not_yet(ctx, name, s) end
      ctx.out(("service '%s' is restarted: generation %d\n"):format(name, s.generation))
      return 0
    end
    local why = nobody_rolls(ctx, name)
    if why then
      show()
      ctx.err(("reeve: the policy rolling of service '%s' is taken out (%s); `reeve service reset %s` brings it back\n")
        :format(name, why, name))
      return 75
    end
    if (view.fact(s, "start_failures") or 0) == before.failures then
      return nil, ("restart of %s: %d old processes are still to go, %d new ones are starting"):format(name, old,
        fresh), old + fresh
    end
    show()
    ctx.err(("reeve: new processes of service '%s' fail (%s); %d of the old ones stay\n"):format(
      name, view.fact(s, "last_failure") or "see the log", old))
    return 75
  end)
end

local function carried_out(ctx, name, verb, before, wait)
  if verb == "restart" then return restart(ctx, name, before, wait) end
  if wait and GONE[verb] then return until_gone(ctx, name, verb) end
  ctx.out(DONE[verb]:format(name) .. "\n")
  return 0
end

-- "4..12", "4..", "..12" or "4" -> { at_least, at_most } | nil, sentence
local function read_range(text, limit)
  local least, most = text:match "^(%d*)%.%.(%d*)$"
  if not least then least, most = text:match "^%d+$", text:match "^%d+$" end
  least, most = math.tointeger(tonumber(least)), math.tointeger(tonumber(most))
  if not least and not most then return nil, ("'%s' is no range of processes, such as 4..12"):format(text) end
  if least and most and least > most then return nil, ("%d..%d: the floor is above the ceiling"):format(least, most) end
  if least and least > limit then
    return nil, ("process_limit is %d, and no vote can pass it: change it in the config and reload"):format(limit)
  end
  return { at_least = least, at_most = most }
end

local function read_bounds(ctx, s, range, duration)
  local bounds, sentence = read_range(range, s.settings.process_limit)
  if not bounds or not duration then return bounds, sentence end
  local ms, refused = ctx.spec.parse("service", "stop_timeout", duration)
  if not ms then return nil, "--for: " .. refused end
  if tonumber(ms) < math.maxinteger then bounds["until"] = s.now + tonumber(ms) / 1000 end
  return bounds
end

local function in_words(bounds)
  local least, most = bounds.at_least, bounds.at_most
  if least == most then return ("has %d processes"):format(least) end
  if not most then return ("has at least %d processes"):format(least) end
  return ("has %s%d processes"):format(least and least .. " to " or "at most ", most)
end

local function scale(ctx, name, range, duration)
  local s = ctx.host.services[name]
  if range == "auto" then
    if duration then return wrong(ctx, "auto is for good: --for goes with a range") end
    operate.scale(ctx, name, nil)
    ctx.out(("service '%s': its policies alone decide again\n"):format(name))
    return 0
  end
  local bounds, sentence = read_bounds(ctx, s, range, duration)
  if not bounds then return wrong(ctx, sentence) end
  operate.scale(ctx, name, bounds)
  local limit = s.settings.process_limit
  local above = bounds.at_most and bounds.at_most > limit and (" (process_limit is %d)"):format(limit) or ""
  ctx.out(("service '%s' %s%s, %s\n"):format(name, in_words(bounds), above, bounds["until"] and "for " .. duration
    or ("until `reeve service scale %s auto`"):format(name)))
  return 0
end

return function(ctx, args)
  local given, words = usage.read(ctx, "service", { ["--wait"] = true, ["--for"] = "duration" }, args)
  if not given then return words end
  local verb, name = words[1], words[2]
  if verb == "scale" then
    if given.wait then return misused(ctx, "--wait goes with stop, restart and drain") end
    if #words ~= 3 then return misused(ctx, "scale takes a name and a range, or auto") end
    if not view.definition(ctx, name) then return wrong(ctx, view.unknown(ctx, name)) end
    return scale(ctx, name, words[3], given.duration)
  end
  if given.duration then return misused(ctx, "--for goes with scale") end
  if not VERBS[verb] then return wrong_verb(ctx, verb) end
  if not name or #words > 2 then return misused(ctx, verb .. " takes one name") end
  if not view.definition(ctx, name) then return wrong(ctx, view.unknown(ctx, name)) end
  local s, ticket = ctx.host.services[name], ctx.ticket()
  local before = { generation = s.generation, failures = view.fact(s, "start_failures") or 0 }
  operate.service(ctx, ctx.order, name, verb, ticket)
  return ctx.wait(ticket, function(msg)
    if msg.ok then return carried_out(ctx, name, verb, before, given.wait) end
    ctx.err(("reeve: service '%s': %s\n"):format(name, msg.text))
    return 71
  end)
end
