--- A line of the console: help, a command with a colon, a verb with a colon (`:events --follow`), `watch`, or Lua.
--
-- The client keeps the lines that set something (frame `keep`) and says them again to the engine that comes after a
-- reload: formats, timeout, dry, and a role that was given up.

local api = require "reeve.api"
local complete = require "reeve.complete"
local formats = require "reeve.formats"
local path = require "reeve.path"
local print = require "reeve.print"
local roles = require "reeve.roles"
local settings = require "reeve.verbs.settings"
local suggest = require "reeve.suggest"
local usage = require "reeve.usage"

local M = {}

local WATCH_MS, WATCH_LEAST_MS, WATCH_DEADLINE_MS = 1000, 100, 200

local function wrong(ctx, format, ...)
  ctx.err(print.style("error: " .. format:format(...), "31", ctx.color) .. "\n")
  return 64
end

-- "5s" -> 5000; the spelling is that of the config.
local function duration(ctx, text)
  local canonical, sentence = ctx.spec.parse("global", "stop_timeout", text)
  local ms = canonical and math.tointeger(tonumber(canonical))
  return ms, sentence
end

-- ---- help

-- A line is the name, and what it means beside it; nothing is cut.
local function table_of(ctx, title, rows)
  local names, most = {}, 0
  for i, row in ipairs(rows) do
    names[i] = row[2]:sub(1, #row[1]) == row[1] and row[2] or row[1]
    most = math.max(most, utf8.len(names[i]))
  end
  local lines = { print.style(print.wrap(title, ctx.width, 0), "1", ctx.color) }
  for i, row in ipairs(rows) do
    local meaning = print.wrap(row[3], ctx.width, most + 4):sub(most + 5)
    lines[#lines + 1] = ("  %s%s%s"):format(names[i], (" "):rep(most - utf8.len(names[i]) + 2), meaning):gsub(" +$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

local function words_of(ctx, title, words)
  return print.style(title, "1", ctx.color) .. "\n" .. print.wrap(table.concat(words, " "), ctx.width, 2) .. "\n"
end

local function named(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = { row[1], row[1] .. ": " .. row[2], row[3] } end
  return list
end

local function help_all(ctx, doors)
  local words = {}
  for name in next, ctx.evaluator().api do
    if name ~= "services" and name ~= "print" then words[#words + 1] = name end
  end
  table.sort(words)
  local verbs = {}
  for name in pairs(doors.verbs) do verbs[#verbs + 1] = ":" .. name end
  table.sort(verbs)
  ctx.out(table_of(ctx, "a line is Lua: an expression is printed, globals last as long as the session, locals one line",
    api.GLOBALS) .. table_of(ctx, "a service", api.ACTIONS)
    .. "  its facts and windows: help services\n"
    .. table_of(ctx, "or a command", api.COMMANDS)
    .. words_of(ctx, "or a verb of reeve", verbs) .. words_of(ctx, "policies", words)
    .. print.wrap("every one of these names, each fact, event and setting has help of its own: help NAME", ctx.width, 0)
    .. "\n")
  return 0
end

local function help_class(ctx, class, title)
  ctx.out(table_of(ctx, title .. ": facts", named(api.CLASSES[class])))
  for _, rows in ipairs(api.METHODS[class] or {}) do
    local what = rows == api.ACTIONS and "actions, done when the line has ended well" or "methods, after a colon"
    ctx.out(table_of(ctx, what, rows))
  end
  return 0
end

local TITLES = { service = "a service", services = "a service", process = "a process", exit = "an exit",
  vote = "a vote", host = "the machine", wall = "the time of day", override = "what an operator has set" }

-- Every row of this name, wherever it stands: { class, row }.
local function rows_named(name)
  local found = {}
  for _, rows in ipairs { api.COMMANDS, api.GLOBALS, api.LUA } do
    for _, row in ipairs(rows) do
      if row[1] == name or row[1] == ":" .. name then found[#found + 1] = { "", row } end
    end
  end
  local classes = {}
  for class in pairs(api.CLASSES) do classes[#classes + 1] = class end
  table.sort(classes)
  for _, class in ipairs(classes) do
    local row = api.find(class, name)
    if row then found[#found + 1] = { class, row } end
  end
  return found
end

local function say_row(ctx, title, row)
  local method = row[2]:find("(", 1, true) or row[2]:find("^" .. row[1]:gsub("%p", "%%%0"))
  ctx.out(("%s%s\n  %s\n"):format(title ~= "" and title .. ": " or "", method and row[2] or row[1] .. ": " .. row[2],
    row[3] ~= "" and row[3] or "as in the Lua manual"))
end

-- help services.web:restart
local function help_path(ctx, text)
  local steps = path.parse(text)
  if not steps or #steps < 2 then return nil end
  local last = table.remove(steps)
  local doors = complete.doors(ctx.evaluator())
  local place = path.follow(steps, doors)
  if not place or not place.class then return nil end
  if place.class == "services" then
    return doors.is_service(last.name) and help_class(ctx, "service", "service " .. last.name) or nil
  end
  local title = TITLES[place.class] or place.class
  if last.kind == "[" then return help_class(ctx, place.class, title) end
  local row = api.find(place.class, last.name)
  if not row then return nil end
  say_row(ctx, title, row)
  if row.class and api.CLASSES[row.class] then help_class(ctx, row.class, TITLES[row.class]) end
  return 0
end

-- What is not in the table of names, each: how many were found.

local function help_policies(ctx, name)
  local found = 0
  for _, row in ipairs(api.EVENTS) do
    if row[1] == name then
      ctx.out(("an event of policies: %s\n  %s%s\n"):format(name, row[3], row[2] ~= "" and "; it has " .. row[2] or ""))
      found = found + 1
    end
  end
  if ctx.evaluator().api[name] == nil or name == "services" or name == "print" then return found end
  ctx.out(name .. "(…): a policy, or words that make one of others; reeve-policy(7) has them all\n")
  return found + 1
end

local function help_verb(ctx, doors, name)
  name = name:gsub("^:", "")
  if not doors.verbs[name] then return 0 end
  local how = usage.OF[name] ~= "" and " " .. usage.OF[name] or ""
  ctx.out(("a verb: :%s%s\n  `reeve help %s` tells all about it\n"):format(name, how, name))
  return 1
end

local function help_setting(ctx, name)
  local known = false
  for _, row in ipairs(ctx.spec.settings or {}) do known = known or row.name == name end
  if not known then return 0 end
  settings(ctx, { name })
  return 1
end

local function help_nothing(ctx, doors, name)
  local names = {}
  for _, rows in pairs(api.CLASSES) do
    for _, row in ipairs(rows) do names[row[1]] = true end
  end
  for _, rows in ipairs { api.COMMANDS, api.GLOBALS, api.LUA, api.ACTIONS, api.EVENTS } do
    for _, row in ipairs(rows) do names[row[1]] = true end
  end
  for _, row in ipairs(ctx.spec.settings or {}) do names[row.name] = true end
  for verb in pairs(doors.verbs) do names[verb] = true end
  local meant = suggest.nearest(name, names)
  return wrong(ctx, "there is no help about '%s'%s", print.plain(name),
    meant and ("; did you mean '%s'?"):format(meant) or "; `help` lists everything")
end

local function help(ctx, doors, name)
  if name == "" then return help_all(ctx, doors) end
  local code = help_path(ctx, name)
  if code then return code end
  local class, found = name == "services" and "service" or api.CLASSES[name] and name, {}
  if class then
    found[1] = class
    help_class(ctx, class, ("%s, %s"):format(name, TITLES[class]))
  else
    found = rows_named(name)
    for _, one in ipairs(found) do say_row(ctx, TITLES[one[1]] or "", one[2]) end
  end
  local more = help_policies(ctx, name) + help_verb(ctx, doors, name) + help_setting(ctx, name)
  if #found + more > 0 then return 0 end
  return help_nothing(ctx, doors, name)
end

-- ---- commands

local commands = {}

-- What the client says again to another engine.
local function keep(ctx, doors)
  local e, lines = ctx.evaluator(), {}
  if e.format ~= "table" then lines[#lines + 1] = ":" .. e.format end
  if e.asked_deadline then lines[#lines + 1] = (":set timeout %dms"):format(e.asked_deadline) end
  if e.dry then lines[#lines + 1] = ":dry on" end
  if doors.session.dropped then lines[#lines + 1] = ":role " .. doors.session.role end
  doors.keep(table.concat(lines, "\n"))
  return 0
end

for name in pairs(formats) do
  commands[name] = function(ctx, doors, words)
    if #words > 0 then return wrong(ctx, ":%s takes no words", name) end
    ctx.evaluator().format = name
    return keep(ctx, doors)
  end
end

function commands.set(ctx, doors, words)
  local e = ctx.evaluator()
  if words[1] ~= "timeout" or not words[2] or words[3] then
    return wrong(ctx, ":set knows only timeout: `:set timeout 5s` (now %g s, at most %g s)", e.deadline / 1000,
      e.longest / 1000)
  end
  local ms, sentence = duration(ctx, words[2])
  if not ms then return wrong(ctx, "timeout: %s", sentence) end
  if ms < 1 or ms > e.longest then
    return wrong(ctx, "timeout: from 1ms to %gs, half of engine_timeout, can be had: meanwhile no policy is asked",
      e.longest / 1000)
  end
  e.deadline, e.asked_deadline = ms, ms
  return keep(ctx, doors)
end

function commands.dry(ctx, doors, words)
  if words[2] or (words[1] ~= "on" and words[1] ~= "off") then return wrong(ctx, ":dry is on or off") end
  ctx.evaluator().dry = words[1] == "on"
  return keep(ctx, doors)
end

function commands.role(ctx, doors, words)
  local session, role = doors.session, words[1]
  if not role then
    ctx.out(session.role .. "\n")
    return 0
  end
  if words[2] or not roles.RANK[role] then return wrong(ctx, ":role is observer, operator or admin") end
  if not roles.may(session.role, role) then
    ctx.err(("error: a role that was given up or never had cannot be taken: yours is %s\n"):format(session.role))
    return 77
  end
  ctx.audit("role %s", role)
  session.dropped = session.dropped or role ~= session.role
  session.role = role
  return keep(ctx, doors)
end

function commands.help(ctx, doors, words) return help(ctx, doors, table.concat(words, " ")) end

-- Verbs that end what cannot be had back at once.
local function destroys(name, words) return name == "stop" or (name == "service" and words[1] == "stop") end

local function run_verb(ctx, doors, name, words)
  if not ctx.asks or not destroys(name, words) then return doors.verb(name, words) end
  return ctx.ask(("  %s\nDo this?"):format(table.concat({ name, table.unpack(words) }, " ")), function(yes)
    if yes then return doors.verb(name, words) end
    ctx.err "nothing was done\n"
    return 1
  end)
end

local function command(ctx, doors, text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  local name = table.remove(words, 1) or "help"
  if commands[name] then return commands[name](ctx, doors, words) end
  if doors.verbs[name] then return run_verb(ctx, doors, name, words) end
  local known = {}
  for _, set in ipairs { commands, doors.verbs } do
    for one in pairs(set) do known[one] = true end
  end
  local meant = suggest.nearest(name, known)
  return wrong(ctx, "unknown command ':%s'%s", print.plain(name),
    meant and ("; did you mean ':%s'?"):format(meant) or "; `help` lists them")
end

-- ---- watch

local function clock_of(ctx)
  local sec = ctx.wall and ctx.wall().sec
  return sec and ("%02d:%02d:%02d  "):format(sec // 3600, sec // 60 % 60, sec % 60) or ""
end

-- One line behind the time, more below it.
local function shown(ctx, texts)
  local text = table.concat(texts)
  local time = print.style(clock_of(ctx), "2", ctx.color)
  return select(2, text:gsub("\n", "")) > 1 and time .. "\n" .. text or time .. text
end

local function watch(ctx, doors, text)
  local expression, every = text:match "^(.-)%s+every%s+(%S+)%s*$"
  local ms = WATCH_MS
  if every then
    local sentence
    ms, sentence = duration(ctx, (every:gsub("^[\"'](.*)[\"']$", "%1")))
    if not ms then return wrong(ctx, "every: %s", sentence) end
    if ms < WATCH_LEAST_MS then return wrong(ctx, "every: at least %d ms", WATCH_LEAST_MS) end
  end
  expression = expression or text
  local e, last, looked = ctx.evaluator(), nil, nil
  ctx.audit("watch %s", expression)
  local function look()
    local now = doors.now()
    if looked and now - looked < (every and ms or WATCH_LEAST_MS) then return ctx.wait_until(looked + ms, look) end
    looked = now
    local texts, code = e:results_of(ctx, expression, math.min(e.deadline, WATCH_DEADLINE_MS))
    e.queue = {} -- a watch does nothing
    if not texts then return code end
    local whole = table.concat(texts)
    if whole ~= last and ctx.stream(shown(ctx, texts)) then last = whole end
    return ctx.wait_until(now + ms, look)
  end
  return look()
end

-- ---- a line

--- Does one line (or chunk of lines). doors: verb(name, words), verbs, session, keep(text), now().
---@return integer|table exit code, or what ctx.wait returned
function M.line(ctx, doors, text)
  local name, rest = text:match "^%s*(:?)%s*()"
  if name == ":" then return command(ctx, doors, text:sub(rest)) end
  if text:find "^%s*%?" then return help(ctx, doors, text:match "^%s*%?%s*(.-)%s*$") end
  local about = text:match "^%s*help%s*$" and "" or text:match "^%s*help%s+([%w_:][^\n=]*)$"
  if about then return help(ctx, doors, (about:gsub("%s+$", ""))) end
  local watched = text:match "^%s*watch%s+([^=%s].*)$"
  if watched then return watch(ctx, doors, watched) end
  return ctx.evaluate(text)
end

return M
