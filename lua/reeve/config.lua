--- config: the config language. Evaluates the files and gives a plan, or everything that is wrong
-- with them. A text that is wrong, whatever it is, never raises an error here.

local effective = require "reeve.config.effective"
local places = require "reeve.config.places"
local problems = require "reeve.config.problems"
local schema = require "reeve.schema"
local script = require "reeve.config.script"
local language = require "reeve.config.words"

local M = { format = problems.format, summary = problems.summary }

--- "'user' is written twice": Lua keeps the last one and says nothing.
local function check_doubles(said, file)
  local map = said:map(file)
  places.each_double(map, function(node, first, second)
    local where = node.word and node.name and (" in %s '%s'"):format(node.word.value, node.name.value or "…")
      or node.word and " in " .. node.word.value or ""
    local place = map:span(second.at)
    place.file = file
    said:problem_at(place, "written-twice",
      ("'%s' is written twice%s; the first is at %s:%d:%d"):format(tostring(second.key),
      where, file, first.at.line, first.at.column), "remove one of them")
  end)
end

local STATEMENTS = { settings = true, service = true, include = true, policy = true } -- words that give nothing

--- What the field of a constructor, which is nil, should have been: message, hint.
local function nil_sentence(map, field, key, what)
  local text = field.value and map.text:sub(field.value.from, field.last.to):gsub("%s+", " ") or ""
  local word = text:match "^%a+"
  if STATEMENTS[word] then
    return ("%s stands inside %s"):format(word, what), ("write %s … outside of it"):format(word)
  end
  if #text > 40 then text = text:sub(1, 37) .. "..." end
  local name = (field.positional and "item %s" or "'%s'"):format(tostring(key))
  return ("%s in %s has no value: %s is nil"):format(name, what, text == "nil" and "it" or text),
    field.positional and "write false for nothing" or "write unset for the default"
end

--- "chroot = site.rot": a key whose value is nil is not there at all for Lua.
local function check_nils(said, record, what)
  local site = said:site(record.at)
  if not site then return end
  local map = said:map(record.at.file)
  places.each_nil(site, record.options, function(field, path)
    local place = field.value and map:span(field.value, field.last) or map:span(field.at)
    place.file = record.at.file
    said:problem_at(place, "nil-value", nil_sentence(map, field, path[#path], what))
  end)
end

--- A word that never got its { … }. Where the text has them, an error came in between, which was said.
local function check_unfinished(said)
  for _, record in ipairs(said.waiting) do
    if not record.done and not said:site(record.at) and not said:was_ended_at(record.at) then
      said:problem(record.at, "call", nil, "unfinished", record.what, record.hint)
    end
  end
end

--- What Lua would swallow.
local function check_swallowed(said)
  for _, file in ipairs(said.files) do check_doubles(said, file) end
  for _, record in ipairs(said.settings) do check_nils(said, record, "settings") end
  for _, record in ipairs(said.services) do check_nils(said, record, ("service '%s'"):format(record.name)) end
  for _, record in ipairs(said.all_listeners) do check_nils(said, record,
    ("%s '%s'"):format(record.word, record.name)) end
  check_unfinished(said)
end

--- policies/ through the policy host: text -> constructor.
local function default_load_policy(opts)
  return function(name)
    local text = type(opts.policies) == "function" and opts.policies(name)
    if not text then return nil, "no such file" end
    return require "reeve.policyhost".load(text, name, require "reeve.sandbox".policy_env())
  end
end

local function optional(name)
  local good, module = pcall(require, name)
  return good and module or nil
end

local function with_defaults(opts)
  local all = {}
  for name, value in next, opts do all[name] = value end
  all.spec = opts.spec or require "reeve.spec"
  all.env = opts.env or function(words) return require "reeve.sandbox".config_env(words, opts.now) end
  all.combinators = opts.combinators or optional "reeve.combinators"
  all.load_policy = opts.load_policy or default_load_policy(opts)
  return all
end

--- Evaluates a config.
--
-- opts: file (path of the main file) · read(path) -> text | nil, sentence · glob(pattern) -> list ·
-- names { user(name) -> uid, gid; group(name) -> gid; addresses(host) -> list | nil, sentence; ncpu();
-- getenv(name) } · spec (reeve.spec) · guard (reeve.guard; without it there is no deadline) ·
-- deadline_ms (5000) · policies: function(name) -> text | nil, or the names that load_policy knows ·
-- load_policy(name) -> constructor | nil, sentence (made of policies by default) · combinators
-- (reeve.combinators) · env(words) -> environment (reeve.sandbox.config_env) · log (for inline
-- policies) · now (what os.time() says) · base_dir (overrides the config's) · uid, gid (of the daemon; 0) ·
-- probe(path) -> "ok" | "missing" | "not executable" | nil (not known) ·
-- certificate("pair\0CERTIFICATE\0KEY" | "authorities\0FILE" | "ciphers\0LIST") -> "good" | "bad" | "not now" |
-- "unreadable" | nil, sentence (reeve.certificate) ·
-- is_check: somebody looks at the config, nothing is started: what is only dangerous is an error then
--
-- A word of a policy in a config is the constructor that load_policy gave: word(options) -> policy.
-- plan.made[policy] = { word, options, at } remembers from which word a policy value came.
--
-- The plan is { globals = { name = canonical }, origin = { name = place }, services, policy, made,
-- engine_user = "name", shown = { users and groups of settings as written } }. A service is { name,
-- settings = { name = canonical }, argv, env = { "NAME=value" } with import_environment resolved,
-- own_env, listeners in the order of their fds, policy, origin = { name = place }, at = place,
-- shown = { user, group, extra_groups as written } }.
-- Listeners: { kind = "inet", name, address, port, ssl, haproxy, reuse_port } and { kind = "unix" |
-- "fifo", name, path, mode, uid, gid } (-1: unchanged).
---@return table|nil plan
---@return table[] problems warnings with a plan, else all errors and warnings in the order of the text
function M.load(opts)
  opts = with_defaults(opts)
  local found = problems.new()
  local said = script.new(opts, found)
  said.schema = schema.new(opts.spec)
  language.install(said)
  if not said:main() then return nil, (found:sorted()) end
  local plan = said:judge(function()
    check_swallowed(said)
    return effective.plan(said, opts)
  end)
  local list, failed = found:sorted()
  if failed then return nil, list end
  return plan, list
end

return M
