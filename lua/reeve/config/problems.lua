--- problems: everything that is wrong with a config, collected, sorted and shown.
-- A problem is { file, line, column, severity = "error" | "warning", code, message, hint } and, for
-- the picture, { source = text of the line, length = how much of it is meant }.

local json = require "dkjson"

local M = {}
local Problems = {}
Problems.__index = Problems

--- A new collection. Files are sorted in the order in which `saw` is told of them.
function M.new()
  return setmetatable({ list = {}, order = {}, files = 0, seen = {} }, Problems)
end

--- Remembers that a file takes part.
function Problems:saw(file)
  if not self.order[file] then
    self.files = self.files + 1
    self.order[file] = self.files
  end
end

--- A sentence without the names of services: what it says of each that a loop makes.
local function nameless(message)
  return (message:gsub("service '[^']*'", "service"))
end

-- A loop makes forty services with one mistake: it is shown once, " (and 39 more)".
local function say_again(problem, message)
  local said = problem.said
  if said[message] then return end
  said[message], said.n = true, said.n + 1
  problem.message = ("%s (and %d more)"):format(said.first, said.n - 1)
end

--- Adds a problem. The same sentence at the same place is kept once, with the number of services it is said of.
function Problems:add(problem)
  local id = ("%s\0%d\0%d\0%s"):format(problem.file, problem.line, problem.column, nameless(problem.message))
  local first = self.seen[id]
  if first then return say_again(first, problem.message) end
  self.seen[id] = problem
  problem.said = { [problem.message] = true, n = 1, first = problem.message }
  problem.severity = problem.severity or "error"
  problem.serial = #self.list
  self:saw(problem.file)
  self.list[#self.list + 1] = problem
end

--- Sorted by file (in the order of reading), line, column. -> all, whether one is an error
function Problems:sorted()
  local list, failed = {}, false
  for i, problem in ipairs(self.list) do
    list[i] = problem
    failed = failed or problem.severity == "error"
  end
  table.sort(list, function(a, b)
    local fa, fb = self.order[a.file], self.order[b.file]
    if fa ~= fb then return fa < fb end
    if a.line ~= b.line then return a.line < b.line end
    if a.column ~= b.column then return a.column < b.column end
    return a.serial < b.serial
  end)
  return list, failed
end

local WIDEST = 140 -- bytes of a source line that are shown

--- Control bytes would reach the reader's terminal.
local function printable(text)
  return (text:gsub("[%c\127]", function(c) return c == "\t" and c or "?" end))
end

--- The part of a long line around the column: text, column in it.
local function cut(source, column)
  if #source <= WIDEST then return source, column end
  local from = math.max(1, column - WIDEST // 2)
  local text = source:sub(from, from + WIDEST - 1)
  local before = from > 1 and "..." or ""
  local after = from + WIDEST - 1 < #source and "..." or ""
  return before .. text .. after, column - from + 1 + #before
end

--- As many blanks as the text before the column is wide; tabs stay tabs.
local function indent(text, column)
  local before = text:sub(1, column - 1)
  local width = utf8.len(before)
  if width and width < #before then before = before:gsub("[\128-\191]", "") end
  return (before:gsub("[^\t]", " "))
end

local function picture(problem)
  local source, column = cut(printable(problem.source), problem.column)
  local room = math.max(1, #source - column + 1)
  local length = math.max(1, math.min(problem.length or 1, room))
  local meant = source:sub(column, column + length - 1)
  local width = utf8.len(meant) or length
  local mark = indent(source, column) .. "^" .. ("~"):rep(width - 1)
  if problem.hint then mark = mark .. " " .. problem.hint end
  return ("%5d | %s\n      | %s\n"):format(problem.line, source, mark)
end

local function headline(problem)
  return ("%s:%d:%d: %s: %s"):format(printable(problem.file), problem.line, problem.column, problem.severity,
    printable(problem.message))
end

local function count(n, noun)
  return n == 1 and "1 " .. noun or ("%d %ss"):format(n, noun)
end

--- "3 errors, 1 warning"
---@param problems table[]
---@return string
function M.summary(problems)
  local n = { error = 0, warning = 0 }
  for _, problem in ipairs(problems) do n[problem.severity] = n[problem.severity] + 1 end
  local parts = {}
  for _, severity in ipairs { "error", "warning" } do
    if n[severity] > 0 then parts[#parts + 1] = count(n[severity], severity) end
  end
  return #parts > 0 and table.concat(parts, ", ") or "no errors"
end

local FORMATS = {}

function FORMATS.text(problem)
  if problem.source and problem.source ~= "" then return headline(problem) .. "\n" .. picture(problem) end
  return FORMATS.line(problem)
end

function FORMATS.line(problem)
  return headline(problem) .. (problem.hint and "; " .. printable(problem.hint) or "") .. "\n"
end

local FIELDS = { "file", "line", "column", "severity", "code", "message", "hint" }

local function format_json(problems)
  local rows = {}
  for i, problem in ipairs(problems) do
    local row = {}
    for _, field in ipairs(FIELDS) do row[field] = problem[field] end
    rows[i] = json.encode(row, { keyorder = FIELDS })
  end
  if #rows == 0 then return "[]\n" end
  return "[\n" .. table.concat(rows, ",\n") .. "\n]\n"
end

--- Problems as text for people ("text", the default), one line each ("line") or for programs
-- ("json": an array of { file, line, column, severity, code, message, hint }). With `tail` the text
-- ends with the count and the tail: "3 errors; generation 41 stays in force".
---@param problems table[]
---@param kind "text"|"line"|"json"|nil
---@param tail string|nil
---@return string
function M.format(problems, kind, tail)
  if kind == "json" then return format_json(problems) end
  local show = assert(FORMATS[kind or "text"], "no such format")
  local out = {}
  for i, problem in ipairs(problems) do out[i] = show(problem) end
  if tail then
    out[#out + 1] = M.summary(problems) .. (tail ~= "" and "; " .. tail or "") .. "\n"
  end
  return table.concat(out)
end

return M
