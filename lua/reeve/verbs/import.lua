--- reeve import dovecot [FILE]: an existing dovecot.conf as a Reeve config, on stdout. What cannot be carried over is
-- said on stderr, a line each, and stands as a comment in its place.
-- Exit: 0, 2 doveconf refuses the file, 64 wrong usage, 66 no file.

local doveconf = require "reeve.compat.doveconf"
local import = require "reeve.compat.import"
local read_options = require "reeve.options"
local usage = require "reeve.usage"

local DEFAULT <const> = "/etc/dovecot/dovecot.conf"

-- The private key that all programs read, as far as its password matters; nil: none is named.
local function key_of(file)
  local path = (doveconf.secret(file, "ssl_key") or ""):match "^<(.+)$"
  local f = path and io.open(path)
  if not f then return nil end
  local text = f:read "a"
  f:close()
  return { path = path, is_encrypted = text:find "ENCRYPTED" ~= nil,
    password = doveconf.secret(file, "ssl_key_password") or "" }
end

return function(ctx, args)
  local options, words = read_options({}, args)
  if not options then return usage.wrong(ctx, "import", words) end
  if words[1] ~= "dovecot" or words[3] then
    return usage.wrong(ctx, "import", "it takes the word dovecot, and perhaps a file")
  end
  local file = words[2] or DEFAULT
  local real = ctx.here.real(file)
  if not real then
    ctx.err(("reeve: import: there is no file %s\n"):format(file))
    return 66
  end
  local tree, said = doveconf.read(real)
  if not tree then
    ctx.err(("reeve: import: doveconf does not take %s:\n%s\n"):format(file, (said:gsub("%s+$", ""))))
    return 2
  end
  local text, notes = import.config(tree, { file = real, probe = ctx.here.probe, names = ctx.here.names,
    defaults = doveconf.defaults(), key = key_of(real) })
  ctx.out(text)
  for line in said:gmatch "[^\n]+" do ctx.err(("reeve: import: %s\n"):format(line)) end
  for _, sentence in ipairs(notes) do ctx.err(("reeve: import: not carried over: %s\n"):format(sentence)) end
  return 0
end
