-- reeve-engine here --script tests/docs/main.lua DIRECTORY: writes the manual pages of docs/, their tables filled in
-- from this build, into DIRECTORY/man, and completions for three shells into DIRECTORY/completion.
package.path = "tests/docs/?.lua;lua/?.lua;" .. package.path

local mdoc, shells = require "mdoc", require "shells"
local directory = ...

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "a"
  f:close()
  return text
end

local function write(path, text)
  local f = assert(io.open(path, "w"))
  assert(f:write(text))
  f:close()
end

local p = assert(io.popen "ls docs/*.[1-8]")
for page in p:lines() do write(directory .. "/man/" .. page:match "[^/]*$", mdoc.fill(read(page))) end
p:close()
write(directory .. "/completion/reeve.bash", shells.bash())
write(directory .. "/completion/_reeve", shells.zsh())
write(directory .. "/completion/reeve.fish", shells.fish())
return 0
