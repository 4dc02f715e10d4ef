--- reeve service start|stop|restart|drain|reset NAME: tell a running instance what to do with a service.

local operate = require "reeve.operate"
local read_options = require "reeve.options"
local suggest = require "reeve.suggest"
local view = require "reeve.view"

local VERBS = operate.VERBS
local USAGE = "usage: reeve service start|stop|restart|drain|reset NAME"
local DONE = {
  start = "service '%s' is started",
  stop = "service '%s' is stopped: its listeners are closed, its processes finish their clients",
  drain = "the processes of service '%s' finish their clients and go",
  reset = "throttle, breaker and quarantine of service '%s' are lifted",
}

local function wrong(ctx, sentence)
  ctx.err(("reeve: service: %s\n"):format(sentence))
  return 64
end

local function wrong_verb(ctx, word)
  if not word then return wrong(ctx, USAGE) end
  local meant = suggest.nearest(word, VERBS)
  return wrong(ctx, ("unknown '%s'%s; %s"):format(word, meant and (": did you mean '%s'?"):format(meant) or "", USAGE))
end

-- How many processes of older generations still take clients, and how many new ones are not up yet.
local function progress(s)
  local old, fresh = 0, 0
  for _, p in ipairs(s.processes) do
    if p.state ~= "draining" and p.generation < s.generation then old = old + 1 end
    if p.state == "starting" and p.generation == s.generation then fresh = fresh + 1 end
  end
  return old, fresh
end

-- Ends when the new generation is ready and the old one gone or draining, or when its starts fail.
local function restart(ctx, name)
  local s = ctx.host.services[name]
  local generation, failures = s.generation, view.fact(s, "start_failures") or 0
  return ctx.wait("turn", function()
    if s.generation == generation then return nil end
    local old, fresh = progress(s)
    if old == 0 and fresh == 0 then
      ctx.out(("service '%s' is restarted: generation %d\n"):format(name, s.generation))
      return 0
    end
    if (view.fact(s, "start_failures") or 0) == failures then return nil end
    ctx.err(("reeve: new processes of service '%s' fail (%s); %d of the old ones stay\n"):format(
      name, view.fact(s, "last_failure") or "see the log", old))
    return 75
  end)
end

return function(ctx, args)
  local given, words = read_options({}, args)
  if not given then return wrong(ctx, words .. "; " .. USAGE) end
  local verb, name = words[1], words[2]
  if not VERBS[verb] then return wrong_verb(ctx, verb) end
  if not name or #words > 2 then return wrong(ctx, ("%s takes one name; %s"):format(verb, USAGE)) end
  if not view.definition(ctx, name) then return wrong(ctx, view.unknown(ctx, name)) end
  operate.service(ctx, ctx.order, name, verb)
  if verb == "restart" then return restart(ctx, name) end
  ctx.out(DONE[verb]:format(name) .. "\n")
  return 0
end
