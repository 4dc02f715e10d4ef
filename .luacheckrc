-- Which globals exist where. `make lint` runs luacheck with this file.
std = "lua54"
max_line_length = 120
color = false

local words = { "settings", "service", "inet_listener", "unix_listener", "fifo_listener", "include", "getenv", "cpus",
  "credential", "unset", "policy", "only", "all", "every", "settle", "when", "shadow", "canary", "log" }
-- every file of policies/ is a word of the config language by its name
local p = io.popen "ls policies 2>/dev/null"
for name in p:lines() do words[#words + 1] = name:match "^(.*)%.lua$" end
p:close()

-- what the sandbox leaves of Lua (src: lua/reeve/sandbox.lua)
local sandbox = { "assert", "error", "ipairs", "math", "next", "pairs", "pcall", "rawequal", "rawlen", "select",
  "setmetatable", "getmetatable", "string", "table", "tonumber", "tostring", "type", "utf8", "try", "log", "require" }

local function config_language()
  local all = {}
  for _, list in ipairs { sandbox, words } do
    for _, name in ipairs(list) do all[#all + 1] = name end
  end
  return { std = "none", read_globals = all }
end

local policies = config_language() -- the words of policies, `options` and `fair_shares`
for _, word in ipairs { "options", "fair_shares" } do policies.read_globals[#policies.read_globals + 1] = word end
files["policies"] = policies
files["conf"] = config_language()
files["conf/starter"] = config_language()
files["conf/starter/reeve.lua"] = { read_globals = { "rush" } }
files["conf/starter/spec"] = { std = "lua54+busted" }
files["examples/policies"] = config_language()
files["examples/**/reeve.lua"] = config_language()
files["examples/load-policy/reeve.lua"] = { read_globals = { "ready_when_idle" } }
files["examples/**/config.lua"] = config_language()
files["tests"] = { std = "+busted" }
files["tests/lua/config_mistakes.lua"] = { max_line_length = false } -- a table of messages as people see them
files["lua/reeve/config/synonyms.lua"] = { max_line_length = false } -- a table of words
files["lua/reeve/meta"] = { ignore = { "1", "2" } } -- declarations for editors, never run
