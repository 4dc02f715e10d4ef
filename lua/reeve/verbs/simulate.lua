--- reeve simulate: a trace in virtual time under one policy or several.
-- Exit: 0; 1 a policy never returned, or a file could not be written; 2 a mistake in a policy, trace or config, told
-- with its place; 64 wrong usage; 66 no config.

local candidates = require "reeve.sim.candidates"
local compare = require "reeve.sim.compare"
local csv = require "reeve.sim.csv"
local json = require "dkjson"
local here = require "reeve.config.here"
local plot = require "reeve.sim.plot"
local print = require "reeve.print"
local read_options = require "reeve.options"
local recorded = require "reeve.recorded"
local recordedtrace = require "reeve.recordedtrace"
local recording = require "reeve.recording"
local report = require "reeve.sim.report"
local sandbox = require "reeve.sandbox"
local suggest = require "reeve.suggest"
local traces = require "reeve.sim.traces"
local usage = require "reeve.usage"

local OPTIONS = { ["-c"] = "file", ["--config"] = "file", ["-b"] = "base_dir", ["-p"] = "policy",
  ["--policy"] = "policy", ["--trace"] = "trace", ["--seed"] = "seed", ["--seeds"] = "seeds",
  ["--compare"] = "compare", ["--plot"] = "plot", ["--log"] = "log", ["--service"] = "service", ["--set"] = { "set" },
  ["--target"] = "target", ["--last"] = "last", ["--json"] = true }

-- What a mistake of the user raises: { code, sentence }; caught by the verb.
local function refuse(code, sentence, ...)
  error({ code = code, sentence = select("#", ...) > 0 and sentence:format(...) or sentence }, 0)
end

---- what is wanted

local function whole(options, name, least, default, most)
  local text = options[name]
  if not text then return default end
  local n = math.tointeger(tonumber(text))
  if not n or n < least then refuse(64, "--%s %s: a whole number from %d up is wanted", name, text, least) end
  if most and n > most then refuse(64, "--%s %s: at most %d", name, text, most) end
  return n
end

local function list_traces(ctx)
  ctx.out "built-in traces (or name a CSV file):\n"
  for _, name in ipairs(traces.NAMES) do ctx.out(("  %-8s  %s\n"):format(name, traces.about(name))) end
end

-- What was recorded of a service; `options.recorded` is what that was, to begin with and to compare with.
local function trace_of_recording(ctx, options)
  local since, why
  if options.last then
    since, why = recorded.moment(ctx.spec, options.last)
    if not since then refuse(64, why) end
  end
  local rec, sentence = recording.open(options.trace)
  if not rec then refuse(2, sentence) end
  local found, more = recordedtrace.of(rec, since, options.service)
  rec:close()
  if not found then refuse(2, more) end
  options.recorded = more
  return found
end

local function trace_of(ctx, options)
  local name = options.trace
  if recording.is_one(name) then return trace_of_recording(ctx, options) end
  local found = traces.get(name)
  if not found and not name:find "[/.]" then
    refuse(64, "there is no trace '%s'%s (there are: %s; or a CSV file)", name, suggest.hint(name, traces.NAMES),
      table.concat(traces.NAMES, " "))
  end
  if not found then
    local sentence
    found, sentence = csv.read(name)
    if not found then refuse(2, sentence) end
  end
  if options.target then
    found.target = tonumber(options.target)
    if not found.target or found.target < 0 or found.target ~= found.target then
      refuse(64, "--target %s: seconds are wanted", options.target)
    end
  end
  return found
end

local function settings_of(options)
  local set = {}
  for _, pair in ipairs(options.set or {}) do
    local name, value = pair:match "^([%w_]+)=(.*)$"
    if not name then refuse(64, "--set %s: write --set NAME=VALUE", pair) end
    set[name] = value
  end
  return set
end

-- The service of a config; loaded anew for each run, for its policy may keep something.
local function service_of_config(ctx, options)
  if options.recorded then return options.recorded.service() end
  if not options.service then
    if options.file and options.file ~= here.DEFAULT_FILE then
      refuse(64, "-c %s: which of its services? --service NAME", options.file)
    end
    return nil
  end
  options.file = options.file or here.DEFAULT_FILE
  local plan, problems = here.load(ctx, options)
  if not plan then
    ctx.err(require "reeve.config".format(problems, "text", ""))
    refuse(here.is_missing(problems) and 66 or 2, "%s cannot be used", options.file)
  end
  local names = {}
  for _, service in ipairs(plan.services) do
    if service.name == options.service then return service end
    names[#names + 1] = service.name
  end
  refuse(64, "%s has no service '%s'%s", options.file, options.service, suggest.hint(options.service, names))
end

local function candidates_of(ctx, options)
  local doors = { read = ctx.here.read, load_policy = ctx.here.load_policy,
    policy_names = ctx.here.policy_names, env = sandbox.policy_env }
  local text = options.compare or options.policy
  if not text then
    local title = options.service or "none"
    return { { title = title, settings = {}, make = function()
      local service = service_of_config(ctx, options)
      return service and service.policy
    end } }
  end
  local list, sentence
  if options.compare then
    list, sentence = candidates.list(text, doors)
    if list and options.policy then
      local first
      first, sentence = candidates.parse(options.policy, doors)
      list = first and table.move(list, 1, #list, 2, { first })
    end
  else
    list, sentence = candidates.parse(text, doors)
    list = list and { list }
  end
  if not list then refuse(2, sentence) end
  if options.recorded then
    table.insert(list, 1, { title = "as recorded", settings = {}, make = function()
      return options.recorded.service().policy
    end })
  end
  return list
end

local SEEDS_MOST <const> = 1000

local function seeds_of(options)
  local first, seeds = whole(options, "seed", 0, 1), {}
  for i = 1, whole(options, "seeds", 1, 1, SEEDS_MOST) do seeds[i] = first + i - 1 end
  return seeds
end

---- what is told

local BAR <const> = 30

-- A line that is written over and over; nothing where nobody looks.
local function progress_bar(ctx)
  if not ctx.err_is_terminal then return nil, function() end end
  local last
  local function show(share, title, seed)
    local percent = math.floor(share * 100)
    if percent == last then return end
    last = percent
    local full = math.floor(share * BAR)
    ctx.err(("\r[%s%s] %3d %%  %s, seed %d\27[K"):format(("="):rep(full), (" "):rep(BAR - full), percent,
      title:sub(1, 30), seed))
  end
  return show, function() ctx.err "\r\27[K" end
end

local function open(path)
  local file, why = io.open(path, "w")
  if not file then refuse(1, "%s", why) end
  return file
end

local function headline(trace, seeds)
  local many = #seeds > 1 and ("medians of seeds %d to %d"):format(seeds[1], seeds[#seeds]) or "seed " .. seeds[1]
  return ("trace %s, %g s, target %g s, %s"):format(trace.name, trace.duration, trace.target, many)
end

local function in_json(trace, seeds, columns)
  local list = setmetatable({}, { __jsontype = "array" })
  for i, column in ipairs(columns) do
    local one = { name = column.title, service = column.report.name }
    for _, name in ipairs(report.FIELDS) do one[name] = column.report[name] end
    one.quarantined = setmetatable(column.report.quarantined, { __jsontype = "array" })
    list[i] = one
  end
  local order = table.move(report.FIELDS, 1, #report.FIELDS, 3, { "name", "service" })
  table.move({ "trace", "duration", "target", "seeds", "candidates", "quarantined" }, 1, 6, #order + 1, order)
  return json.encode({ trace = trace.name, duration = trace.duration, target = trace.target, seeds = seeds,
    candidates = list }, { indent = true, keyorder = order }) .. "\n"
end

local function show_quarantined(ctx, columns)
  for _, column in ipairs(columns) do
    for _, text in ipairs(column.report.quarantined) do
      ctx.err(("%s: %s\n"):format(print.plain(column.title), print.plain(text)))
    end
  end
end

local function write_plot(file, trace, seeds, columns)
  local shown = {}
  for i, column in ipairs(columns) do
    local r = column.report
    shown[i] = { title = column.title, report = r,
      note = ("goodput %s, p99 wait %s, %s process-seconds, %s starts, %s dropped"):format(
        report.show("goodput", r.goodput), report.show("wait_p99", r.wait_p99),
        report.show("process_seconds", r.process_seconds), report.show("starts", r.starts),
        report.show("dropped", r.dropped)) }
  end
  local about = headline(trace, seeds) .. (#seeds > 1 and (" (curves: seed %d)"):format(seeds[1]) or "")
  file:write(plot.svg("reeve simulate: " .. trace.name, about, trace.duration, shown))
  file:close()
end

local function simulate(ctx, options)
  local trace, seeds = trace_of(ctx, options), seeds_of(options)
  local wanted = { trace = trace, seeds = seeds, set = settings_of(options), guard = require "reeve.guard",
    policies = ctx.here.load_policy, wall = options.recorded and options.recorded.wall,
    service = service_of_config(ctx, options),
    candidates = candidates_of(ctx, options) }
  local good, sentence = compare.check(wanted)
  if not good then refuse(64, sentence) end
  local log, picture = options.log and open(options.log), options.plot and open(options.plot)
  wanted.decisions = log and function(line) log:write(line, "\n") end
  local clear
  wanted.progress, clear = progress_bar(ctx)
  local done, columns = pcall(compare.run, wanted)
  clear()
  if log then log:close() end
  if not done then refuse(1, tostring(columns)) end
  local titles, reports = {}, {}
  for i, column in ipairs(columns) do titles[i], reports[i] = column.title, column.report end
  if picture then write_plot(picture, trace, seeds, columns) end
  show_quarantined(ctx, columns)
  if options.json then
    ctx.out(in_json(trace, seeds, columns))
  else
    ctx.out(headline(trace, seeds) .. "\n\n" .. report.table(reports, titles))
  end
  return 0
end

return function(ctx, args)
  local options, words = read_options(OPTIONS, args)
  if not options then return usage.wrong(ctx, "simulate", words) end
  if words[1] then return usage.wrong(ctx, "simulate", ("unknown argument '%s'; write -p POLICY"):format(words[1])) end
  if not options.trace then
    usage.say(ctx, "simulate", "--trace is wanted")
    list_traces(ctx)
    return 64
  end
  local ok, result = pcall(simulate, ctx, options)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  usage.say(ctx, "simulate", result.sentence)
  return result.code
end
