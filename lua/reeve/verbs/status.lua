--- reeve status [NAME] [--json]: the pools of a running instance, or one service in full.

local print = require "reeve.print"
local usage = require "reeve.usage"
local view = require "reeve.view"

local ABOUT = { "generation", "master_pid", "engine_pid", "degraded", "services" }
local COLUMNS = {
  "name", "live", "limit", "idle", "busy", "avail", "draining", "clients", "waiting", "starts", "crashes", "state",
}

-- on a narrow terminal
local SPARE = { "starts", "draining", "avail", "idle", "crashes", "clients", "limit", "busy", "waiting" }

local function is(v) return v ~= nil and v ~= print.null end

local function headline(ctx, about)
  local line = ("reeve %s, generation %s, master %s, engine %s"):format(about.version or "?", about.generation or "?",
    about.master_pid or "?", about.engine_pid or "?")
  ctx.out(print.style(line, "1", ctx.color) .. "\n")
  if about.degraded then ctx.out(print.style("degraded: " .. tostring(about.degraded), "31", ctx.color) .. "\n") end
end

local function overview(ctx, records)
  local rows, states = {}, {}
  for i, r in ipairs(records) do
    states[i] = view.state(r, view.fact(ctx.host.services[r.name], "stopped"))
    rows[i] = {
      r.name, r.live, r.process_limit, r.idle, r.busy, r.avail, r.draining, r.clients, r.waiting, r.starts, r.crashes,
      states[i],
    }
  end
  ctx.out(print.table(COLUMNS, rows, {
    width = ctx.width, color = ctx.color, spare = SPARE,
    row_style = function(i) return states[i] ~= view.GOOD and "31" or nil end,
  }))
end

local function title(ctx, text) ctx.out("\n" .. print.style(text, "1", ctx.color) .. "\n") end

local function line(ctx, name, text) ctx.out(("  %-22s %s\n"):format(name, print.plain(text))) end

-- name -> value, as a config would write it; names in their order
local function settings_in_force(ctx, definition)
  local names, values, shown = {}, {}, definition.shown or {}
  for name, canonical in pairs(definition.settings) do
    canonical = tostring(canonical)
    local text = shown[name] or ctx.spec and ctx.spec.print("service", name, canonical) or canonical
    if text ~= "" and text ~= "#-1" then names[#names + 1], values[name] = name, text end
  end
  table.sort(names)
  return names, values
end

local function settings_part(ctx, definition)
  title(ctx, "settings in force")
  local names, values = settings_in_force(ctx, definition)
  for _, name in ipairs(names) do line(ctx, name, values[name]) end
  for _, l in ipairs(definition.listeners or {}) do
    local where = l.kind == "inet" and ("%s port %s"):format(l.address, l.port) or l.path
    line(ctx, l.kind .. "_listener", ("%s (%s)"):format(where, l.name or l.path))
  end
end

local function pool_part(ctx, r, stopped)
  title(ctx, "pool")
  for _, field in ipairs(view.SERVICE) do
    local v = r[field]
    if field ~= "name" and field ~= "policies" and is(v) then line(ctx, field, v == "" and '""' or tostring(v)) end
  end
  line(ctx, "state", view.state(r, stopped))
end

local function table_part(ctx, name, list, fields)
  title(ctx, name)
  if #list == 0 then return ctx.out("  none\n") end
  ctx.out(print.listing(fields, list, { width = ctx.width, color = ctx.color }))
end

-- Why there are no lines: who reads the log keeps none, or nobody does.
local function no_log(ctx)
  for _, service in ipairs(ctx.plan.services) do
    if service.settings.type == "log" then return "none yet" end
  end
  return "not kept: the log goes to the daemon's stderr; with log_path set its last lines stand here"
end

local function log_part(ctx, name)
  local lines = view.log(ctx, name)
  title(ctx, "last log lines")
  if not lines or #lines == 0 then return ctx.out("  " .. no_log(ctx) .. "\n") end
  for _, l in ipairs(lines) do
    local who = is(l.pid) and ("[%d]"):format(l.pid) or ""
    local bad = l.level ~= "info" and l.level ~= "debug"
    ctx.out(("  %s %s%s: "):format(os.date("%F %T", math.floor(l.time or 0)), print.style(l.level, bad and "31" or "0",
      ctx.color), who) .. l.text .. "\n")
  end
end

local function one(ctx, definition, r)
  local s = ctx.host.services[r.name]
  local about = definition.settings.description
  ctx.out(print.style(r.name, "1", ctx.color) .. (is(about) and about ~= "" and ": " .. about or "") .. "\n")
  settings_part(ctx, definition)
  pool_part(ctx, r, view.fact(s, "stopped"))
  table_part(ctx, "policies", r.policies, view.POLICY)
  table_part(ctx, "last exits", view.exits(ctx, r.name), view.EXIT)
  log_part(ctx, r.name)
  return 0
end

-- One service has more than a row of many.
local function in_full(ctx, definition, r)
  local fields, values = table.move(view.SERVICE, 1, #view.SERVICE, 1, {}), {}
  for _, field in ipairs(fields) do values[field] = r[field] end
  local names, settings = settings_in_force(ctx, definition)
  values.settings, values.last_exits = print.record(names, settings), view.exits(ctx, r.name)
  values.log = view.log(ctx, r.name)
  for _, field in ipairs { "settings", "last_exits", "log" } do fields[#fields + 1] = field end
  return print.record(fields, values)
end

local function as_json(ctx, about, records)
  local values = {
    generation = about.generation, master_pid = about.master_pid, engine_pid = about.engine_pid,
    degraded = about.degraded or false, services = records,
  }
  ctx.out(print.json(print.record(ABOUT, values)) .. "\n")
  return 0
end

return function(ctx, args)
  local given, words = usage.read(ctx, "status", { ["--json"] = true, ["--names"] = true }, args, 1)
  if not given then return words end
  local definition = words[1] and view.definition(ctx, words[1])
  if words[1] and not definition then return usage.say(ctx, "status", view.unknown(ctx, words[1])) end
  if given.names then
    ctx.out(table.concat(view.names(ctx), "\n") .. "\n")
    return 0
  end
  local records = {}
  for i, name in ipairs(words[1] and words or view.names(ctx)) do records[i] = view.service(ctx, name) end
  local about = ctx.about()
  if ctx.json or given.json then
    return as_json(ctx, about, definition and { in_full(ctx, definition, records[1]) } or records)
  end
  if definition then return one(ctx, definition, records[1]) end
  headline(ctx, about)
  overview(ctx, records)
  return 0
end
