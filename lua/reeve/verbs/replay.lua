--- reeve replay: tells the recorded policies again what they were told, and demands the same votes.
local here = require "reeve.recorded"
local recording = require "reeve.recording"
local replay = require "reeve.replay"
local usage = require "reeve.usage"

local KNOWN = { ["--last"] = "last", ["--since"] = "last", ["-c"] = "config", ["--log"] = "log",
  ["--live-log"] = "live_log", ["--json"] = true,
  ["--policy"] = "policy", ["-p"] = "policy", ["--compare"] = "compare", ["--service"] = "service", ["--plot"] = "plot",
  ["--seed"] = "seed", ["--set"] = "set", ["--target"] = "target" }

local function open_log(path)
  if not path then return nil end
  local file, why = io.open(path, "w")
  return file, file and nil or why
end

local function close(...)
  for _, file in pairs { ... } do file:close() end
end

local function number_of(n, one, many) return ("%d %s"):format(n, n == 1 and one or many) end

local function tell_people(ctx, result)
  local lost = result.lost > 0
    and ("; something is missing in %s (the recording could not be written, or is damaged)"):format(
      number_of(result.lost, "place", "places")) or ""
  local span = ("%s to %s"):format(here.clock(result.from), here.clock(result.to or result.from))
  local d = result.difference
  if not d then
    ctx.out(("%s in %s, all equal (%s%s)\n"):format(number_of(result.decisions, "decision", "decisions"),
      number_of(result.turns, "turn", "turns"), span, lost))
    return 0
  end
  ctx.out(("%s of service %s at %s (%.3f s) is another one, after %s that are equal\n"):format(
    d.what:gsub("^%l", string.upper), d.service, here.clock(d.wall), d.now / 1000,
    number_of(result.decisions, "decision", "decisions")))
  if d.policy then ctx.out(("  policy:   %s\n"):format(d.policy)) end
  ctx.out(("  recorded: %s\n  replayed: %s\n"):format(d.recorded, d.replayed))
  if d.facts then ctx.out(("  facts:    %s\n"):format(d.facts)) end
  return 1
end

local function tell_programs(ctx, result)
  ctx.out(require("reeve.print").json { equal = result.difference == nil, decisions = result.decisions,
    turns = result.turns, lost = result.lost, from = result.from, to = result.to, difference = result.difference }
    .. "\n")
  return result.difference and 1 or 0
end

-- "What would it have done": what came from outside goes into the simulator, under other policies.
local function what_if(ctx, options, path)
  if not recording.is_one(path) then
    local _, code = here.open(ctx, path)
    return code
  end
  local words = { "--trace", path }
  for _, name in ipairs { "policy", "compare", "service", "plot", "last", "log", "seed", "set", "target" } do
    if options[name] then table.move({ "--" .. name, options[name] }, 1, 2, #words + 1, words) end
  end
  if options.json then words[#words + 1] = "--json" end
  return require "reeve.verbs.simulate"(ctx, words)
end

return function(ctx, args)
  local options, words = usage.read(ctx, "replay", KNOWN, args, 1)
  if not options then return words end
  local code
  if options.policy or options.compare then return what_if(ctx, options, words[1] or here.default_path()) end
  local rec
  rec, code = here.open(ctx, words[1])
  if not rec then return code end
  local wanted, why = {}
  if options.last then
    wanted.since, why = here.moment(ctx.spec, options.last)
    if not wanted.since then return select(2, here.fail(ctx, 64, why)) end
  end
  for _, name in ipairs { "log", "live_log" } do
    wanted[name], why = open_log(options[name])
    if why then return select(2, here.fail(ctx, 73, why)) end
  end
  if options.config then
    wanted.plan, code = here.plan(ctx, options.config)
    if not wanted.plan then return code end
  end
  local result, sentence = replay.verify(rec, wanted)
  close(wanted.log, wanted.live_log)
  rec:close()
  if not result then return select(2, here.fail(ctx, 65, sentence)) end
  return (options.json and tell_programs or tell_people)(ctx, result)
end
