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

-- What a command prints, and what it says on stderr; whether it was happy.
local function run(command)
  local errors = os.tmpname()
  local p = assert(io.popen(("exec %s 2>%s"):format(command, quote(errors))))
  local text = p:read "a"
  local good = p:close()
  local f = assert(io.open(errors))
  local said = f:read "a"
  f:close()
  os.remove(errors)
  return text, said, good
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

--- One value as it is, secrets too. -> text | nil
function M.secret(file, name)
  local text, _, good = run(("doveconf -c %s -P -h %s"):format(quote(file), quote(name)))
  return good and text:gsub("%s+$", "") or nil
end

return M
