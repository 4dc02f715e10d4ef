--- reeve settings: every setting with type, default, bounds and meaning, from the settings table.
-- Exit: 0; 64 no such setting, wrong usage.

local explain = require "reeve.explain"
local json = require "dkjson"
local print = require "reeve.print"
local suggest = require "reeve.suggest"
local synonyms = require "reeve.config.synonyms"
local usage = require "reeve.usage"

local FIELDS = { "scope", "name", "type", "default", "least", "most", "words", "change", "help" }

local function default_text(row)
  return row.default ~= "" and row.default or "-"
end

local function show_table(ctx, spec)
  for i, scope in ipairs(explain.SCOPES) do
    ctx.out(("%s%s\n"):format(i > 1 and "\n" or "", explain.TITLES[scope]))
    for _, row in ipairs(spec.settings) do
      if row.scope == scope then
        ctx.out(("  %-22s %-9s %s\n"):format(row.name, row.type, default_text(row)))
        ctx.out(print.wrap(row.help, ctx.width, 6) .. "\n")
      end
    end
  end
end

local function show_one(ctx, spec, row)
  ctx.out(("%s in %s\n"):format(row.name, explain.TITLES[row.scope]))
  ctx.out(print.wrap(row.help, ctx.width, 2) .. "\n")
  for _, pair in ipairs(explain.facts(spec, row)) do ctx.out(("  %-9s %s\n"):format(pair[1], pair[2])) end
end

local function show_json(ctx, rows)
  local list = {}
  for i, row in ipairs(rows) do
    local copy = {}
    for _, field in ipairs(FIELDS) do copy[field] = row[field] end
    if row.words then
      copy.words = {}
      for word in (row.words .. "|"):gmatch "(.-)|" do table.insert(copy.words, word) end
    end
    list[i] = json.encode(copy, { keyorder = FIELDS })
  end
  ctx.out("[\n" .. table.concat(list, ",\n") .. "\n]\n")
end

local function rows_named(spec, name)
  local rows = {}
  for _, row in ipairs(spec.settings) do
    if row.name == name then rows[#rows + 1] = row end
  end
  return rows
end

--- The name that an alias or another program's name stands for, or nil and what to say.
local function meant(spec, name)
  for _, scope in ipairs(explain.SCOPES) do
    local ours = synonyms.alias(scope, name, function(other) return #rows_named(spec, other) > 0 end)
    if ours then return ours end
  end
  local names = {}
  for _, row in ipairs(spec.settings) do names[#names + 1] = row.name end
  for _, scope in ipairs(explain.SCOPES) do
    local hint = synonyms.hint(scope, name, function(other) return #rows_named(spec, other) > 0 end)
    if hint then return nil, hint end
  end
  local close = suggest.nearest(name, names)
  return nil, close and ("did you mean '%s'?"):format(close) or "`reeve settings` lists all"
end

return function(ctx, args)
  local options, words = usage.read(ctx, "settings", { ["--json"] = true }, args, 1)
  if not options then return words end
  local spec, name = ctx.spec or ctx.here.spec, words[1]
  if not name then
    if options.json then show_json(ctx, spec.settings) else show_table(ctx, spec) end
    return 0
  end
  local rows, hint = rows_named(spec, name), nil
  if #rows == 0 then
    local ours
    ours, hint = meant(spec, name)
    rows = ours and rows_named(spec, ours) or rows
  end
  if #rows == 0 then
    return usage.say(ctx, "settings", ("there is no setting '%s'; %s"):format(name, hint))
  end
  if options.json then
    show_json(ctx, rows)
    return 0
  end
  for i, row in ipairs(rows) do
    if i > 1 then ctx.out "\n" end
    show_one(ctx, spec, row)
  end
  return 0
end
