--- doveconf: what `doveconf -a` prints, as a tree. Dovecot's own program reads dovecot.conf, so that every include,
-- variable and default is as its master would have it.

local M = {}

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- A value with blanks at its ends stands in quotes.
local function unquoted(value)
  local inside = value:match '^"(.*)"$'
  return inside and inside:gsub("\\(.)", "%1") or value
end

local function block(kind, title)
  return { kind = kind, title = title, values = {}, order = {}, blocks = {} }
end

--- The tree of a printed configuration: { values = { name = text }, order = { names }, blocks = { the same, with kind
-- and title } }, or nil and a sentence.
---@param text string
function M.parse(text)
  local stack, number = { block("file", "") }, 0
  for line in text:gmatch "[^\n]+" do
    number = number + 1
    local top = stack[#stack]
    local name, value = line:match "^%s*([%w_/.-]+)%s*=%s?(.*)$"
    local kind, title = line:match "^%s*([%w_]+)%s*(.-)%s*{%s*$"
    local comment = line:find "^%s*#" -- what wrote it, and warnings
    if name and not comment then
      if top.values[name] == nil then top.order[#top.order + 1] = name end
      top.values[name] = unquoted(value)
    elseif kind and not comment then
      stack[#stack + 1] = block(kind, unquoted(title))
      top.blocks[#top.blocks + 1] = stack[#stack]
    elseif line:find "^%s*}%s*$" and #stack > 1 then
      stack[#stack] = nil
    elseif not comment then
      return nil, ("line %d of what doveconf printed is not understood: %s"):format(number, line)
    end
  end
  if #stack > 1 then return nil, "what doveconf printed ends inside a block" end
  return stack[1]
end

-- What a command prints, what it says on stderr; then as close() of a pipe: true | nil, "exit" | "signal", code.
local function run(command)
  local errors = os.tmpname()
  local p = assert(io.popen(("exec %s 2>%s"):format(command, quote(errors))))
  local text = p:read "a"
  local good, how, code = p:close()
  local f = assert(io.open(errors))
  local said = f:read "a"
  f:close()
  os.remove(errors)
  return text, said, good, how, code
end

--- Runs doveconf on a file. -> tree, what it warned of | nil, what it said
---@param file string
function M.read(file)
  local text, said, good = run(("doveconf -c %s -a"):format(quote(file)))
  if not good then return nil, said ~= "" and said or "doveconf could not be run" end
  local tree, why = M.parse(text)
  return tree, tree and said or why
end

--- The tree of a dovecot.conf that says nothing: Dovecot's own defaults. -> tree | nil
function M.defaults()
  local text, _, good = run "doveconf -d -a"
  return good and M.parse(text) or nil
end

-- The file that a plan's config process reads; nil: it has none.
local function file_of(plan)
  for _, service in ipairs(plan.services) do
    if service.settings.type == "config" and service.settings.contract == "dovecot" then
      for _, text in ipairs(service.env) do
        local file = text:match "^CONFIG_FILE=(.+)$"
        if file then return file end
      end
    end
  end
end

--- What is wrong with the dovecot.conf of a plan, as a problem of reeve.config: Dovecot's programs would not start.
-- nil: nothing, or there is none, or no doveconf to ask.
function M.complaint(plan, severity)
  local file = file_of(plan)
  if not file then return nil end
  local _, said, good, _, code = run(("timeout 10 doveconf -c %s -x -h base_dir"):format(quote(file)))
  if good or code == 124 or code == 127 then return nil end
  local text = (said:match "Fatal: ([^\n]*)" or said:match "[^\n]+" or "doveconf does not take it")
  local where, line, message = text:match "^Error in configuration file (.-) line (%d+): (.*)$"
  return { file = where or file, line = tonumber(line) or 1, column = 1, severity = severity, code = "dovecot-conf",
    message = message or text, hint = "Dovecot's programs read this file and would not start" }
end

--- One value as it is, secrets too. -> text | nil
function M.secret(file, name)
  local text, _, good = run(("doveconf -c %s -P -h %s"):format(quote(file), quote(name)))
  return good and text:gsub("%s+$", "") or nil
end

return M
