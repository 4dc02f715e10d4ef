--- reeve init DIR: a starter config, a policy of one's own with its spec, and what editors and linters need.
-- Exit: 0; 64 wrong usage, 73 a file is there already or cannot be written.

local usage = require "reeve.usage"

local FILES = { "reeve.lua", "policies/rush.lua", "spec/rush_spec.lua", ".busted", ".luarc.json", ".luacheckrc" }
local DIRECTORIES = { "", "/policies", "/spec" }

local function fail(ctx, code, sentence)
  usage.say(ctx, "init", sentence)
  return code
end

local function read(path)
  local f = io.open(path)
  if not f then return nil end
  local text = f:read "a"
  f:close()
  return text
end

-- Where our programs are: below build/ or installed, beside the engine.
local function libexec_of(own)
  local directory = own:match "^(.*)/[^/]*$"
  local built = directory .. "/examples"
  return read(built .. "/http-pool") and built or directory
end

-- Our C modules for reeve.test: beside the programs that were built, or where Lua looks for installed ones.
local function cpath_of(own)
  local built = own:match "^(.*)/[^/]*$" .. "/lua"
  return read(built .. "/reeve/pool.so") and built .. "/?.so" or own:gsub("/libexec/.*$", "") .. "/lib/lua/5.4/?.so"
end

local function quoted(names)
  local list = {}
  for i, name in ipairs(names) do list[i] = ('"%s"'):format(name) end
  return table.concat(list, ", ")
end

local function values_of(ctx, dir)
  local own = ctx.here.real "/proc/self/exe"
  local words = quoted(ctx.here.policy_names())
  return { dir = dir, lua_dir = ctx.lua_dir, libexec = libexec_of(own), cpath = cpath_of(own), words = words,
    words_json = words }
end

local function filled(template, values)
  return (template:gsub("@([%l_]+)@", values))
end

local function write(path, text)
  local f, why = io.open(path, "w")
  if not f then return nil, why end
  local ok, failed = f:write(text)
  f:close()
  return ok and true or nil, failed
end

-- Nothing that is there is touched: not even a part of the files is written then.
local function in_the_way(dir)
  for _, name in ipairs(FILES) do
    if read(dir .. "/" .. name) then return dir .. "/" .. name end
  end
end

local NEXT = [[
next:
  reeve check -c %s/reeve.lua
  reeve run -c %s/reeve.lua      then, elsewhere: reeve -b %s/run status
  cd %s && busted                tries the policy in virtual time
]]

return function(ctx, args)
  local options, words = usage.read(ctx, "init", {}, args, 1)
  if not options then return words end
  if #words == 0 then return usage.wrong(ctx, "init", "it takes a directory, which may be a new one") end
  for _, below in ipairs(DIRECTORIES) do
    local made, why = ctx.here.mkdir(words[1] .. below)
    if not made then return fail(ctx, 73, why) end
  end
  local dir = ctx.here.real(words[1])
  local there = in_the_way(dir)
  if there then return fail(ctx, 73, ("%s is there already: nothing was written"):format(there)) end
  local values = values_of(ctx, dir)
  for _, name in ipairs(FILES) do
    local template = read(("%s/../conf/starter/%s"):format(ctx.lua_dir, name))
    if not template then return fail(ctx, 72, ("%s is not installed"):format("conf/starter/" .. name)) end
    local ok, why = write(dir .. "/" .. name, filled(template, values))
    if not ok then return fail(ctx, 73, why) end
    ctx.out(("%s/%s\n"):format(dir, name))
  end
  ctx.out(NEXT:format(dir, dir, dir, dir))
  return 0
end
