--- reeve top: the pools as a screen shows them. src/cli/top.c asks again and again with --raw, which is one line a
-- record, fields separated by TABs; without a terminal it is a table, once.

local print = require "reeve.print"
local usage = require "reeve.usage"
local view = require "reeve.view"

local STEP <const>, STEPS <const> = 15, 40 -- seconds and points of the picture: ten minutes
local RATE <const> = 10                    -- seconds that starts are averaged over
local COLUMNS = { "name", "live", "limit", "busy", "idle", "clients", "waiting", "rss", "cpu", "starts/s", "state" }
local PROCESS = { "id", "pid", "state", "clients", "served", "age", "rss", "cpu" }

local function is(v) return v ~= nil and v ~= print.null end

-- the sum of a fact over the processes, nil where nobody knows it
local function sum_of(s, field)
  local sum
  for _, p in ipairs(view.fact(s, "processes") or {}) do
    local v = view.fact(p, field)
    if v then sum = (sum or 0) + v end
  end
  return sum
end

local function row(ctx, name)
  local s, r = ctx.host.services[name], view.service(ctx, name)
  return {
    name = name, live = r.live, limit = r.process_limit, starting = r.starting, busy = r.busy, idle = r.idle,
    draining = r.draining, clients = r.clients, waiting = r.waiting, rss = sum_of(s, "rss"), cpu = sum_of(s, "cpu"),
    starts = s:rate("starts", RATE) or 0, state = view.state(r, view.fact(s, "stopped")),
    history = s:series("clients", STEP, STEPS) or s:series("live", STEP, STEPS),
  }
end

-- ---- for the screen

local function field(v)
  if not is(v) then return "-" end
  if type(v) == "table" then return table.concat(v, ",") end
  if math.type(v) == "float" then return ("%.2f"):format(v) end
  return (print.plain(tostring(v)):gsub("[\t\n]", " "))
end

local function say(ctx, kind, values, names)
  local list = { kind }
  for i, name in ipairs(names) do list[i + 1] = field(values[name]) end
  ctx.out(table.concat(list, "\t") .. "\n")
end

local ABOUT = { "version", "generation", "master_pid", "engine_pid", "degraded" }
local HOST = { "load", "mem_avail", "mem_total" }
local SERVICE = { "name", "live", "limit", "starting", "busy", "idle", "draining", "clients", "waiting", "rss", "cpu",
  "starts", "state", "history" }

local function host_of(ctx, names)
  local host, known = names[1] and view.fact(ctx.host.services[names[1]], "host"), {}
  for _, name in ipairs(HOST) do known[name] = host and view.fact(host, name) end
  return known
end

local function raw(ctx, names)
  say(ctx, "about", ctx.about(), ABOUT)
  say(ctx, "host", host_of(ctx, names), HOST)
  for _, name in ipairs(names) do
    say(ctx, "service", row(ctx, name), SERVICE)
    for _, p in ipairs(view.processes(ctx, name)) do say(ctx, "process", p, PROCESS) end
  end
  return 0
end

local function once(ctx, names)
  local rows = {}
  for i, name in ipairs(names) do
    local r = row(ctx, name)
    rows[i] = { r.name, r.live, r.limit, r.busy, r.idle, r.clients, r.waiting,
      r.rss and print.size(r.rss) or print.null, r.cpu and ("%.0f%%"):format(r.cpu * 100) or print.null, r.starts,
      r.state }
  end
  ctx.out(print.table(COLUMNS, rows, { width = ctx.width, color = ctx.color,
    spare = { "starts/s", "cpu", "rss", "idle" } }))
  return 0
end

return function(ctx, args)
  local given, code = usage.read(ctx, "top", { ["--raw"] = true }, args, 0)
  if not given then return code end
  return (given.raw and raw or once)(ctx, view.names(ctx))
end
