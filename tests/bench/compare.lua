-- compare: the library over the six traces: medians over seeds, as tables and pictures in docs/.
--
--   make compare [SEEDS=20] [TRACES="storm leak"] [ONLY="hybrid min_avail"]
--
-- Writes docs/COMPARISON.md and docs/plots/TRACE.svg, and the summary between the marks of docs/POLICIES.md if it has
-- them. Every file of policies/ takes part: with the options below, else with its defaults, in only { } where its
-- header says so, added to process_min_avail = 8 where it does not. (diurnal is long and smooth: a fifth of the seeds.)
local answers = require "reeve.answers"
local candidates = require "reeve.sim.candidates"
local compare = require "reeve.sim.compare"
local plot = require "reeve.sim.plot"
local policyhost = require "reeve.policyhost"
local report = require "reeve.sim.report"
local sandbox = require "reeve.sandbox"
local traces = require "reeve.sim.traces"

local DOCS = ...
local SEEDS = math.tointeger(tonumber(os.getenv "SEEDS" or 20))

-- Candidates that no file is, and options where the defaults are for another size of service.
local OWN = {
  { "on_demand", "none" },
  { "min_avail", "service { process_min_avail = 8 }" },
}
local OPTIONS = {
  erlang = "settle(60, { erlang {} })",
  hybrid = "service { process_min_avail = 8, policy = hybrid {} }",
  fpm_static = "only { fpm_static { max_children = 50 } }",
  fpm_dynamic = "only { fpm_dynamic { min_spare = 4, max_spare = 16, start_servers = 8 } }",
  apache_prefork = "only { apache_prefork { min_spare = 4, max_spare = 16, start_servers = 8 } }",
  uwsgi_spare = "only { uwsgi_spare { cheaper = 8 } }",
  uwsgi_backlog = "only { uwsgi_backlog { cheaper = 8 } }",
  uwsgi_busyness = "only { uwsgi_busyness { cheaper = 8 } }",
  hours = "hours { { from = 0, to = 24, floor = 16 } }",
  max_requests = "service { process_min_avail = 8, policy = max_requests { n = 200 } }",
}
local PLOTTED = { min_avail = true, fpm_dynamic = true, erlang = true, hybrid = true }

local function set(text)
  if not text then return nil end
  local names = {}
  for word in text:gmatch "%S+" do names[word] = true end
  return names
end

local only_traces, only_candidates = set(os.getenv "TRACES"), set(os.getenv "ONLY")

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

---- who takes part

local doors = require "reeve.doors".new(answers.new(), "lua")
local made = { read = doors.read, load_policy = doors.load_policy, env = sandbox.policy_env }

local function default_text(name)
  local header = read(("policies/%s.lua"):format(name))
  if header:find("Use it as `only {", 1, true) then return ("only { %s {} }"):format(name) end
  return ("service { process_min_avail = 8, policy = %s {} }"):format(name)
end

local function lineup()
  local list, built_in = {}, set(table.concat(policyhost.BUILT_INS, " "))
  local rows = table.move(OWN, 1, #OWN, 1, {})
  for _, name in ipairs(doors.policy_names()) do
    if not built_in[name] then rows[#rows + 1] = { name, OPTIONS[name] or default_text(name) } end
  end
  for _, row in ipairs(rows) do
    if not only_candidates or only_candidates[row[1]] then
      local one, sentence = candidates.parse(row[2], made)
      if one then
        one.title, one.text = row[1], row[2]
        list[#list + 1] = one
      else
        print(("left out: %s: %s"):format(row[1], sentence))
      end
    end
  end
  return list
end

---- tables

local COLUMNS = { { "goodput", "goodput" }, { "p99 wait", "wait_p99" }, { "process-seconds", "process_seconds" },
  { "starts", "starts" }, { "dropped", "dropped" }, { "crashes", "crashes" }, { "over memory", "memory_over" },
  { "lost by our kills", "lost_ours" } }

local function markdown(head, rows)
  local lines = { "| " .. table.concat(head, " | ") .. " |", "|" .. ("---|"):rep(#head) }
  for _, row in ipairs(rows) do lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |" end
  return table.concat(lines, "\n") .. "\n"
end

local function better(a, b)
  if a.report.goodput ~= b.report.goodput then return a.report.goodput > b.report.goodput end
  return a.report.process_seconds < b.report.process_seconds
end

local function table_of(columns)
  local head, rows = { "policy" }, {}
  for i, column in ipairs(COLUMNS) do head[i + 1] = column[1] end
  local sorted = table.move(columns, 1, #columns, 1, {})
  table.sort(sorted, better)
  for i, one in ipairs(sorted) do
    rows[i] = { one.title }
    for k, column in ipairs(COLUMNS) do rows[i][k + 1] = report.show(column[2], one.report[column[2]]) end
  end
  return markdown(head, rows)
end

local function summary(results)
  local head, rows, by_title, order = { "policy" }, {}, {}, {}
  for i, result in ipairs(results) do
    head[i + 1] = result.trace.name
    for _, column in ipairs(result.columns) do
      if not by_title[column.title] then
        by_title[column.title] = { column.title }
        order[#order + 1] = column.title
      end
      local r = column.report
      by_title[column.title][i + 1] = ("%.1f %%<br>%s ps, %s st"):format(r.goodput * 100,
        report.show("process_seconds", r.process_seconds), report.show("starts", r.starts))
    end
  end
  for i, title in ipairs(order) do rows[i] = by_title[title] end
  return markdown(head, rows)
end

local function who(list)
  local rows = {}
  for i, one in ipairs(list) do rows[i] = { one.title, "`" .. one.text:gsub("|", "\\|") .. "`" } end
  return markdown({ "policy", "as" }, rows)
end

---- running

local function run(trace, list)
  local seeds, said = {}, nil
  for i = 1, trace.name == "diurnal" and math.max(1, SEEDS // 5) or SEEDS do seeds[i] = i end
  local columns = compare.run { trace = trace, candidates = list, seeds = seeds, policies = doors.load_policy,
    guard = require "reeve.guard", progress = function(_, title, seed)
      local line = ("%s: %s, seed %d"):format(trace.name, title, seed)
      if line ~= said then io.stderr:write("\r", line, "\27[K") end
      said = line
    end }
  io.stderr:write "\r\27[K"
  return { trace = trace, columns = columns, seeds = seeds }
end

local function draw(result)
  local shown = {}
  for _, column in ipairs(result.columns) do
    local r = column.report
    if PLOTTED[column.title] then
      shown[#shown + 1] = { title = column.title, report = r, note = ("goodput %s, p99 wait %s, %s process-seconds")
        :format(report.show("goodput", r.goodput), report.show("wait_p99", r.wait_p99),
        report.show("process_seconds", r.process_seconds)) }
    end
  end
  if #shown == 0 then return end
  local name = result.trace.name
  write(("%s/plots/%s.svg"):format(DOCS, name), plot.svg(name .. ": " .. traces.about(name):match "^[^:]*",
    ("medians of %d seeds, curves of seed 1; target %g s"):format(#result.seeds, result.trace.target),
    result.trace.duration, shown))
end

local HEAD = [[
# The library over six traces

Made by `make compare SEEDS=%d`: medians over the seeds 1 to %d (diurnal: %d), sorted by goodput, then by
process-seconds. Goodput counts who was taken within the trace's target (storm 0.5 s, flash 2 s, else 0.2 s) of his
first attempt, of all who came. What the traces are and what the simulator models stands in SIMULATOR.md.

]]

local function main()
  os.execute(("mkdir -p %s/plots"):format(DOCS))
  local list, results = lineup(), {}
  for _, name in ipairs(traces.SIX) do
    if not only_traces or only_traces[name] then
      local result = run(traces.get(name), list)
      results[#results + 1] = result
      draw(result)
      print(name .. "\n" .. table_of(result.columns))
    end
  end
  if only_traces or only_candidates then return 0 end
  local parts = { HEAD:format(SEEDS, SEEDS, math.max(1, SEEDS // 5)), who(list),
    "\nGoodput, process-seconds (ps) and starts (st):\n\n", summary(results) }
  for _, result in ipairs(results) do
    local name = result.trace.name
    parts[#parts + 1] = ("\n## %s\n\n%s.\n\n%s\n![%s](plots/%s.svg)\n"):format(name, traces.about(name),
      table_of(result.columns), name, name)
  end
  write(DOCS .. "/COMPARISON.md", table.concat(parts))
  local guide = read(DOCS .. "/POLICIES.md")
  local before, after = (guide or ""):match "^(.*<!%-%- comparison %-%->\n).*(<!%-%- end of comparison %-%->.*)$"
  if before then write(DOCS .. "/POLICIES.md", before .. summary(results) .. after) end
  return 0
end

return main()
