--- Traces as CSV files.
--
--   #duration 600
--   #target 0.2
--   #model boot=0.25 patience=10 retries=5
--   #settings process_limit=200
--   at,stay
--   0.013,0.120
--   0.040,0.310
--
-- The first line that is no comment names the columns: at and stay, and any other field of a record (reeve.trace):
-- kind (client where it is empty), service, patience, leak, crash, hostile, n, verb, ... An empty cell is a field that
-- is not there; true and false are flags; there are no quotes. Times do not fall. Lines with # and a word that is none
-- of the four above are comments. Without #duration the trace ends with its last record, rounded up to a second.
--
-- A file is read twice: once to tell every mistake with its line before anything is simulated, once as it is played.
local print = require "reeve.print"
local suggest = require "reeve.suggest"
local trace = require "reeve.trace"

local csv = {}

local COMMON = { at = "number", kind = "string", service = "string" }
local FIELDS = {} -- every column there can be
for name in pairs(COMMON) do FIELDS[name] = true end
for _, fields in pairs(trace.KINDS) do
  for name in pairs(fields) do FIELDS[name] = true end
end

local FLAGS = { ["true"] = true, ["false"] = false, ["1"] = true, ["0"] = false }

local READERS = {
  number = function(text) return tonumber(text), "a number is wanted" end,
  string = function(text) return text end,
  boolean = function(text) return FLAGS[text], "true or false is wanted" end,
}

local function cells_of(line)
  local cells, n = {}, 0
  for cell in (line .. ","):gmatch "([^,]*)," do
    n = n + 1
    cells[n] = cell:match "^%s*(.-)%s*$"
  end
  return cells, n
end

---- the head

local function pairs_of(text, take)
  for word in text:gmatch "%S+" do
    local name, value = word:match "^([%w_]+)=(.+)$"
    if not name then return nil, ("'%s': name=value is wanted"):format(word) end
    local good, sentence = take(name, value)
    if not good then return nil, sentence end
  end
  return true
end

local HEAD = {
  duration = function(t, text)
    t.duration = tonumber(text)
    return t.duration and true, ("#duration %s: seconds are wanted"):format(text)
  end,
  target = function(t, text)
    t.target = tonumber(text)
    return t.target and true, ("#target %s: seconds are wanted"):format(text)
  end,
  model = function(t, text)
    return pairs_of(text, function(name, value)
      t.model[name] = tonumber(value) or value
      return trace.check_model(name, t.model[name])
    end)
  end,
  settings = function(t, text)
    return pairs_of(text, function(name, value)
      t.settings[name] = value
      return true
    end)
  end,
}

local function columns_of(line)
  local columns, n = cells_of(line)
  local seen = {}
  for i = 1, n do
    local name = columns[i]
    if not FIELDS[name] then
      return nil, ("there is no column '%s'%s"):format(print.plain(name:sub(1, 40)), suggest.hint(name, FIELDS))
    end
    if seen[name] then return nil, ("column '%s' stands twice"):format(name) end
    seen[name] = true
  end
  if not seen.at then return nil, "a column 'at' is wanted" end
  for i, name in ipairs(columns) do
    if name == "kind" then columns.kind = i end
  end
  return columns
end

---- records

-- What a cell says, by its kind of record: `crash` is a share in a model and a flag of a client.
local function value_of(kind, name, text)
  local fields = trace.KINDS[kind]
  local wanted = COMMON[name] or fields and fields[name]
  if not wanted then return text end -- for check_record to tell
  local value, sentence = READERS[wanted](text)
  if value == nil then return nil, ("%s = %s: %s"):format(name, text, sentence) end
  return value
end

local function fill(record, columns, line)
  local cells, n = cells_of(line)
  if n > #columns then return nil, ("%d cells for %d columns"):format(n, #columns) end
  local kind = columns.kind and cells[columns.kind] or ""
  record.kind = kind ~= "" and kind or "client"
  for i, name in ipairs(columns) do
    local text, value = cells[i] or "", nil
    if i ~= columns.kind then
      if text ~= "" then
        local sentence
        value, sentence = value_of(record.kind, name, text)
        if value == nil then return nil, sentence end
      end
      record[name] = value
    end
  end
  return record
end

-- The lines that are records, with their numbers; takes the head into t.
local function lines_of(file, t)
  local number, columns = 0, nil
  return function()
    for line in file:lines() do
      number = number + 1
      line = line:gsub("\r$", "")
      local word, rest = line:match "^#(%l+)%s*(.*)$"
      if HEAD[word] then
        local good, sentence = HEAD[word](t, rest)
        if not good then return number, nil, sentence end
      elseif columns and not line:find "^%s*#" and not line:find "^%s*$" then
        return number, line, columns
      elseif not line:find "^%s*#" and not line:find "^%s*$" then
        local found, sentence = columns_of(line)
        if not found then return number, nil, sentence end
        columns = found
      end
    end
  end
end

local MISTAKES_MOST <const> = 20

-- Reads the whole file and says what is wrong with it. -> when the last record is, mistakes
local function examine(file, name, t)
  local last, mistakes, record, any = 0, {}, {}, false
  local function wrong(number, sentence) mistakes[#mistakes + 1] = ("%s:%d: %s"):format(name, number, sentence) end
  for number, line, columns in lines_of(file, t) do
    if not line then
      wrong(number, columns)
      break
    end
    any = true
    local good, sentence = fill(record, columns, line)
    if good then good, sentence = trace.check_record(record) end
    if not good then
      wrong(number, sentence)
    elseif record.at < last then
      wrong(number, ("at = %g after %g: times must not fall"):format(record.at, last))
    else
      last = record.at
    end
    if #mistakes == MISTAKES_MOST then break end
  end
  if not any and #mistakes == 0 then mistakes[1] = name .. ": there is no record in it" end
  return last, mistakes
end

local function player(path)
  return function()
    local file = assert(io.open(path))
    local read, record = lines_of(file, { model = {}, settings = {} }), {}
    return function()
      local number, line, columns = read()
      if not number then
        file:close()
        return nil
      end
      local good, sentence = line and fill(record, columns, line), columns
      if not good then error(("%s:%d: %s"):format(path, number, sentence), 0) end
      return record
    end
  end
end

--- The trace in a file, or nil and a sentence: all mistakes, one a line, each with the file's name and its line.
function csv.read(path)
  local file, why = io.open(path)
  if file and not file:read(0) then
    why = select(2, file:read(0)) -- a directory opens, and cannot be read; an empty file gives no reason
    if why then
      file:close()
      file, why = nil, ("%s: %s"):format(path, why)
    end
  end
  if not file then return nil, ("trace %s"):format(why) end
  local t = { name = path:match "([^/]*)$", model = {}, settings = {}, records = player(path) }
  local last, mistakes = examine(file, path, t)
  file:close()
  if #mistakes > 0 then return nil, table.concat(mistakes, "\n") end
  t.duration = t.duration or math.max(1, math.ceil(last))
  local made, sentence = trace.new(t)
  return made, sentence and path .. ": " .. sentence
end

return csv
