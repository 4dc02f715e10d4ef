--- Which test shows which rule: docs/CONFORMANCE.md from the names of the end-to-end tests.
--   lua5.4 tests/conformance.lua            prints the document
--   lua5.4 tests/conformance.lua --check    exit 1: the document is not current, or a setting has no test
--   lua5.4 tests/conformance.lua --settings the rows, one `scope.name` a line (for make mutants)
-- A rule is a test named `it("SUBJECT.PART: rule"`, the subject a scope of spec.def or another word of the table below.

local SUBJECTS = {
  { "global", "settings { }", "Each row of `reeve settings` with what it promises." },
  { "service", "service \"…\" { }" },
  { "inet_listener", "inet_listener \"…\" { }" },
  { "unix_listener", "unix_listener \"…\" { } and fifo_listener \"…\" { }" },
  { "config", "The language of the config" },
  { "child", "What a process finds when it starts" },
  { "privileges", "Who a process is" },
  { "type", "Types of services" },
  { "log", "The log" },
  { "reload", "Reload and stop" },
  { "doveadm", "What doveadm finds in place of Dovecot's master" },
}

local HEAD = [[
# What the documentation says, and the test that shows it

Made by `make docs` from the names of the tests in tests/e2e; `make lint` fails when it is not current, or when a row of
src/spec/spec.def has no test. `make mutants` takes the effect of each row away in turn: the row's tests must then fail.
]]

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "a"
  f:close()
  return text
end

local function spec_files()
  local list, p = {}, assert(io.popen "ls tests/e2e/*_spec.lua")
  for path in p:lines() do list[#list + 1] = path end
  p:close()
  return list
end

-- subject -> list of { part, rule, file }, in the order of files and lines
local function rules()
  local found = {}
  for _, path in ipairs(spec_files()) do
    for subject, part, rule in read(path):gmatch '%f[%w]it%("([%w_]+)%.([%w_]+): ([^"]+)"' do
      found[subject] = found[subject] or {}
      table.insert(found[subject], { part = part, rule = rule, file = path })
    end
  end
  return found
end

local SCOPES = { inet = "inet_listener", path = "unix_listener" }

-- the rows of spec.def: list of { subject, name }
local function rows()
  local list = {}
  for scope, name in read "src/spec/spec.def":gmatch "\nSET%((%w+), *%w+, *([%w_]+)," do
    list[#list + 1] = { subject = SCOPES[scope] or scope, name = name }
  end
  return list
end

-- settings stand in the order of spec.def, other rules as they come
local function order(list, subject)
  local place = {}
  for i, row in ipairs(rows()) do
    if row.subject == subject then place[row.name] = i end
  end
  for i, rule in ipairs(list) do rule.place = (place[rule.part] or 0) * 1000 + i end
  table.sort(list, function(a, b) return a.place < b.place end)
end

local function document()
  local out, found = { HEAD }, rules()
  for _, subject in ipairs(SUBJECTS) do
    local list = found[subject[1]]
    if list then
      order(list, subject[1])
      out[#out + 1] = ("\n## %s\n\n%s| | rule | test |\n|---|---|---|\n"):format(subject[2],
        subject[3] and subject[3] .. "\n\n" or "")
      for _, r in ipairs(list) do
        out[#out + 1] = ("| %s | %s | %s |\n"):format(r.part, r.rule:gsub("|", "\\|"), (r.file:gsub("^tests/e2e/", "")))
      end
    end
  end
  return table.concat(out)
end

local function check()
  local good, found = true, rules()
  for _, row in ipairs(rows()) do
    local has = false
    for _, rule in ipairs(found[row.subject] or {}) do has = has or rule.part == row.name end
    if not has then
      good = false
      local name = row.subject .. "." .. row.name
      print(("setting %s has no test: write it(\"%s: …\") in tests/e2e"):format(name, name))
    end
  end
  local meta = read "lua/reeve/meta/reeve.lua"
  for _, row in ipairs(rows()) do
    if not meta:find(("---@field %s%%f[^%%w_]"):format(row.name)) then
      good = false
      print(("lua/reeve/meta/reeve.lua has no @field %s (%s)"):format(row.name, row.subject))
    end
  end
  for subject in pairs(found) do
    local known = false
    for _, s in ipairs(SUBJECTS) do known = known or s[1] == subject end
    if not known then
      good = false
      print(("tests/conformance.lua does not know the subject '%s'"):format(subject))
    end
  end
  local f = io.open "docs/CONFORMANCE.md"
  if not f or f:read "a" ~= document() then
    good = false
    print "docs/CONFORMANCE.md is not current: run make docs"
  end
  if f then f:close() end
  return good
end

if arg[1] == "--check" then os.exit(check() and 0 or 1) end
if arg[1] == "--settings" then
  for _, row in ipairs(rows()) do print(row.subject .. "." .. row.name) end
  os.exit(0)
end
io.write(document())
