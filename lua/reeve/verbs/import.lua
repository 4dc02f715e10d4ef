--- reeve import dovecot [FILE]: an existing dovecot.conf as a Reeve config, on stdout. What cannot be carried over is
-- said on stderr, a line each, and stands as a comment in its place.
-- Exit: 0, 2 doveconf refuses the file, 64 wrong usage, 66 no file.

local doveconf = require "reeve.compat.doveconf"
local import = require "reeve.compat.import"
local read_options = require "reeve.options"
local usage = require "reeve.usage"

local DEFAULT <const> = "/etc/dovecot/dovecot.conf"

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
  local tree, why = doveconf.read(real)
  if not tree then
    ctx.err(("reeve: import: doveconf does not take %s:\n%s\n"):format(file, (why:gsub("%s+$", ""))))
    return 2
  end
  local text, notes = import.config(tree, { file = real, probe = ctx.here.probe, names = ctx.here.names })
  ctx.out(text)
  for _, sentence in ipairs(notes) do ctx.err(("reeve: import: not carried over: %s\n"):format(sentence)) end
  return 0
end
