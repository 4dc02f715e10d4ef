--- reeve reload: read the config again. Prints what was changed, or every error.

return require "reeve.reloading".verb("reload", false, function(text, msg)
  return (text ~= "" and text .. "\n" or "") .. ("generation %d is in force\n"):format(msg.generation)
end)
