--- Candidates: what a simulation compares. Each is a policy, with settings of its own if it has any.
--
-- Written on a command line as
--
--   policies/erlang.lua                  a policy file, with its default options (anything with a / or .lua)
--   erlang, erlang { target = 0.1 }      a shipped policy, and any expression of the config language that is one
--   only { fpm_dynamic { max_spare = 8 } }
--   service { process_min_avail = 8, policy = hybrid() }     with settings
--   none                                 what the settings say, and no more
--   small = service { ... }              with a name of its own
--
-- and several with commas between them. Policies are added to the built-ins unless they stand in only { }.
local policyhost = require "reeve.policyhost"
local policywords = require "reeve.policywords"
local suggest = require "reeve.suggest"

local candidates = {}

local OPENS, CLOSES = "[%(%[{]", "[%)%]}]"

--- The parts of a text between commas that stand in no brackets and no quotes.
function candidates.split(text)
  local parts, depth, from, quote = {}, 0, 1, nil
  for i = 1, #text do
    local c = text:sub(i, i)
    if quote then
      if c == quote then quote = nil end
    elseif c == '"' or c == "'" then
      quote = c
    elseif c:find(OPENS) then
      depth = depth + 1
    elseif c:find(CLOSES) then
      depth = depth - 1
    elseif c == "," and depth == 0 then
      parts[#parts + 1] = text:sub(from, i - 1)
      from = i + 1
    end
  end
  parts[#parts + 1] = text:sub(from)
  for i, part in ipairs(parts) do parts[i] = part:match "^%s*(.-)%s*$" end
  return parts
end

local is_service = setmetatable({}, { __mode = "k" })

-- What an expression may name: what policy files may, and service.
local function words(doors)
  local names = policywords.new(doors.load_policy)
  local function silent() end -- lines of a policy have no place in virtual time
  names.log = { debug = silent, info = silent, warn = silent, error = silent }
  function names.service(settings)
    local copy = {}
    for name, value in pairs(settings) do copy[name] = value end
    is_service[copy] = true
    return copy
  end
  return names
end

local function from_file(path, doors)
  local name = path:match "([^/]*)$":gsub("%.lua$", "")
  local text, why = doors.read(path)
  if not text then return nil, why and "policy " .. why or ("policy %s: no such file"):format(path) end
  local constructor, sentence = policyhost.load(text, path, doors.env(words(doors)))
  if not constructor then return nil, sentence end
  return { title = name, make = function() return constructor {} end }
end

local function is_name(text) return text:find "^[%a_][%w_]*$" ~= nil end

local function evaluate(text, doors)
  local source = is_name(text) and text .. " {}" or text
  local chunk, sentence = load("return " .. source, "=" .. text, "t", doors.env(words(doors)))
  if not chunk then return nil, sentence end
  local good, value = pcall(chunk)
  if not good then return nil, tostring(value) end
  if value == nil then return nil, ("%s: it gave nothing"):format(text) end
  return value
end

local function from_text(text, doors)
  if text == "none" then return { title = text, make = function() end } end
  if is_name(text) and not words(doors)[text] then
    local _, why = doors.load_policy(text)
    local names = doors.policy_names and doors.policy_names() or {}
    return nil, (why or ("there is no policy '%s'"):format(text)) .. suggest.hint(text, names)
  end
  local first, sentence = evaluate(text, doors)
  if first == nil then return nil, sentence end
  local settings = {}
  if is_service[first] then
    for name, value in pairs(first) do
      if name ~= "policy" then settings[name] = value end
    end
  end
  return { title = text, settings = settings, make = function()
    local value = assert(evaluate(text, doors))
    if is_service[value] then return value.policy end
    return value
  end }
end

--- One candidate: { title, settings = {name = value as in a config}, make = function() -> policy } | nil, sentence.
-- make gives a fresh policy each time. doors: read, load_policy, env (a policy's environment with more words).
function candidates.parse(text, doors)
  local title, rest = text:match "^([%w_.-]+)%s*=%s*(.+)$"
  if not title then rest = text end
  if rest == "" then return nil, "a policy is wanted between commas" end
  local made, sentence
  if rest:find "^[^%s{(]*/" or rest:find "^[^%s{(]+%.lua$" then
    made, sentence = from_file(rest, doors)
  else
    made, sentence = from_text(rest, doors)
  end
  if not made then return nil, sentence end
  made.title, made.settings = title or made.title, made.settings or {}
  local good, bug = pcall(made.make)
  if not good then return nil, tostring(bug) end
  return made
end

--- Several, with commas between them.
function candidates.list(text, doors)
  local list = {}
  for _, part in ipairs(candidates.split(text)) do
    local one, sentence = candidates.parse(part, doors)
    if not one then return nil, sentence end
    list[#list + 1] = one
  end
  return list
end

return candidates
